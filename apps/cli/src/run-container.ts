import { createPrng, PAGE_SIZE, type PluginNode, realScheduler, VirtualScheduler } from "@pagetier/base";
import { MEASURED_COSTS } from "@pagetier/simulation";
import { modelled, type StackOptions } from "@pagetier/stack";
import {
  type Container,
  ContainerReplay,
  type ContainerReplayOptions,
  type ContainerReplayResult,
  type OpenLoopOptions,
  Pace,
} from "@pagetier/trace";
import { ContainerFiles } from "./container-files.js";
import { createStack } from "./create-stack.js";
import { describeError, preparing } from "./exit.js";
import { type RunReport, runReport } from "./report/run-report.js";
import { SeriesRecorder } from "./report/run-series.js";
import { RssSampler, type RunInputs } from "./run-stack.js";
import { progressBar } from "./terminal.js";

/** What a replay of a container is made of. */
export interface ContainerInputs
  extends Pick<RunInputs, "memory" | "limit" | "seed" | "virtual" | "announce" | "signal"> {
  readonly container: Container;
  /** Keeps arrival times; `undefined`: the next operation begins when the one before has ended. */
  readonly open: OpenLoopOptions | undefined;
}

/** Replays a container on a stack and reports, as `runStack` does for a trace. */
export async function runContainer(recipe: string, inputs: ContainerInputs): Promise<RunReport> {
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
  { container, memory, seed, limit, virtual, open, announce, signal }: ContainerInputs,
  stackOptions: Pick<StackOptions, "simulation">,
  timing: Pick<ContainerReplayOptions, "scheduler" | "pace">,
): Promise<RunReport> {
  const outside = <Result>(work: () => Promise<Result>) => timing.scheduler?.outside(work) ?? work();
  const files = await outside(() => preparing(() => ContainerFiles.read(container)));
  const options = { ...stackOptions, plugins: files.plugins(), seed, ...(memory === undefined ? {} : { memory }) };
  const rss = new RssSampler();
  const stack = await outside(() => preparing(() => createStack(recipe, options)));
  announce();
  const progress = progressBar(stack.name);
  const { simulation } = stackOptions;
  const beneath = (size: number): PluginNode => {
    const node: PluginNode = { use: "file", size };
    return simulation === undefined ? node : modelled(node, simulation.device, false);
  };
  const recorder = new SeriesRecorder(() => stack.stats(), (timing.scheduler ?? realScheduler).clock);
  const kinds = new Set<"anon" | "file">();
  const replay = new ContainerReplay(
    container,
    async (space) => {
      kinds.add(space.kind);
      if (space.kind === "file") return files.open(stack, space, beneath);
      return stack.space({ name: space.name, size: space.pages * PAGE_SIZE });
    },
    {
      ...timing,
      limit,
      open,
      signal,
      onProgress(done, total) {
        rss.sample();
        recorder.turn(Math.floor(done / SERIES_STEP) * SERIES_STEP);
        progress.update(done, total);
      },
    },
  );
  try {
    let failure: Pick<RunReport, "error" | "audit"> | undefined;
    try {
      await replay.run();
      stack.verify();
    } catch (error) {
      if (signal.aborted) throw error;
      const { pages, verified, mismatches, unreadable } = await replay.audit(signal);
      failure = { error: describeError(error), audit: { pages, verified, mismatches, unreadable } };
    }
    rss.sample();
    const time = virtual === undefined ? { time: "real" as const } : { time: "virtual" as const, ...virtual };
    const { openLoop, ...result } = replay.result();
    const stats = stack.stats();
    return {
      ...runReport(
        { recipe: stack.name, trace: container.name, pages: container.name, space: spaceOf(kinds), seed, ...time },
        asReplayResult(result),
        stats,
        {
          rss: virtual === undefined ? rss : undefined,
          reading: undefined,
          latencyBuckets: replay.latency.buckets(),
          series: recorder.finish(result.operations, stats),
          configuration: stack.configuration,
        },
        failure,
      ),
      loop: openLoop === undefined ? "closed" : "open",
      ...(openLoop === undefined ? {} : { openLoop }),
      operations: operationsOf(result),
    };
  } finally {
    progress.stop();
    await stack.close();
  }
}

/** Operations from one sample of a series to the next, at least. */
const SERIES_STEP = 4096;

function spaceOf(kinds: ReadonlySet<"anon" | "file">): RunReport["space"] {
  const [kind = "anon"] = kinds;
  return kinds.size > 1 ? "mixed" : kind;
}

type Result = Omit<ContainerReplayResult, "openLoop">;

function asReplayResult({ counts, uniquePages, verified, mismatches, elapsedMs, latency }: Result) {
  const { read: reads, write: writes } = counts;
  return { accesses: reads + writes, reads, writes, uniquePages, verified, mismatches, elapsedMs, latency };
}

function operationsOf({ counts, freedPages, livePages, livePagesMax }: Result): NonNullable<RunReport["operations"]> {
  const { alloc: allocs, free: frees, truncate: truncates, fsync: fsyncs, exit: exits } = counts;
  return { allocs, frees, truncates, fsyncs, exits, freedPages, livePages, livePagesMax };
}
