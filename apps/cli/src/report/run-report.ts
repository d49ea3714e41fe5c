import { type Counters, snakeCase } from "@pagetier/base";
import type { StackStats } from "@pagetier/stack";
import type { AuditResult, ReplayResult } from "@pagetier/trace";

/** What `run --json` prints, and `compare --json` for each recipe. */
export interface RunReport {
  readonly recipe: string;
  readonly trace: string;
  readonly pages: string;
  /** What the trace's pages were: anonymous memory, or a file behind the page cache. */
  readonly space: "anon" | "file";
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
  readonly latency: ReplayResult["latency"];
  readonly elapsedMs: number;
  readonly accessesPerSecond: number;
  /** Only when the run failed: why, and what a reading of every page found afterwards. */
  readonly error?: { readonly code: string; readonly message: string };
  readonly audit?: Pick<AuditResult, "pages" | "verified" | "mismatches" | "unreadable">;
}

/** Memory of the process, sampled while a stack runs. */
export interface RssSample {
  readonly startBytes: number;
  readonly peakBytes: number;
}

export function runReport(
  inputs: Pick<RunReport, "recipe" | "trace" | "pages" | "space" | "seed" | "time" | "device" | "thinkNs">,
  result: ReplayResult,
  stats: StackStats,
  rss: RssSample | undefined,
  failure?: Pick<RunReport, "error" | "audit">,
): RunReport {
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
    latency: result.latency,
    elapsedMs: result.elapsedMs,
    accessesPerSecond: result.elapsedMs > 0 ? (result.accesses * 1000) / result.elapsedMs : 0,
    ...failure,
  };
}

function inReportNames(parts: Readonly<Record<string, Counters>>): Record<string, Counters> {
  const renamed: Record<string, Counters> = {};
  for (const [part, counters] of Object.entries(parts)) {
    renamed[part] = Object.fromEntries(Object.entries(counters).map(([name, value]) => [snakeCase(name), value]));
  }
  return renamed;
}
