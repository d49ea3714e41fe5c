// The documents of `run` and `compare`, as far as a report needs them. Further keys are kept and not looked at.

import { z } from "zod";

const number = z.number();
const numbers = z.array(z.number());
const counters = z.record(z.string(), z.number());

const tier = z.looseObject({
  name: z.string(),
  kind: z.string(),
  pages: number,
  frames: number,
  bytes: number,
});

const tierSeries = z.looseObject({ name: z.string(), kind: z.string(), pages: numbers, frames: numbers });

const series = z
  .looseObject({
    accesses: numbers,
    elapsedMs: numbers,
    tiers: z.array(tierSeries),
    faults: z.looseObject({ minor: numbers, pool: numbers, store: numbers, remote: numbers }),
    stall: z.looseObject({ someMs: numbers, fullMs: numbers }),
    device: z.looseObject({ reads: numbers, writes: numbers }),
  })
  .refine(
    ({ accesses, elapsedMs, tiers, faults, stall, device }) =>
      [
        elapsedMs,
        ...tiers.flatMap(({ pages, frames }) => [pages, frames]),
        faults.minor,
        faults.pool,
        faults.store,
        faults.remote,
        stall.someMs,
        stall.fullMs,
        device.reads,
        device.writes,
      ].every(({ length }) => length === accesses.length),
    { error: "the lists of a series have one value for each of its accesses" },
  );

const pool = z.looseObject({
  frames: number,
  objects: number,
  storedBytes: number,
  roundingBytes: number,
  partialBytes: number,
  overheadBytes: number,
  metadataBytes: number,
});

/** In nanoseconds. `buckets`: upper ends, and how many accesses took so long. */
const latency = z.looseObject({
  count: number,
  meanNs: number,
  p50Ns: number,
  p90Ns: number,
  p99Ns: number,
  p999Ns: number,
  maxNs: number,
  buckets: z.array(z.tuple([number, number])).optional(),
});

export const runDocument = z.looseObject({
  recipe: z.string(),
  trace: z.string(),
  pages: z.string(),
  seed: number,
  time: z.string(),
  device: z.string().optional(),
  loop: z.enum(["closed", "open"]).optional(),
  thinkNs: number.optional(),
  accesses: number,
  reads: number,
  writes: number,
  uniquePages: number,
  verified: number,
  mismatches: number,
  faults: z.looseObject({
    minor: number,
    major: number,
    majorFrom: z.looseObject({ pool: number, store: number, remote: number }),
  }),
  memory: z.looseObject({
    budgetBytes: number,
    peakBytes: number,
    addressingBytes: number,
    holders: counters,
  }),
  stall: z.looseObject({ someMs: number, fullMs: number }),
  tiers: z.array(tier),
  counters: z.record(z.string(), counters),
  elapsedMs: number,
  accessesPerSecond: number,
  error: z.looseObject({ code: z.string(), message: z.string() }).optional(),
  audit: z.looseObject({ pages: number, verified: number, mismatches: number, unreadable: number }).optional(),
  series: series.optional(),
  pools: z.record(z.string(), pool).optional(),
  latency: latency.optional(),
  configuration: z.unknown().optional(),
});

export const compareDocument = z.looseObject({ runs: z.array(runDocument).min(1) });

export type RunDocument = z.infer<typeof runDocument>;
export type RunSeries = z.infer<typeof series>;
