// A zcache put together by hand, with MM's half scripted.

import type { Handle, Zpool } from "@pagetier/allocator";
import { KmallocPool } from "@pagetier/allocator-kmalloc";
import { SlubPool } from "@pagetier/allocator-slub";
import { Z3foldPool } from "@pagetier/allocator-z3fold";
import { ZbudPool } from "@pagetier/allocator-zbud";
import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { createPrng, PAGE_SIZE, realScheduler } from "@pagetier/base";
import type { Compressor } from "@pagetier/compressor";
import { createLz4Compressor } from "@pagetier/compressor-lz4";
import { PageFrames } from "@pagetier/frames";
import type { SwapWriteback } from "@pagetier/frontswap";
import { FakeSwapWriteback } from "@pagetier/frontswap/conformance";
import { type ShrinkControl, type Shrinker, ShrinkerRegistry } from "@pagetier/shrinker";
import { ZCACHE_OPTIONS_DEFAULT, Zcache, type ZcacheOptions } from "../src/index.js";

export type MakePool = (frames: PageFrames) => Zpool;

/** Every allocator beneath. */
export const POOLS: Readonly<Record<string, MakePool>> = {
  zbud: (frames) => new ZbudPool(frames),
  z3fold: (frames) => new Z3foldPool(frames, { cpus: 1 }),
  zsmalloc: (frames) => new ZsmallocPool(frames, { chainPages: 4, classes: "kernel-6.18" }),
  slub: (frames) => new SlubPool(frames, { classBytes: 64, cpus: 1 }),
  kmalloc: (frames) => new KmallocPool(frames),
};

export interface BedOptions {
  readonly memory?: number;
  readonly zcache?: Partial<ZcacheOptions>;
  readonly pool?: MakePool;
  readonly compressor?: Compressor;
  /** Default: the bed's own fake. */
  readonly writeback?: SwapWriteback;
}

export interface Bed {
  readonly frames: PageFrames;
  readonly persistentPool: Zpool;
  readonly ephemeralPool: Zpool;
  readonly writeback: FakeSwapWriteback;
  readonly shrinkers: ShrinkerRegistry;
  readonly zcache: Zcache;
}

/** A zcache in 1 MiB of memory: 240 frames, of which its pools may hold half unless told otherwise. */
export function bed(options: BedOptions = {}): Bed {
  const frames = new PageFrames({ budgetBytes: options.memory ?? 1 << 20 });
  const make = options.pool ?? POOLS.zsmalloc!;
  const persistentPool = make(frames);
  const ephemeralPool = make(frames);
  const writeback = new FakeSwapWriteback();
  const shrinkers = new ShrinkerRegistry();
  const zcache = new Zcache(
    frames,
    persistentPool,
    ephemeralPool,
    options.compressor ?? createLz4Compressor({ engine: "js" }),
    options.writeback ?? writeback,
    shrinkers,
    realScheduler,
    createPrng(1),
    { ...ZCACHE_OPTIONS_DEFAULT, ...options.zcache },
  );
  zcache.frontswap.init(0);
  return { frames, persistentPool, ephemeralPool, writeback, shrinkers, zcache };
}

/** A pool of 60 frames: kits fill it, and look at all of it after every step. */
export const SMALL: Partial<ZcacheOptions> = { maxPoolPercent: 25 };

/** A page that depends on `seed` alone and of which `random` bytes do not compress. */
export function pageOf(seed: number, random = 1000): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  const prng = createPrng(seed);
  for (let index = 0; index < random; index++) page[index] = 1 + prng.below(255);
  return page;
}

/** A page that does not compress. */
export const noise = (seed: number): Uint8Array => pageOf(seed, PAGE_SIZE);

/** Lets background work have its turns. */
export async function turns(count = 8): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** What reclaim asks of a shrinker when memory is nearly out. */
export function controlOf(nrToScan: number, mayIo = true, priority = 0): ShrinkControl {
  return { nrToScan, priority, mayIo, mayFs: mayIo, nrScanned: nrToScan, framesFreed: 0, submitted: 0 };
}

/** Asks a shrinker to look at so many zpages, if it offers any. */
export function press(shrinker: Shrinker, zpages: number, mayIo = true): ShrinkControl {
  const control = controlOf(zpages, mayIo);
  if (shrinker.countObjects(control) > 0) shrinker.scanObjects(control);
  return control;
}

/** A pool that remembers which object was read last, can damage one, and refuses when it is told to. */
export class WatchedPool extends ZsmallocPool {
  lastRead: Handle | undefined;
  /** Calls of `malloc` until one is refused; then all are. */
  mallocsLeft = Number.POSITIVE_INFINITY;

  constructor(frames: PageFrames) {
    super(frames, { chainPages: 4, classes: "kernel-6.18" });
  }

  override malloc(size: number): Handle {
    if (this.mallocsLeft === 0) return 0 as Handle;
    this.mallocsLeft--;
    return super.malloc(size);
  }

  override read(handle: Handle, target: Uint8Array, start: number): number {
    this.lastRead = handle;
    return super.read(handle, target, start);
  }

  override readAround(handle: Handle, target: Uint8Array): number {
    this.lastRead = handle;
    return super.readAround(handle, target);
  }

  damage(handle: Handle): void {
    this.write(handle, new Uint8Array(PAGE_SIZE).fill(0xff), 0, this.sizeOf(handle));
  }
}
