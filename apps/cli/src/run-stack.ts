import { createPrng, formatSize, PAGE_SIZE, realScheduler, VirtualScheduler } from "@pagetier/base";
import { MEASURED_COSTS } from "@pagetier/simulation";
import type { Simulation, Stack, StackOptions } from "@pagetier/stack";
import type { AuditResult, PageFile, ReplayOptions, ReplayTarget, TraceReader } from "@pagetier/trace";
import { FileLayout, Pace, PageContents, Replay } from "@pagetier/trace";
import { createStack } from "./create-stack.js";
import { describeError, preparing } from "./exit.js";
import { type RunReport, runReport } from "./report/run-report.js";
import { SeriesRecorder } from "./report/run-series.js";
import { note, progressBar } from "./terminal.js";
import { type TraceFile, traceFileNode, traceFilePlugin } from "./trace-file.js";

/** What a replay on a stack is made of. */
export interface RunInputs {
  readonly trace: TraceReader;
  readonly pages: PageFile;
  /** Distinct pages of the trace, as far as it will be replayed. */
  readonly objects: number;
  /** Replaces the recipe's memory. */
  readonly memory: string | undefined;
  readonly limit: number | undefined;
  /** What the pages of the trace are: anonymous memory, or a file. */
  readonly space: "anon" | "file";
  readonly seed: number;
  /** Whether pages that are read are compared. */
  readonly verify: "all" | "none";
  /** What reading the trace once took, apart from any replay. */
  readonly reading: { readonly requests: number; readonly cpuUs: number };
  /** Called when a stack is made, before anything is replayed. */
  readonly announce: () => void;
  /** Where time is virtual: what stands for devices, and nanoseconds that the application thinks between accesses. */
  readonly virtual: { readonly device: Simulation["device"]; readonly thinkNs: number } | undefined;
  readonly signal: AbortSignal;
  /** Says nothing beside the result. */
  readonly quiet?: boolean | undefined;
}

/**
 * Replays a trace on a stack and reports. A run that fails (out of memory, a store that broke) is reported too, with what
 * reading every page back found.
 */
export async function runStack(recipe: string, inputs: RunInputs): Promise<RunReport> {
  const { virtual, seed } = inputs;
  if (virtual === undefined) return replayOn(recipe, inputs, {}, {});
  const scheduler = new VirtualScheduler();
  const { access, copyByte } = MEASURED_COSTS;
  const pace = new Pace({
    time: scheduler,
    accessNs: access,
    copyByteNs: copyByte,
    thinkNs: virtual.thinkNs,
    prng: createPrng(seed),
  });
  const simulation = { scheduler, costs: MEASURED_COSTS, device: virtual.device };
  return scheduler.run(() => replayOn(recipe, inputs, { simulation }, { scheduler, pace }));
}

async function replayOn(
  recipe: string,
  inputs: RunInputs,
  stackOptions: Pick<StackOptions, "simulation">,
  replayOptions: Pick<ReplayOptions, "scheduler" | "pace">,
): Promise<RunReport> {
  const { trace, pages, memory, seed, limit, virtual, signal } = inputs;
  const workload = workloadOf(inputs);
  const options = { ...stackOptions, ...workload.stackOptions, seed, ...(memory === undefined ? {} : { memory }) };
  const rss = new RssSampler();
  const making = () => preparing(() => createStack(recipe, options));
  const stack = await (replayOptions.scheduler?.outside(making) ?? making());
  inputs.announce();
  if (!inputs.quiet && inputs.space === "anon") warnOfMemory(stack, inputs.objects);
  const progress = progressBar(stack.name);
  try {
    const opening = () => preparing(() => workload.open(stack));
    const target = await (replayOptions.scheduler?.outside(opening) ?? opening());
    const recorder = new SeriesRecorder(() => stack.stats(), (replayOptions.scheduler ?? realScheduler).clock);
    const replay = new Replay(target, trace, pages, {
      ...replayOptions,
      prefilled: inputs.space === "file",
      seed,
      verify: inputs.verify,
      limit,
      signal,
      onTurn: (done) => recorder.turn(done),
      onProgress(done, total) {
        rss.sample();
        progress.update(done, total ?? inputs.reading.requests);
      },
    });
    let failure: Pick<RunReport, "error" | "audit"> | undefined;
    try {
      await replay.run();
      stack.verify();
    } catch (error) {
      if (signal.aborted) throw error;
      const audit = inputs.verify === "all" ? { audit: summaryOf(await replay.audit(signal)) } : {};
      failure = { error: describeError(error), ...audit };
    }
    rss.sample();
    const time = virtual === undefined ? { time: "real" as const } : { time: "virtual" as const, ...virtual };
    const result = replay.result();
    const stats = stack.stats();
    return runReport(
      { recipe: stack.name, trace: trace.name, pages: pages.name, space: inputs.space, seed, ...time },
      result,
      stats,
      {
        rss: virtual === undefined ? rss : undefined,
        reading: virtual === undefined ? inputs.reading : undefined,
        latencyBuckets: replay.latency.buckets(),
        series: recorder.finish(result.accesses, stats),
        configuration: stack.configuration,
      },
      failure,
    );
  } finally {
    progress.stop();
    await stack.close();
  }
}

/** What a trace is replayed on, and what a stack must be made with for it. */
interface Workload {
  readonly stackOptions: Pick<StackOptions, "plugins">;
  open(stack: Stack): Promise<ReplayTarget>;
}

function workloadOf({ trace, pages, objects, space, seed, virtual }: RunInputs): Workload {
  if (space === "anon") {
    return { stackOptions: {}, open: async (stack) => stack.space({ name: "replay", size: objects * PAGE_SIZE }) };
  }
  const layout = new FileLayout(trace.keys);
  const contents = new PageContents(pages, seed, 0);
  const file: TraceFile = {
    pages: layout.pages,
    content(page) {
      const key = layout.keyAt(page);
      return key === undefined ? undefined : contents.pageFor(key, 0);
    },
  };
  // A real file is really filled; a modelled one need not be, since its model takes its time in any case.
  const plugins = [traceFilePlugin(file, virtual === undefined)];
  const size = layout.pages * PAGE_SIZE;
  const store = traceFileNode({ use: "file", size });
  const open = async (stack: Stack) => layout.target(await stack.open({ store, size, name: "replay" }));
  return { stackOptions: { plugins }, open };
}

/** A stack without a store below keeps what memory and pools hold, and refuses the rest in the middle of a run. */
function warnOfMemory(stack: Stack, objects: number): void {
  const { name, configuration } = stack;
  const { swap } = configuration;
  const footprint = objects * PAGE_SIZE;
  const { budgetBytes } = stack.stats().memory;
  if (!Array.isArray(swap) || swap.length > 0 || footprint <= budgetBytes) return;
  note(
    `${name} has no swap store: ${formatSize(footprint)} of data must fit ${formatSize(budgetBytes)} of memory, compressed or not, ` +
      "else the run ends with MM_OUT_OF_MEMORY. Add a store under swap, or give more --memory.",
  );
}

function summaryOf({ pages, verified, mismatches, unreadable }: AuditResult): NonNullable<RunReport["audit"]> {
  return { pages, verified, mismatches, unreadable };
}

/** The process's resident memory, at its start and at its highest seen. */
export class RssSampler {
  readonly startBytes = process.memoryUsage.rss();
  peakBytes = this.startBytes;

  sample(): void {
    const bytes = process.memoryUsage.rss();
    if (bytes > this.peakBytes) this.peakBytes = bytes;
  }
}
