// What it costs to make room among compressed clean pages: the orders in which zcache throws them away, on every allocator.
//
// A page cache of a tenth of the trace's pages (LRU) has behind it a zcache with room for half as many frames. A miss asks
// zcache, then the file; what leaves the page cache is put into zcache, which must throw others away. Nothing is timed: the
// same trace and pages give the same numbers. Between a floor (no zcache) and a ceiling (one that keeps everything).

import type { Zpool } from "@pagetier/allocator";
import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { EVICTION_ORDERS, type EvictionOrderName, ZCACHE_OPTIONS_DEFAULT, Zcache } from "@pagetier/backend-zcache";
import { assert, type Counters, createPrng, PAGE_SIZE, realScheduler } from "@pagetier/base";
import { createLz4Compressor } from "@pagetier/compressor-lz4";
import { PageFrames } from "@pagetier/frames";
import type { SwapWriteback } from "@pagetier/frontswap";
import { LruPolicy } from "@pagetier/policies";
import { ShrinkerRegistry } from "@pagetier/shrinker";
import { type Row, rowOf, type Suite, type SuiteInput } from "../suite.js";
import { ALLOCATORS as FIVE } from "./churn-history.js";
import { idsOf } from "./trace-ids.js";

/** The five, and zsmalloc with groups of two frames, which fewer zpages must leave before one is free. */
export const ALLOCATORS: Readonly<Record<string, (frames: PageFrames) => Zpool>> = {
  ...FIVE,
  "zsmalloc, chainPages 2": (frames) => new ZsmallocPool(frames, { chainPages: 2, classes: "kernel-6.18" }),
};

/** Frames of the page cache, and of zcache, as shares of the pages of the trace. */
const CACHE_SHARE = 0.1;
const POOL_SHARE = 0.05;
const NO_SWAP: SwapWriteback = {
  claim: () => "noMemory",
  release: () => undefined,
  submit: () => undefined,
  flush: () => Promise.resolve(),
  track: (work) => work,
};

/** A trace of dense page numbers, and what its pages hold. */
export interface Workload {
  readonly ids: Uint32Array;
  readonly objects: number;
  readonly contents: readonly Uint8Array[];
}

/** What one order did on one allocator. */
export interface OrderResult {
  readonly allocator: string;
  readonly order: EvictionOrderName;
  readonly compaction: boolean;
  /** Requests that neither cache could serve. */
  readonly fileReads: number;
  readonly zpagesThrownAway: number;
  /** Frames that came back by that, and by compaction. */
  readonly framesFreed: number;
  readonly wantedAgain: number;
}

/** Replays a workload through a page cache and a zcache of so many frames. */
export function replayOrder(
  { ids, objects, contents }: Workload,
  allocator: string,
  order: EvictionOrderName,
  compaction: boolean,
): OrderResult {
  const poolFrames = Math.max(32, Math.round(objects * POOL_SHARE));
  const { zcache, limit } = zcacheOf(poolFrames, ALLOCATORS[allocator]!, order, compaction);
  const { cleancache } = zcache;
  const fs = cleancache.initFs();
  const policy = new LruPolicy({ capacity: Math.max(1, Math.round(objects * CACHE_SHARE)) });
  const into = new Uint8Array(PAGE_SIZE);
  const contentOf = (id: number): Uint8Array => contents[id % contents.length]!;
  let fileReads = 0;
  for (const id of ids) {
    if (policy.has(id)) {
      policy.hit(id);
      continue;
    }
    if (cleancache.getPage(fs, 1, id, into) !== "hit") fileReads++;
    else assert(Buffer.compare(into, contentOf(id)) === 0, "a page that was compressed comes back");
    const left = policy.admit(id);
    if (left >= 0) cleancache.putPage(fs, 1, left, contentOf(left), true);
    assert(cleancache.poolFrames() <= limit, "the pool keeps to its limit");
  }
  cleancache.verify();
  const counters: Counters = cleancache.counters();
  return {
    allocator,
    order,
    compaction,
    fileReads,
    zpagesThrownAway: counters.evictedEphZpages!,
    framesFreed: counters.evictedEphPageframes! + counters.compactedEphFrames!,
    wantedAgain: counters.evictedEphWantedAgain!,
  };
}

/** Every order on every allocator, and what compaction is worth where single zpages go. */
export function replayOrders(workload: Workload): OrderResult[] {
  return Object.keys(ALLOCATORS).flatMap((allocator) => [
    ...EVICTION_ORDERS.map((order) => replayOrder(workload, allocator, order, true)),
    replayOrder(workload, allocator, "object-lru", false),
  ]);
}

/** Requests that the page cache alone cannot serve, and that nothing could. */
export function bounds({ ids, objects }: Workload): { readonly floor: number; readonly ceiling: number } {
  const policy = new LruPolicy({ capacity: Math.max(1, Math.round(objects * CACHE_SHARE)) });
  let floor = 0;
  for (const id of ids) {
    if (policy.has(id)) policy.hit(id);
    else {
      floor++;
      policy.admit(id);
    }
  }
  return { floor, ceiling: objects };
}

export const evictionOrders: Suite = {
  name: "eviction",
  summary: "zpages thrown away per frame freed, how many are wanted again, and file reads, by order and allocator",
  async run({ pages, trace }: SuiteInput): Promise<Row[]> {
    const workload: Workload = { ...(await idsOf(trace)), contents: pages };
    const { floor, ceiling } = bounds(workload);
    const perThousand = (count: number): number => (1000 * count) / workload.ids.length;
    const rows = [rowOf("file reads without zcache", "per 1000", [perThousand(floor)])];
    for (const result of replayOrders(workload)) {
      const name = `${result.allocator}, ${result.order}${result.compaction ? "" : " without compaction"}`;
      rows.push(
        rowOf(
          `${name}: thrown away`,
          "zpages/frame",
          [result.zpagesThrownAway / Math.max(1, result.framesFreed)],
          "lower",
        ),
        rowOf(
          `${name}: wanted again`,
          "%",
          [(100 * result.wantedAgain) / Math.max(1, result.zpagesThrownAway)],
          "lower",
        ),
        rowOf(`${name}: file reads`, "per 1000", [perThousand(result.fileReads)], "lower"),
      );
    }
    rows.push(rowOf("file reads with room for everything", "per 1000", [perThousand(ceiling)]));
    return rows;
  },
};

function zcacheOf(
  poolFrames: number,
  make: (frames: PageFrames) => Zpool,
  order: EvictionOrderName,
  compaction: boolean,
): { readonly zcache: Zcache; readonly limit: number } {
  // The memory is larger than the pool by tables and reserves; the limit is what the pool may have of it.
  const frames = new PageFrames({ budgetBytes: 4 * poolFrames * PAGE_SIZE + (4 << 20) });
  const maxPoolPercent = (100 * poolFrames) / frames.total;
  const zcache = new Zcache(
    frames,
    make(frames),
    make(frames),
    createLz4Compressor({ engine: "auto" }),
    NO_SWAP,
    new ShrinkerRegistry(),
    realScheduler,
    createPrng(1),
    { ...ZCACHE_OPTIONS_DEFAULT, order, compaction, maxPoolPercent },
  );
  return { zcache, limit: poolFrames };
}
