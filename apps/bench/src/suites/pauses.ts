// How long reclaim keeps everybody else from running.
//
// An application writes pages, at most one between two turns of the event loop, into a space four times its memory, over a store that
// takes 5 ms for each call: so the background reclaimer, the pool's write-back and reclaim inside accesses are always at work.
// A step of reclaim is bounded by 2 ms; a turn holds several at most (one inside the access, one for those that wait, one of the
// background reclaimer, one of the pool). Only turns in which reclaim looked at pages count, and as many are waited for as a
// 99.9th percentile needs.
//
// Each turn is measured twice. Its CPU time is the delay that a timer or a socket would see on a machine with nothing else
// to do; V8's helper threads count, so it says rather too much. Its time on the clock holds what the machine did for others as well.
// Of the CPU time of turns in which garbage was collected the collections are also taken off, for what is left is reclaim's.

import { PerformanceObserver, performance } from "node:perf_hooks";
import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { ZSWAP_OPTIONS_DEFAULT, Zswap } from "@pagetier/backend-zswap";
import { createPrng, PAGE_SIZE, realScheduler, UNCHARGED } from "@pagetier/base";
import { Lz4WasmCompressor } from "@pagetier/compressor-lz4";
import { PageFrames } from "@pagetier/frames";
import { FrontswapRegistry } from "@pagetier/frontswap";
import { MemoryManager, MM_OPTIONS_DEFAULT, type MmOptions, type SwapStore } from "@pagetier/mm";
import { TwoListPolicy } from "@pagetier/policies/two-list";
import { ShrinkerRegistry } from "@pagetier/shrinker";
import { quantile } from "../statistics.js";
import { type Row, rowOf, type Suite } from "../suite.js";

const FRAMES = 1024;
const SPACE_PAGES = FRAMES * 4;
const WARM_UP = SPACE_PAGES;
/** Turns with reclaim that are measured: five lie above the 99.9th percentile. */
const TURNS = 5_000;
/** Writes that wait at one time: more than a cluster, so that the slow store does not set the pace. */
const OUTSTANDING_MAX = 64;
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
  const turns: Turn[] = [];
  const collections: Collection[] = [];
  const watch = new PerformanceObserver((list) => collections.push(...list.getEntries()));
  watch.observe({ entryTypes: ["gc"] });
  let outstanding = 0;
  for (let write = 0, scanned = 0; turns.length < TURNS || outstanding > 0; ) {
    const start = performance.now();
    const before = process.cpuUsage();
    if (turns.length < TURNS && outstanding < OUTSTANDING_MAX) {
      const page = write < WARM_UP ? write : prng.below(SPACE_PAGES);
      outstanding++;
      void space.write(page, 0, pages[write % pages.length]!).then(() => outstanding--);
      write++;
    }
    await realScheduler.turn();
    const { user, system } = process.cpuUsage(before);
    const wallMs = performance.now() - start;
    const { pagesScanned = 0 } = mm.counters();
    if (write > WARM_UP && pagesScanned > scanned) turns.push({ start, wallMs, cpuMs: (user + system) / 1000 });
    scanned = pagesScanned;
  }
  const { deviceWrites } = mm.counters();
  await mm.close();
  watch.disconnect();
  const reclaimMs = turns.map((turn) => Math.max(0, turn.cpuMs - collectedMs(turn, collections)));
  const cpuMs = turns.map((turn) => turn.cpuMs);
  const wallMs = turns.map((turn) => turn.wallMs);
  return [
    rowOf(`${name}: turns with reclaim`, "count", [turns.length]),
    rowOf(`${name}: median turn, CPU`, "ms", [quantile(cpuMs, 0.5)]),
    rowOf(`${name}: 99th percentile, CPU`, "ms", [quantile(cpuMs, 0.99)]),
    rowOf(`${name}: 99.9th percentile, CPU`, "ms", [quantile(cpuMs, 0.999)]),
    rowOf(`${name}: 99.9th percentile, CPU without garbage collection`, "ms", [quantile(reclaimMs, 0.999)]),
    rowOf(`${name}: 99.9th percentile, on the clock`, "ms", [quantile(wallMs, 0.999)]),
    rowOf(`${name}: longest turn, CPU`, "ms", [Math.max(...cpuMs)]),
    rowOf(`${name}: pages written to the device`, "count", [deviceWrites ?? 0]),
  ];
}

/** One turn of the event loop in which reclaim looked at pages. */
interface Turn {
  readonly start: number;
  readonly wallMs: number;
  readonly cpuMs: number;
}

interface Collection {
  readonly startTime: number;
  readonly duration: number;
}

/** Milliseconds of a turn in which garbage was collected. Collections are in the order of time. */
function collectedMs({ start, wallMs }: Turn, collections: readonly Collection[]): number {
  const end = start + wallMs;
  let ms = 0;
  for (const { startTime, duration } of collections) {
    if (startTime > end) break;
    ms += Math.max(0, Math.min(end, startTime + duration) - Math.max(start, startTime));
  }
  return ms;
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
