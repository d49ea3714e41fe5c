import { PAGE_SIZE } from "@pagetier/base";
import type { AuditResult, PageFile, TraceReader } from "@pagetier/trace";
import { Replay } from "@pagetier/trace";
import { createStack } from "./create-stack.js";
import { describeError, preparing } from "./exit.js";
import { type RunReport, runReport } from "./report/run-report.js";
import { progressBar } from "./terminal.js";

/** What a replay on a stack is made of. */
export interface RunInputs {
  readonly trace: TraceReader;
  readonly pages: PageFile;
  /** Distinct pages of the trace, as far as it will be replayed. */
  readonly objects: number;
  /** Replaces the recipe's memory. */
  readonly memory: string | undefined;
  readonly limit: number | undefined;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/**
 * Replays a trace on a stack and reports. A run that fails (out of memory, a store that broke) is reported too, with what
 * reading every page back found.
 */
export async function runStack(recipe: string, inputs: RunInputs): Promise<RunReport> {
  const { trace, pages, objects, seed, limit, signal } = inputs;
  const options = inputs.memory === undefined ? { seed } : { seed, memory: inputs.memory };
  const rss = new RssSampler();
  const stack = await preparing(() => createStack(recipe, options));
  const progress = progressBar(stack.name);
  try {
    const space = stack.space({ name: "replay", size: objects * PAGE_SIZE });
    const replay = new Replay(space, trace, pages, {
      seed,
      limit,
      signal,
      onProgress(done, total) {
        rss.sample();
        progress.update(done, total);
      },
    });
    let failure: Pick<RunReport, "error" | "audit"> | undefined;
    try {
      await replay.run();
      stack.verify();
    } catch (error) {
      if (signal.aborted) throw error;
      failure = { error: describeError(error), audit: summaryOf(await replay.audit()) };
    }
    rss.sample();
    return runReport(
      { recipe: stack.name, trace: trace.name, pages: pages.name, seed },
      replay.result(),
      stack.stats(),
      rss,
      failure,
    );
  } finally {
    progress.stop();
    await stack.close();
  }
}

function summaryOf({ pages, verified, mismatches, unreadable }: AuditResult): NonNullable<RunReport["audit"]> {
  return { pages, verified, mismatches, unreadable };
}

/** The process's resident memory, at its start and at its highest seen. */
class RssSampler {
  readonly startBytes = process.memoryUsage.rss();
  peakBytes = this.startBytes;

  sample(): void {
    const bytes = process.memoryUsage.rss();
    if (bytes > this.peakBytes) this.peakBytes = bytes;
  }
}
