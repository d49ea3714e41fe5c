// One cell: a stack in virtual time, a workload, what it did after the warm-up.

import { createPrng, PAGE_SIZE, realScheduler, TierError, VirtualScheduler } from "@pagetier/base";
import { MEASURED_COSTS } from "@pagetier/simulation";
import { Pace, Replay } from "@pagetier/trace";
import {
  type AnyPlugin,
  createStack,
  type RecipeInput,
  type Stack,
  type StackOptions,
  type StackStats,
} from "pagetier";
import type { Cell, CellResult, Contender, Environment } from "./experiment.js";
import { Future } from "./future.js";
import { Instruments, type WatchedSpace } from "./instruments.js";
import { type Eviction, oraclePlugin, scriptedPlugin } from "./known-future-policies.js";
import { metricsOf, poolNow } from "./metrics.js";
import { nextUseZcachePlugin } from "./next-use-order.js";
import { SplitSpace } from "./split-space.js";
import { loadWorkload, readerOf, type Workload, type WorkloadSpec } from "./workload.js";

const MEMORY_BYTES_MIN = 2 ** 20;

let loaded: { readonly key: string; readonly workload: Promise<Workload> } | undefined;

/** The workload, kept for the next cell that wants the same. */
function workloadOf(spec: WorkloadSpec): Promise<Workload> {
  const key = JSON.stringify(spec);
  if (loaded?.key !== key) loaded = { key, workload: loadWorkload(spec) };
  return loaded.workload;
}

export async function runCell(cell: Cell): Promise<CellResult> {
  const { experiment, contender, environment, seed, scriptOf, real } = cell;
  const workload = await workloadOf(cell.workload);
  const run = (who: Contender, script: readonly Eviction[]): Promise<Outcome> => {
    const setting = { workload, contender: who, environment, seed, script };
    return real ? runOn(setting, undefined) : new VirtualTime().run(setting);
  };
  const script = scriptOf === undefined ? [] : (await run(scriptOf, [])).victims;
  const { victims: _, ...result } = await run(contender, script);
  return {
    experiment,
    workload: workload.spec.name,
    contender: contender.name,
    role: contender.role,
    environment,
    seed,
    ...(real ? { real } : {}),
    ...result,
  };
}

type Outcome = Pick<CellResult, "metrics" | "poolFrames" | "error"> & { readonly victims: readonly Eviction[] };

interface Setting {
  readonly workload: Workload;
  readonly contender: Contender;
  readonly environment: Environment;
  readonly seed: number;
  readonly script: readonly Eviction[];
}

/** A run's own clock, and the application that spends time on it. */
class VirtualTime {
  readonly scheduler = new VirtualScheduler();

  run(setting: Setting): Promise<Outcome> {
    return this.scheduler.run(() => runOn(setting, this.scheduler));
  }
}

/** @param scheduler `undefined`: real time */
async function runOn(setting: Setting, scheduler: VirtualScheduler | undefined): Promise<Outcome> {
  const { workload, contender, environment, seed, script } = setting;
  const { recipe, unbounded, moreMemory = 0 } = contender;
  const future = new Future(workload);
  const memory = unbounded
    ? 2 * workload.objects * PAGE_SIZE
    : memoryOf(workload, environment.memoryShare + moreMemory);
  const plugins = [oraclePlugin(future), scriptedPlugin(script, future), nextUseZcachePlugin(future)] as AnyPlugin[];
  let instruments: Instruments | undefined;
  const options: StackOptions = {
    seed,
    plugins,
    // Spaces come one after another in the numbers of pages, each as large as the whole workload.
    observer: { evicted: (page) => instruments?.evicted(page % workload.objects) },
  };
  const { device } = environment;
  const make = (): Promise<Stack> =>
    createStack(
      { ...recipe, memory } as RecipeInput,
      scheduler === undefined ? options : { ...options, simulation: { scheduler, costs: MEASURED_COSTS, device } },
    );
  const stack = await (scheduler?.outside(make) ?? make());
  try {
    const open = (): Promise<WatchedSpace> => openSpace(stack, workload, device);
    const space = await (scheduler?.outside(open) ?? open()); // Loads plugins, which is nobody's virtual time.
    instruments = new Instruments(space, future, workload.objects, Math.floor(memory / PAGE_SIZE));
    return await measure(stack, scheduler, setting, instruments, future);
  } finally {
    await stack.close();
  }
}

/** Anonymous pages, a file, or some of both. */
async function openSpace(
  stack: Stack,
  { objects, isFile }: Workload,
  device: Environment["device"],
): Promise<WatchedSpace> {
  const size = objects * PAGE_SIZE;
  const anon = stack.space({ name: "anonymous", size });
  if (isFile === undefined) return anon;
  const store = { use: "device", model: device, next: { use: "memory", size } };
  return new SplitSpace(anon, await stack.open({ store, size, name: "file" }), isFile);
}

/** Bytes of memory. @param memoryShare of the working set */
function memoryOf({ workingSet }: Workload, memoryShare: number): number {
  return Math.max(MEMORY_BYTES_MIN, Math.round(workingSet * memoryShare) * PAGE_SIZE);
}

async function measure(
  stack: Stack,
  time: VirtualScheduler | undefined,
  { workload, environment, seed }: Setting,
  instruments: Instruments,
  future: Future,
): Promise<Outcome> {
  const scheduler = time ?? realScheduler;
  const { access, copyByte } = MEASURED_COSTS;
  const { thinkNs } = environment;
  const pace = time && new Pace({ time, accessNs: access, copyByteNs: copyByte, thinkNs, prng: createPrng(seed) });
  let before: StackStats | undefined;
  let startNs = 0;
  const poolFrames: number[] = [];
  const unused: number[] = [];
  const replay = new Replay(instruments, readerOf(workload), workload.pages, {
    scheduler,
    pace,
    seed,
    onProgress: (done) => {
      if (done < workload.warmUp) return;
      if (before === undefined) {
        before = stack.stats();
        startNs = scheduler.clock.now();
        instruments.reset();
        replay.latency.reset();
        return;
      }
      const now = stack.stats();
      poolFrames.push(poolNow(now).frames);
      unused.push(1 - now.memory.usedBytes / now.memory.budgetBytes);
    },
  });
  future.follow(() => replay.accesses);
  let error: string | undefined;
  try {
    await replay.run();
  } catch (cause) {
    if (!TierError.is(cause)) throw cause;
    error = `${cause.code}: ${cause.message}`;
  }
  before ??= stack.stats();
  instruments.finish();
  const after = stack.stats();
  const latency = replay.latency.summary();
  const metrics = metricsOf({
    before,
    after,
    instruments: instruments.counts,
    elapsedMs: (scheduler.clock.now() - startNs) / 1e6,
    latencyNs: { p99: latency.p99Ns, p999: latency.p999Ns, max: latency.maxNs },
    mismatches: replay.result().mismatches,
    poolFrames,
    unused,
    memoryPages: Math.floor(after.memory.budgetBytes / PAGE_SIZE),
  });
  return { metrics, poolFrames, victims: instruments.victims, ...(error === undefined ? {} : { error }) };
}
