// What every cell reports: the measured part only, warm-up left out.

import type { StackStats } from "pagetier";
import type { Metrics } from "./experiment.js";
import type { InstrumentCounts } from "./instruments.js";

export interface Metric {
  readonly label: string;
  readonly unit: string;
  /** Which way is better; `neither` explains and does not judge. */
  readonly better: "lower" | "higher" | "neither";
}

export const METRICS: Readonly<Record<string, Metric>> = {
  majorFaults: { label: "major faults", unit: "", better: "lower" },
  poolFaults: { label: "faults from the pool", unit: "", better: "neither" },
  storeFaults: { label: "faults from the device", unit: "", better: "lower" },
  remoteFaults: { label: "faults from remote memory", unit: "", better: "neither" },
  readBytes: { label: "read from the device", unit: "B", better: "lower" },
  writtenBytes: { label: "written to the device", unit: "B", better: "lower" },
  lostMs: { label: "time lost to memory", unit: "ms", better: "lower" },
  someMs: { label: "stall, some", unit: "ms", better: "lower" },
  fullMs: { label: "stall, full", unit: "ms", better: "lower" },
  directMs: { label: "direct reclaim", unit: "ms", better: "lower" },
  synchronousMs: { label: "reclaim inside an access", unit: "ms", better: "lower" },
  elapsedMs: { label: "time", unit: "ms", better: "lower" },
  p99Us: { label: "access, 99th percentile", unit: "µs", better: "lower" },
  p999Us: { label: "access, 99.9th percentile", unit: "µs", better: "lower" },
  maxUs: { label: "longest access", unit: "µs", better: "lower" },
  compressions: { label: "compressions", unit: "", better: "lower" },
  decompressions: { label: "decompressions", unit: "", better: "neither" },
  codecMs: { label: "codec time", unit: "ms", better: "lower" },
  peakFrames: { label: "frames in use, peak", unit: "", better: "neither" },
  poolFrames: { label: "frames of pools, at the end", unit: "", better: "neither" },
  poolPages: { label: "pages in pools, at the end", unit: "", better: "higher" },
  pagesPerFrame: { label: "pages per frame of the pool", unit: "", better: "higher" },
  poolFramesMean: { label: "frames of pools, mean", unit: "", better: "neither" },
  poolFramesSwing: { label: "swing of the pool, standard deviation over mean", unit: "", better: "lower" },
  poolFramesDrift: { label: "drift of the pool, first to last quarter over mean", unit: "", better: "lower" },
  evictions: { label: "evictions", unit: "", better: "lower" },
  victimRank: { label: "rank of victims (0 is Belady's choice, 0.5 random)", unit: "", better: "lower" },
  wantedSoon: { label: "evictions wanted again soon", unit: "share", better: "lower" },
  inversions: { label: "device reads newer than the pool's coldest page", unit: "share", better: "lower" },
  writesUsed: { label: "writes read back", unit: "pages", better: "neither" },
  writesDirtied: { label: "writes in vain: written to again", unit: "pages", better: "lower" },
  writesFreed: { label: "writes in vain: freed", unit: "pages", better: "lower" },
  writesCopied: { label: "writes of pages still in memory or pool", unit: "pages", better: "lower" },
  writesUnwanted: { label: "writes not wanted yet", unit: "pages", better: "neither" },
  thrownPerFrame: { label: "zpages thrown away per frame freed", unit: "", better: "lower" },
  thrownWanted: { label: "zpages thrown away and wanted again", unit: "share", better: "lower" },
  unusedShare: { label: "memory unused, mean", unit: "share", better: "lower" },
  pressedPasses: { label: "passes at priority 6 or less", unit: "share", better: "lower" },
  scannedPerStolen: { label: "pages looked at per page that left", unit: "", better: "lower" },
  outOfMemory: { label: "accesses refused for lack of memory", unit: "", better: "lower" },
  mismatches: { label: "pages with other bytes than were written", unit: "", better: "lower" },
  memoryPages: { label: "memory", unit: "pages", better: "neither" },
};

const PAGE_SIZE = 4096;

/** Sums a counter over the parts that have it. */
function total(stats: StackStats, name: string): number {
  let sum = 0;
  for (const counters of Object.values(stats.counters)) sum += counters[name] ?? 0;
  return sum;
}

