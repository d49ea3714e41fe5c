// A zswap put together by hand, with MM's half scripted.

import type { Handle, Zpool } from "@pagetier/allocator";
import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { createPrng, PAGE_SIZE, realScheduler } from "@pagetier/base";
import type { Compressor } from "@pagetier/compressor";
import { createLz4Compressor } from "@pagetier/compressor-lz4";
import { PageFrames } from "@pagetier/frames";
import type { SwapWriteback } from "@pagetier/frontswap";
import { FakeSwapWriteback } from "@pagetier/frontswap/conformance";
import { type ShrinkControl, ShrinkerRegistry } from "@pagetier/shrinker";
import { Zswap, type ZswapOptions } from "../src/index.js";

export interface BedOptions {
  readonly memory?: number;
  readonly zswap?: Partial<ZswapOptions>;
  readonly pool?: (frames: PageFrames) => Zpool;
  readonly compressor?: Compressor;
  /** The codec of recompressed write-back. */
  readonly strong?: Compressor;
  /** Whether the fake has records. Default `true`. */
  readonly records?: boolean;
  /** Default: the bed's own fake. */
  readonly writeback?: SwapWriteback;
}

export interface Bed {
  readonly frames: PageFrames;
  readonly pool: Zpool;
  readonly writeback: FakeSwapWriteback;
  readonly shrinkers: ShrinkerRegistry;
  readonly zswap: Zswap;
}

/** A zswap in 1 MiB of memory: 240 frames, of which the pool may hold 48 unless told otherwise. */
export function bed(options: BedOptions = {}): Bed {
  const frames = new PageFrames({ budgetBytes: options.memory ?? 1 << 20 });
  const pool = options.pool?.(frames) ?? new ZsmallocPool(frames, { chainPages: 4, classes: "kernel-6.18" });
  const writeback = new FakeSwapWriteback({ records: options.records ?? true });
  const shrinkers = new ShrinkerRegistry();
  const compressor = options.compressor ?? createLz4Compressor({ engine: "js" });
  const zswap = new Zswap(
    frames,
    pool,
    compressor,
    options.writeback ?? writeback,
    shrinkers,
    realScheduler,
    {
      ...options.zswap,
    },
    options.strong,
  );
  zswap.init(0);
  return { frames, pool, writeback, shrinkers, zswap };
}

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

/** A pool that remembers which object was read last, and can damage one. */
export class WatchedPool extends ZsmallocPool {
  lastRead: Handle | undefined;

  constructor(frames: PageFrames) {
    super(frames, { chainPages: 4, classes: "kernel-6.18" });
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
