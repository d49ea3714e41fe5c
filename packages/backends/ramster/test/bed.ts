// A RAMster put together by hand: MM's half and the other machines scripted.

import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { createPrng, PAGE_SIZE, realScheduler, type Scheduler } from "@pagetier/base";
import { createLz4Compressor } from "@pagetier/compressor-lz4";
import { PageFrames } from "@pagetier/frames";
import type { SwapWriteback } from "@pagetier/frontswap";
import { FakeSwapWriteback } from "@pagetier/frontswap/conformance";
import { type ShrinkControl, ShrinkerRegistry } from "@pagetier/shrinker";
import type { RemoteMemory } from "@pagetier/tmem";
import { FakeRemoteMemory } from "@pagetier/tmem/conformance";
import { RAMSTER_OPTIONS_DEFAULT, Ramster, type RamsterOptions } from "../src/index.js";

export interface BedOptions {
  readonly memory?: number;
  readonly ramster?: Partial<RamsterOptions>;
  readonly remote?: RemoteMemory;
  readonly writeback?: SwapWriteback;
  readonly scheduler?: Scheduler;
}

export interface Bed {
  readonly frames: PageFrames;
  readonly pool: ZsmallocPool;
  readonly remote: FakeRemoteMemory;
  readonly writeback: FakeSwapWriteback;
  readonly shrinkers: ShrinkerRegistry;
  readonly ramster: Ramster;
}

/** A RAMster in 1 MiB of memory, whose pool may hold about 40 frames, and two machines with room for 1000 pages each. */
export function bed(options: BedOptions = {}): Bed {
  const frames = new PageFrames({ budgetBytes: options.memory ?? 1 << 20 });
  const pool = new ZsmallocPool(frames, { chainPages: 4, classes: "kernel-6.18" });
  const remote = new FakeRemoteMemory({ nodes: 2, pagesMax: 1000 });
  const writeback = new FakeSwapWriteback();
  const shrinkers = new ShrinkerRegistry();
  const ramster = new Ramster(
    frames,
    pool,
    createLz4Compressor({ engine: "js" }),
    options.remote ?? remote,
    options.writeback ?? writeback,
    shrinkers,
    options.scheduler ?? realScheduler,
    { ...RAMSTER_OPTIONS_DEFAULT, fetchTimeoutMs: 50, ...options.ramster },
  );
  return { frames, pool, remote, writeback, shrinkers, ramster };
}

export function shrinkControl(nrToScan: number, priority = 6, mayIo = true): ShrinkControl {
  return { nrToScan, priority, mayIo, mayFs: true, nrScanned: nrToScan, framesFreed: 0, submitted: 0 };
}

/** A page that compresses to about half. */
export function pageOf(seed: number): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  const prng = createPrng(seed);
  for (let index = 0; index < PAGE_SIZE / 2; index++) page[index] = 1 + prng.below(255);
  return page;
}

/** Lets everything have its turn that is ready or becomes so. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