/** Frames and pages of pools now. */
export function poolNow(stats: StackStats): { readonly frames: number; readonly pages: number } {
  let frames = 0;
  let pages = 0;
  for (const tier of stats.tiers) {
    if (tier.kind !== "pool") continue;
    frames += tier.frames;
    pages += tier.pages;
  }
  return { frames, pages };
}

export interface Measured {
  /** At the end of the warm-up, and at the end. */
  readonly before: StackStats;
  readonly after: StackStats;
  readonly instruments: InstrumentCounts;
  readonly elapsedMs: number;
  readonly latencyNs: { readonly p99: number; readonly p999: number; readonly max: number };
  readonly mismatches: number;
  readonly poolFrames: readonly number[];
  /** Share of memory that nobody held, at the same moments. */
  readonly unused: readonly number[];
  readonly memoryPages: number;
}

export function metricsOf(measured: Measured): Metrics {
  const { before, after, instruments, latencyNs, poolFrames } = measured;
  const grown = (name: string): number => total(after, name) - total(before, name);
  const from = (tier: "pool" | "store" | "remote"): number =>
    after.faults.majorFrom[tier] - before.faults.majorFrom[tier];
  const poolMean = mean(poolFrames);
  const stolen = grown("pagesStolen");
  return {
    majorFaults: after.faults.major - before.faults.major,
    poolFaults: from("pool"),
    storeFaults: from("store"),
    remoteFaults: from("remote"),
    readBytes:
      (grown("deviceReads") - grown("deviceReadRecords") + grown("fileReads")) * PAGE_SIZE +
      grown("deviceReadRecordBytes"),
    writtenBytes: (grown("deviceWrites") + grown("fileWrites")) * PAGE_SIZE + grown("deviceWriteRecordBytes"),
    someMs: after.stall.someMs - before.stall.someMs,
    fullMs: after.stall.fullMs - before.stall.fullMs,
    directMs: grown("directReclaimNs") / 1e6,
    synchronousMs: grown("synchronousReclaimNs") / 1e6,
    elapsedMs: measured.elapsedMs,
    p99Us: latencyNs.p99 / 1000,
    p999Us: latencyNs.p999 / 1000,
    maxUs: latencyNs.max / 1000,
    compressions: grown("compressions"),
    decompressions: grown("decompressions"),
    codecMs: grown("codecNs") / 1e6,
    peakFrames: Math.ceil(after.memory.peakBytes / PAGE_SIZE),
    poolFrames: poolNow(after).frames,
    poolPages: poolNow(after).pages,
    pagesPerFrame: share(poolNow(after).pages, poolNow(after).frames),
    poolFramesMean: poolMean,
    poolFramesSwing: poolMean === 0 ? 0 : deviation(poolFrames) / poolMean,
    poolFramesDrift: poolMean === 0 ? 0 : drift(poolFrames) / poolMean,
    evictions: instruments.evictions,
    victimRank: share(instruments.rankSum, instruments.ranked),
    wantedSoon: share(instruments.wantedSoon, instruments.evictions),
    inversions: share(instruments.inversions, instruments.storeFaults),
    writesUsed: instruments.writesUsed,
    writesDirtied: instruments.writesDirtied,
    writesFreed: instruments.writesFreed,
    writesCopied: instruments.writesCopied,
    writesUnwanted: instruments.writesUnwanted,
    // Frames come back as zpages go, or as compaction moves together what is left of them.
    thrownPerFrame: share(grown("evictedEphZpages"), grown("evictedEphPageframes") + grown("compactedEphFrames")),
    thrownWanted: share(grown("evictedEphWantedAgain"), grown("evictedEphZpages")),
    unusedShare: mean(measured.unused),
    pressedPasses: pressed(grown),
    scannedPerStolen: share(grown("pagesScanned"), stolen),
    outOfMemory: grown("outOfMemory"),
    mismatches: measured.mismatches,
    memoryPages: measured.memoryPages,
  };
}

/** Reclaim begins at priority 12; at 6 a pass looks at 1/64 of a list. */
function pressed(grown: (name: string) => number): number {
  let all = 0;
  let urgent = 0;
  for (let priority = 0; priority <= 12; priority++) {
    const passes = grown(`passesAtPriority${priority}`);
    all += passes;
    if (priority <= 6) urgent += passes;
  }
  return share(urgent, all);
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** How far the means of the first and the last quarter lie apart. */
function drift(values: readonly number[]): number {
  const quarter = Math.ceil(values.length / 4);
  return Math.abs(mean(values.slice(-quarter)) - mean(values.slice(0, quarter)));
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}
