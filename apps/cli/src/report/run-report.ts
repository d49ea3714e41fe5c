import { type Counters, snakeCase } from "@pagetier/base";
import type { Configuration, StackStats } from "@pagetier/stack";
import type { AuditResult, OpenLoopResult, ReplayResult } from "@pagetier/trace";
import type { RunSeries } from "./run-series.js";

/** What `run --json` prints, and `compare --json` for each recipe. */
export interface RunReport {
  readonly recipe: string;
  readonly trace: string;
  readonly pages: string;
  /** What the trace's pages were: anonymous memory, or a file behind the page cache. */
  readonly space: "anon" | "file" | "mixed";
  readonly seed: number;
  readonly time: "real" | "virtual";
  /** Only in virtual time: the model of devices, and nanoseconds of thinking between accesses. */
  readonly device?: string;
  readonly thinkNs?: number;
  readonly accesses: number;
  readonly reads: number;
  readonly writes: number;
  readonly uniquePages: number;
  readonly verified: number;
  readonly mismatches: number;
  readonly faults: StackStats["faults"];
  readonly memory: {
    readonly budgetBytes: number;
    readonly peakBytes: number;
    readonly addressingBytes: number;
    /** The process's resident memory; null in virtual time, whose reports depend on nothing but their inputs. */
    readonly rssStartBytes: number | null;
    readonly rssPeakBytes: number | null;
    /** Frames by who holds them at the end. */
    readonly holders: Readonly<Record<string, number>>;
  };
  readonly stall: StackStats["stall"];
  readonly tiers: StackStats["tiers"];
  readonly counters: Readonly<Record<string, Counters>>;
  readonly latency: ReplayResult["latency"] & {
    /** Upper ends in nanoseconds, and how many accesses took so long. */
    readonly buckets: readonly (readonly [number, number])[];
  };
  /** Only for a container: when operations began, and how an open loop went. */
  readonly loop?: "closed" | "open";
  readonly openLoop?: OpenLoopResult;
  /** Only for a container: what it did beside reads and writes, and the pages that held something. */
  readonly operations?: Readonly<
    Record<"allocs" | "frees" | "truncates" | "fsyncs" | "exits" | "freedPages" | "livePages" | "livePagesMax", number>
  >;
  /** Where the bytes of each pool went at the end, by place; without its size classes. */
  readonly pools: Readonly<Record<string, PoolBytes>>;
  /** What was sampled while it ran. */
  readonly series: RunSeries;
  readonly elapsedMs: number;
  readonly accessesPerSecond: number;
  /** Reading the trace once, in CPU time and apart from the replay; null in virtual time and for a container. */
  readonly reading: { readonly cpuMs: number; readonly requestsPerSecond: number } | null;
  /** What the stack ran with: the recipe with every default filled in. */
  readonly configuration: Configuration;
  /** Only when the run failed: why, and what a reading of every page found afterwards. */
  readonly error?: { readonly code: string; readonly message: string };
  readonly audit?: Pick<AuditResult, "pages" | "verified" | "mismatches" | "unreadable">;
}

type PoolBytes = Omit<StackStats["pools"][string], "classes">;

/** Memory of the process, sampled while a stack runs. */
export interface RssSample {
  readonly startBytes: number;
  readonly peakBytes: number;
}

export function runReport(
  inputs: Pick<RunReport, "recipe" | "trace" | "pages" | "space" | "seed" | "time" | "device" | "thinkNs">,
  result: Pick<
    ReplayResult,
    "accesses" | "reads" | "writes" | "uniquePages" | "verified" | "mismatches" | "elapsedMs" | "latency"
  >,
  stats: StackStats,
  measured: {
    readonly rss: RssSample | undefined;
    readonly reading: { readonly requests: number; readonly cpuUs: number } | undefined;
    readonly latencyBuckets: RunReport["latency"]["buckets"];
    readonly series: RunSeries;
    readonly configuration: Configuration;
  },
  failure?: Pick<RunReport, "error" | "audit">,
): RunReport {
  const { rss, reading, latencyBuckets, series, configuration } = measured;
  const { budgetBytes, peakBytes, addressingBytes, holders } = stats.memory;
  return {
    ...inputs,
    accesses: result.accesses,
    reads: result.reads,
    writes: result.writes,
    uniquePages: result.uniquePages,
    verified: result.verified,
    mismatches: result.mismatches,
    faults: stats.faults,
    memory: {
      budgetBytes,
      peakBytes,
      addressingBytes,
      rssStartBytes: rss?.startBytes ?? null,
      rssPeakBytes: rss?.peakBytes ?? null,
      holders,
    },
    stall: stats.stall,
    tiers: stats.tiers,
    counters: inReportNames(stats.counters),
    latency: { ...result.latency, buckets: latencyBuckets },
    pools: Object.fromEntries(Object.entries(stats.pools).map(([place, pool]) => [place, withoutClasses(pool)])),
    elapsedMs: result.elapsedMs,
    accessesPerSecond: result.elapsedMs > 0 ? (result.accesses * 1000) / result.elapsedMs : 0,
    reading: reading === undefined ? null : speedOf(reading),
    ...failure,
    configuration,
    series,
  };
}

function speedOf({ requests, cpuUs }: { requests: number; cpuUs: number }): RunReport["reading"] {
  return { cpuMs: cpuUs / 1000, requestsPerSecond: (requests * 1e6) / Math.max(1, cpuUs) };
}

function withoutClasses({ classes: _, ...bytes }: StackStats["pools"][string]): PoolBytes {
  return bytes;
}

function inReportNames(parts: Readonly<Record<string, Counters>>): Record<string, Counters> {
  const renamed: Record<string, Counters> = {};
  for (const [part, counters] of Object.entries(parts)) {
    renamed[part] = Object.fromEntries(Object.entries(counters).map(([name, value]) => [snakeCase(name), value]));
  }
  return renamed;
}
