// Documents for tests: small, and with every number of its own.

import type { RunDocument } from "../src/documents/run.js";

/** A run of 1000 accesses in 1 MiB, a third of whose data is in a pool; replace what a test is about. */
export function aRun(changes: Partial<RunDocument> = {}): RunDocument {
  return {
    recipe: "zswap",
    trace: "traces/t.u32",
    pages: "p.pages",
    seed: 1,
    time: "virtual",
    device: "nvme",
    thinkNs: 0,
    accesses: 1000,
    reads: 600,
    writes: 100,
    uniquePages: 300,
    verified: 700,
    mismatches: 0,
    faults: { minor: 300, major: 50, majorFrom: { pool: 30, store: 20, remote: 0 } },
    memory: { budgetBytes: 2 ** 20, peakBytes: 1_000_000, addressingBytes: 4096, holders: { resident: 200 } },
    stall: { someMs: 12.5, fullMs: 10 },
    tiers: [
      { name: "resident", kind: "memory", pages: 200, frames: 200, bytes: 819_200 },
      { name: "zswap", kind: "pool", pages: 90, frames: 30, bytes: 110_000 },
      { name: "file", kind: "store", pages: 20, frames: 0, bytes: 81_920 },
    ],
    counters: { mm: { device_writes: 40, device_reads: 20, out_of_memory: 0 }, zswap: { stores: 120 } },
    elapsedMs: 100,
    accessesPerSecond: 10_000,
    latency: {
      count: 1000,
      meanNs: 500,
      p50Ns: 128,
      p90Ns: 128,
      p99Ns: 4096,
      p999Ns: 81_920,
      maxNs: 90_000,
      buckets: [
        [128, 980],
        [4096, 18],
        [98_304, 2],
      ],
    },
    pools: {
      "frontswap.allocator": {
        frames: 30,
        objects: 90,
        storedBytes: 110_000,
        roundingBytes: 5000,
        partialBytes: 7000,
        overheadBytes: 880,
        metadataBytes: 2000,
      },
    },
    series: aSeries([0, 250, 500, 750, 1000], 20),
    ...changes,
  };
}

/** Samples whose faults from disk grow evenly to `disk`. */
export function aSeries(accesses: readonly number[], disk: number): NonNullable<RunDocument["series"]> {
  const last = accesses.at(-1)!;
  const upTo = (end: number): number[] => accesses.map((done) => (end * done) / last);
  return {
    accesses: [...accesses],
    elapsedMs: upTo(100),
    tiers: [
      { name: "resident", kind: "memory", pages: upTo(200), frames: upTo(200) },
      { name: "zswap", kind: "pool", pages: upTo(90), frames: upTo(30) },
      { name: "file", kind: "store", pages: upTo(20), frames: upTo(0) },
    ],
    faults: { minor: upTo(300), pool: upTo(30), store: upTo(disk), remote: upTo(0) },
    stall: { someMs: upTo(12.5), fullMs: upTo(10) },
    device: { reads: upTo(20), writes: upTo(40) },
  };
}

/** A run that did `disk` faults from disk, `writes` writes and waited `stallMs`. */
export function aRunWith(recipe: string, disk: number, writes: number, stallMs: number): RunDocument {
  const run = aRun();
  return {
    ...run,
    recipe,
    faults: { ...run.faults, major: disk + 30, majorFrom: { pool: 30, store: disk, remote: 0 } },
    counters: { ...run.counters, mm: { ...run.counters.mm, device_writes: writes } },
    stall: { someMs: stallMs, fullMs: stallMs },
  };
}

export const A_POOL = {
  results: [
    aPoolRow("zsmalloc", "lz4", 20, 4096, 400, 900),
    aPoolRow("zbud", "lz4", 50, 2048, 500, 1900),
    aPoolRow("zbud", "null", 120, 2048, 5000, 9000),
  ],
};

function aPoolRow(
  allocator: string,
  compressor: string,
  poolPages: number,
  metadataBytes: number,
  storeMBps: number,
  loadMBps: number,
) {
  return {
    input: "p.pages",
    allocator,
    compressor,
    pages: 100,
    storedPages: 100,
    rejectedPages: 0,
    sameFilledPages: 3,
    incompressiblePages: 0,
    compressedBytes: 60_000,
    rawBytes: 0,
    poolPages,
    metadataBytes,
    poolBytes: poolPages * 4096 + metadataBytes,
    storeMBps,
    loadMBps,
    mismatches: 0,
  };
}

export const A_POLICY = {
  trace: "traces/t.u32",
  requests: 1000,
  objects: 100,
  results: [
    { policy: "lru", capacity: 10, misses: 400, missRatio: 0.4, requestsPerSecond: 2e7 },
    { policy: "lru", capacity: 50, misses: 150, missRatio: 0.15, requestsPerSecond: 2e7 },
    { policy: "sieve", capacity: 10, misses: 300, missRatio: 0.3, requestsPerSecond: 3e7 },
    { policy: "sieve", capacity: 50, misses: 150, missRatio: 0.15, requestsPerSecond: 3e7 },
  ],
  bound: [
    { capacity: 10, misses: 200, missRatio: 0.2 },
    { capacity: 50, misses: 100, missRatio: 0.1 },
  ],
};

export const A_BENCH = {
  environment: { node: "v20" },
  results: [
    {
      suite: "pool-path",
      rows: [
        { name: "store", value: 12.5, unit: "µs", low: 12, high: 13 },
        { name: "load", value: 3.25, unit: "µs", low: 3, high: 4 },
      ],
    },
  ],
};
