// How long reclaim keeps everybody else from running.
//
// An application writes pages, at most one between two turns of the event loop, into a space four times its memory, over a store that
// takes 5 ms for each call: so the background reclaimer, the pool's write-back and reclaim inside accesses are always at work.
// What is measured is the CPU time between two turns, which is the delay that a timer or a socket would see on a machine with
// nothing else to do. (The time on the clock would also hold what the machine does for others.) Only turns in which reclaim
// looked at pages count. A step of the background reclaimer is bounded by 2 ms.

import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { ZSWAP_OPTIONS_DEFAULT, Zswap } from "@pagetier/backend-zswap";
import { createPrng, PAGE_SIZE, realScheduler, UNCHARGED } from "@pagetier/base";
import { Lz4WasmCompressor } from "@pagetier/compressor-lz4";
import { PageFrames } from "@pagetier/frames";
import { FrontswapRegistry } from "@pagetier/frontswap";
import { MemoryManager, MM_OPTIONS_DEFAULT, type MmOptions, type SwapStore } from "@pagetier/mm";
import { TwoListPolicy } from "@pagetier/policies/two-list";
import { ShrinkerRegistry } from "@pagetier/shrinker";
import { type Row, rowOf, type Suite } from "../suite.js";

const FRAMES = 1024;
const SPACE_PAGES = FRAMES * 4;
const WARM_UP = SPACE_PAGES;
const WRITES = 20_000;
/** Writes that wait at one time. */
const OUTSTANDING_MAX = 8;
const STEP_MS = 2;
const DEVICE_MS = 5;

export const pauses: Suite = {
  name: "pauses",
  summary: `CPU time between two turns of the event loop during heavy reclaim, steps of ${STEP_MS} ms, a store that takes ${DEVICE_MS} ms`,
  async run({ pages }) {
    return [
      ...(await measure("classic, hooks", pages, {})),
      ...(await measure("shrinkers alone", pages, { engine: "shrinkers", trigger: "shrinker" })),
    ];
  },
};

async function measure(name: string, pages: readonly Uint8Array[], options: Partial<MmOptions>): Promise<Row[]> {
  const memory = new PageFrames({ budgetBytes: FRAMES * PAGE_SIZE });
  const frontswap = new FrontswapRegistry({ writeThrough: false });
  const shrinkers = new ShrinkerRegistry();
  const parts = {
    capacity: Number.POSITIVE_INFINITY,
    expectedPages: FRAMES,
    prng: createPrng(1),
    accountant: UNCHARGED,
  };
  const stores = [{ store: slowStore(), priority: 0, io: "async" }] as const;
  const settings = { ...MM_OPTIONS_DEFAULT, kswapdStepNs: STEP_MS * 1e6, ...options };
  const mm = new MemoryManager(memory, frontswap, new TwoListPolicy(parts), shrinkers, stores, realScheduler, settings);
  const pool = new ZsmallocPool(memory, { chainPages: 8, classes: "kernel-6.18" });
  const zswap = { ...ZSWAP_OPTIONS_DEFAULT, shrinker: true, maxPoolPercent: 30 };
  frontswap.register(new Zswap(memory, pool, new Lz4WasmCompressor(), mm, shrinkers, realScheduler, zswap));
  await mm.open();
  const space = mm.space({ name: "data", size: SPACE_PAGES * PAGE_SIZE });
  const prng = createPrng(1);
  const turns: number[] = [];
  let outstanding = 0;
  for (let write = 0, scanned = 0; write < WARM_UP + WRITES || outstanding > 0; ) {
    const before = process.cpuUsage();
    if (write < WARM_UP + WRITES && outstanding < OUTSTANDING_MAX) {
      const page = write < WARM_UP ? write : prng.below(SPACE_PAGES);
      outstanding++;
      void space.write(page, 0, pages[write % pages.length]!).then(() => outstanding--);
      write++;
    }
    await realScheduler.turn();
    const { user, system } = process.cpuUsage(before);
    const { pagesScanned = 0 } = mm.counters();
    if (write > WARM_UP && pagesScanned > scanned) turns.push((user + system) / 1000);
    scanned = pagesScanned;
  }
  const { deviceWrites } = mm.counters();
  await mm.close();
  turns.sort((a, b) => a - b);
  const at = (share: number): number => turns[Math.min(turns.length - 1, Math.floor(turns.length * share))]!;
  return [
    rowOf(`${name}: turns with reclaim`, "count", [turns.length]),
    rowOf(`${name}: median turn`, "ms", [at(0.5)]),
    rowOf(`${name}: 99th percentile`, "ms", [at(0.99)]),
    rowOf(`${name}: 99.9th percentile`, "ms", [at(0.999)]),
    rowOf(`${name}: longest turn`, "ms", [turns.at(-1)!]),
    rowOf(`${name}: pages written to the device`, "count", [deviceWrites ?? 0]),
  ];
}

/** Memory behind a delay. */
function slowStore(): SwapStore["store"] {
  const held = new Map<number, Uint8Array>();
  const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, DEVICE_MS));
  return {
    type: "slow",
    durable: false,
    capacity: 2 ** 20,
    memoryBytes: () => 0,
    open: async () => undefined,
    readPages: async (slots, into) => {
      await wait();
      for (const [index, slot] of slots.entries()) into[index]!.set(held.get(slot)!);
      return slots.map(() => undefined);
    },
    writePages: async (slots, from) => {
      for (const [index, slot] of slots.entries()) held.set(slot, from[index]!.slice());
      await wait();
      return slots.map(() => undefined);
    },
    discard: async (slots) => {
      for (const slot of slots) held.delete(slot);
    },
    flush: async () => undefined,
    close: async () => undefined,
    counters: () => ({}),
  };
}
