// What runs are compared by. One list: the table, the sentences and the facts take their numbers from here.

import { PAGE_SIZE } from "@pagetier/base";
import type { Format } from "../chart/chart.js";
import type { RunDocument } from "../documents/run.js";

export interface Measure {
  /** As a row of a table. */
  readonly label: string;
  readonly format: Format;
  /** `undefined` where a run has no such thing. */
  of(run: RunDocument): number | undefined;
  /** Whether a smaller or a larger number is better; left out where neither is. */
  readonly better?: "less" | "more";
}

export const diskFaults: Measure = {
  label: "Faults served from disk",
  format: "count",
  better: "less",
  of: ({ faults }) => faults.majorFrom.store,
};

export const poolFaults: Measure = {
  label: "Faults served from compressed memory",
  format: "count",
  of: ({ faults }) => faults.majorFrom.pool,
};

export const remoteFaults: Measure = {
  label: "Faults served from another machine",
  format: "count",
  of: ({ faults }) => faults.majorFrom.remote,
};

export const deviceReads: Measure = {
  label: "Pages read from disk",
  format: "count",
  better: "less",
  of: ({ counters }) => (counters.mm?.device_reads ?? 0) + (counters.mm?.file_reads ?? 0),
};

export const deviceWrites: Measure = {
  label: "Pages written to disk",
  format: "count",
  better: "less",
  of: ({ counters }) => (counters.mm?.device_writes ?? 0) + (counters.mm?.file_writes ?? 0),
};

export const someStall: Measure = {
  label: "Time in which some access waited for memory",
  format: "milliseconds",
  better: "less",
  of: ({ stall }) => stall.someMs,
};

export const fullStall: Measure = {
  label: "Time in which nothing else got done",
  format: "milliseconds",
  better: "less",
  of: ({ stall }) => stall.fullMs,
};

export const elapsed: Measure = {
  label: "Time of the whole run",
  format: "milliseconds",
  better: "less",
  of: ({ elapsedMs }) => elapsedMs,
};

export const speed: Measure = {
  label: "Accesses per second",
  format: "count",
  better: "more",
  of: ({ accessesPerSecond }) => accessesPerSecond,
};

export const pooledPages: Measure = {
  label: "Data in the pool at the end",
  format: "bytes",
  of: (run) => (hasPool(run) ? poolOf(run).pages * PAGE_SIZE : undefined),
};

export const poolMemory: Measure = {
  label: "Memory that takes",
  format: "bytes",
  of: (run) => (hasPool(run) ? poolOf(run).frames * PAGE_SIZE : undefined),
};

export const density: Measure = {
  label: "Data per memory of the pool",
  format: "ratio",
  better: "more",
  of(run) {
    const { pages, frames } = poolOf(run);
    return frames > 0 ? pages / frames : undefined;
  },
};

export const peakMemory: Measure = {
  label: "Most memory in use",
  format: "bytes",
  of: ({ memory }) => memory.peakBytes,
};

export const budget: Measure = {
  label: "Memory allowed",
  format: "bytes",
  of: ({ memory }) => memory.budgetBytes,
};

export const addressing: Measure = {
  label: "Page tables and maps beside it",
  format: "bytes",
  of: ({ memory }) => memory.addressingBytes,
};

export const verified: Measure = {
  label: "Pages read back and equal",
  format: "count",
  of: (run) => run.verified,
};

export const mismatches: Measure = {
  label: "Pages read back and different",
  format: "count",
  better: "less",
  of: (run) => run.mismatches,
};

/** In the order in which a table shows them. */
export const MEASURES: readonly Measure[] = [
  diskFaults,
  poolFaults,
  remoteFaults,
  deviceReads,
  deviceWrites,
  someStall,
  fullStall,
  elapsed,
  speed,
  pooledPages,
  poolMemory,
  density,
  budget,
  peakMemory,
  addressing,
  verified,
  mismatches,
];

/** Pages and frames of all pools together. */
export function poolOf({ tiers }: RunDocument): { readonly pages: number; readonly frames: number } {
  const pools = tiers.filter(({ kind }) => kind === "pool");
  return {
    pages: pools.reduce((sum, { pages }) => sum + pages, 0),
    frames: pools.reduce((sum, { frames }) => sum + frames, 0),
  };
}

function hasPool({ tiers }: RunDocument): boolean {
  return tiers.some(({ kind }) => kind === "pool");
}
