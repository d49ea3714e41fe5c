// A stack put together by hand, so that the core's tests name every part they use.

import type { Zpool } from "@pagetier/allocator";
import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { Zswap, type ZswapOptions } from "@pagetier/backend-zswap";
import { createPrng, PAGE_SIZE, realScheduler, type Scheduler, UNCHARGED } from "@pagetier/base";
import type { CleancacheHook } from "@pagetier/cleancache";
import type { Compressor } from "@pagetier/compressor";
import { Lz4jsCompressor } from "@pagetier/compressor-lz4js";
import { PageFrames } from "@pagetier/frames";
import { type Frontswap, FrontswapRegistry, type SwapWriteback } from "@pagetier/frontswap";
import { TwoListPolicy } from "@pagetier/policies/two-list";
import type { EvictionPolicy } from "@pagetier/policy";
import { ShrinkerRegistry } from "@pagetier/shrinker";
import type { BackingStore } from "@pagetier/store";
import { MemoryStore } from "@pagetier/store-memory";
import { MemoryManager, MM_OPTIONS_DEFAULT, type MmOptions, type SwapStore } from "../src/index.js";

export interface RigOptions {
  readonly memory?: number;
  readonly reserveFrames?: number;
  /** `null`: no frontswap backend. */
  readonly zswap?: Partial<ZswapOptions> | null;
  /** Another backend in zswap's place. */
  readonly backend?: (writeback: SwapWriteback) => Frontswap;
  readonly pool?: (frames: PageFrames) => Zpool;
  readonly compressor?: () => Compressor;
  /** The codec of recompressed write-back. */
  readonly strong?: () => Compressor;
  readonly stores?: readonly BackingStore[];
  /** In place of `stores`, with what they say for themselves. */
  readonly swaps?: readonly SwapStore[];
  readonly io?: "now" | "async";
  readonly writeThrough?: boolean;
  readonly policy?: EvictionPolicy;
  readonly scheduler?: Scheduler;
  readonly mm?: Partial<MmOptions>;
  /** Left out: a registry without a backend. */
  readonly cleancache?: CleancacheHook;
}

export interface Rig {
  readonly frames: PageFrames;
  readonly frontswap: FrontswapRegistry;
  readonly shrinkers: ShrinkerRegistry;
  readonly policy: EvictionPolicy;
  readonly mm: MemoryManager;
  readonly zswap: Zswap | undefined;
}

export function memoryStore(pages = Number.POSITIVE_INFINITY): MemoryStore {
  return new MemoryStore({ size: pages === Number.POSITIVE_INFINITY ? "auto" : pages * PAGE_SIZE });
}

/** An open stack of 1 MiB with zswap (zsmalloc, lz4js) over a memory store, unless told otherwise. */
export async function rig(options: RigOptions = {}): Promise<Rig> {
  const reserve = options.reserveFrames === undefined ? {} : { reserveFrames: options.reserveFrames };
  const frames = new PageFrames({ budgetBytes: options.memory ?? 1 << 20, ...reserve });
  const scheduler = options.scheduler ?? realScheduler;
  const shrinkers = new ShrinkerRegistry();
  const frontswap = new FrontswapRegistry({ writeThrough: options.writeThrough ?? false });
  const policy =
    options.policy ??
    new TwoListPolicy({
      capacity: Number.POSITIVE_INFINITY,
      expectedPages: frames.total,
      prng: createPrng(1),
      accountant: UNCHARGED,
    });
  const stores =
    options.swaps ??
    (options.stores ?? [memoryStore()]).map((store) => ({ store, priority: 0, io: options.io ?? "async" }) as const);
  const settings = { ...MM_OPTIONS_DEFAULT, ...options.mm };
  const mm = new MemoryManager(frames, frontswap, policy, shrinkers, stores, scheduler, settings, options.cleancache);
  let zswap: Zswap | undefined;
  if (options.backend !== undefined) frontswap.register(options.backend(mm));
  else if (options.zswap !== null) {
    const pool = options.pool?.(frames) ?? new ZsmallocPool(frames, { chainPages: 8, classes: "kernel-6.18" });
    const compressor = options.compressor?.() ?? new Lz4jsCompressor();
    zswap = new Zswap(frames, pool, compressor, mm, shrinkers, scheduler, options.zswap ?? {}, options.strong?.());
    frontswap.register(zswap);
  }
  await mm.open();
  return { frames, frontswap, shrinkers, policy, mm, zswap };
}

/** Lets everything that is ready have its turn. */
export async function turns(count = 8): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Sends every page of the stack out of memory that can leave. */
export async function evictAll({ mm }: Rig): Promise<void> {
  await mm.shrink(Number.POSITIVE_INFINITY);
}

/** A page whose bytes depend on `seed` alone; `noise` of its bytes (0..1) are random, the rest compress well. */
export function pageOf(seed: number, noise = 0.3): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  const prng = createPrng(seed);
  page.fill(seed & 0xff);
  new DataView(page.buffer).setUint32(0, seed);
  const random = Math.floor(PAGE_SIZE * noise);
  for (let index = 8; index < Math.min(PAGE_SIZE, 8 + random); index++) page[index] = prng.u32() & 0xff;
  return page;
}
