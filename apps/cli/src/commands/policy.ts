import { TierError } from "@pagetier/base";
import type { EvictionPolicy, OfflinePolicy, PolicyParts } from "@pagetier/policy";
import { openTrace, parseTraceFormat, type TraceReader } from "@pagetier/trace";
import { type Command, Option } from "commander";
import { type Capacity, capacitiesInPages, curveCapacities, parseCapacities } from "../capacities.js";
import { CommandError, EXIT_WRONG, preparing } from "../exit.js";
import { parseNodes, preparePart } from "../plugin-part.js";
import { missRatioCurve } from "../report/miss-ratio-curve.js";
import { type Bound, type PolicyResult, percent, policyTable } from "../report/policy-table.js";
import { addReportOption, checkReportPath, writeReport } from "../report/write-report.js";
import { type Requests, readRequests } from "../requests.js";
import {
  estimate,
  requestsToReplay,
  SCALED_CAPACITY_MIN,
  type Shards,
  ShardsSampler,
  scaledCapacity,
  shardsOf,
} from "../shards.js";
import { type PreparedPolicy, type Simulation, type SimulationControl, simulatePolicy } from "../simulate-policy.js";
import { count, print, printJson, progressBar } from "../terminal.js";
import { integer, positiveInteger, samplingRate } from "./replay-options.js";

interface PolicyFlags {
  readonly trace: string;
  readonly policy: string;
  readonly capacity: readonly Capacity[];
  readonly curve?: boolean;
  readonly shards?: number;
  readonly format?: string;
  readonly limit?: number;
  readonly seed: number;
  readonly bound: boolean;
  readonly json?: boolean;
  readonly report?: string;
}

const BOUND_POLICY = "belady";
/** From so many capacities on, a curve says more than a table. */
const CURVE_CAPACITIES_MIN = 3;

export function addPolicy(program: Command, signal: AbortSignal): void {
  const command = program
    .command("policy")
    .description("count the misses of eviction policies on a trace, at several capacities")
    .requiredOption("--trace <file>", "trace, in any format of docs/traces.md, also .gz and .zst")
    .option(
      "--policy <names>",
      "policies, separated by commas; options as name:key=value",
      "fifo,lru,clock,sieve,s3fifo,arc",
    )
    .addOption(
      new Option("--capacity <list>", "pages (1000), or shares of the trace's objects (10%), separated by commas")
        .argParser(parseCapacities)
        .default([{ percent: 1 }, { percent: 10 }], "1%,10%"),
    )
    .addOption(
      new Option("--curve", "choose about 20 capacities and draw the miss-ratio curve instead of a table").conflicts(
        "capacity",
      ),
    )
    .option("--shards <rate>", "replay a sample of the keys only, e.g. 0.01 or 1%, and state the error", samplingRate)
    .option(
      "--format <name>",
      "format of the trace where its name and contents do not tell, e.g. tencent, csv:key=2:time=1",
    )
    .option("--limit <requests>", "read only the first so many", positiveInteger)
    .option("--seed <number>", "for policies that draw at random", integer, 1)
    .option("--no-bound", "leave out the comparison with Belady's bound")
    .option("--json", "print one JSON document on standard output");
  addReportOption(command).action(async (flags: PolicyFlags) => {
    await checkReportPath(flags.report);
    const { trace, policies } = await preparing(async () => ({
      policies: await Promise.all(parseNodes(flags.policy).map((node) => policyNamed(node))),
      trace: await openTrace(flags.trace, {
        format: flags.format === undefined ? undefined : parseTraceFormat(flags.format),
        limit: flags.limit,
      }),
    }));
    const sampler = flags.shards === undefined ? undefined : new ShardsSampler(flags.shards);
    const requests = await readTrace(trace, sampler, signal);
    const shards = sampler && shardsOf(requests, sampler);
    if (shards) assertSampled(shards, sampler);
    const capacities = flags.curve
      ? curveCapacities(requests.objects, leastCapacity(shards))
      : capacitiesInPages(flags.capacity, requests.objects);
    if (shards) assertLargeEnough(capacities, shards);
    const bounded = flags.bound && (!flags.json || flags.report !== undefined);
    const { results, bound } = await simulateAll(policies, capacities, requests, shards, bounded, flags.seed, signal);
    const curve = flags.curve || (capacities.length >= CURVE_CAPACITIES_MIN && policies.length === 1);
    const document = documentOf(trace.name, requests, results, bound, sampler, shards);
    if (flags.json) printJson(document);
    else {
      print(heading(trace.name, requests, sampler, shards));
      if (!flags.curve) print(policyTable(results, requests.objects, bound));
      if (curve) print(`\n${missRatioCurve(results, bound)}`);
      if (flags.curve && shards) print(`± at most ${percent(Math.max(...results.map(errorOf)))}`);
    }
    await writeReport(flags.report, document);
  });
}

function errorOf({ expectedError }: PolicyResult): number {
  return expectedError ?? 0;
}

function policyNamed(node: Parameters<typeof preparePart>[1]): Promise<PreparedPolicy> {
  return preparePart<PolicyParts, EvictionPolicy | OfflinePolicy>("policy", node);
}

async function readTrace(
  trace: TraceReader,
  sampler: ShardsSampler | undefined,
  signal: AbortSignal,
): Promise<Requests> {
  const progress = progressBar("reading");
  try {
    return await readRequests(trace, sampler, (done, total) => progress.update(done, total), signal);
  } finally {
    progress.stop();
  }
}

/** Every policy at every capacity, and Belady's bound at every capacity if wanted. */
async function simulateAll(
  policies: readonly PreparedPolicy[],
  capacities: readonly number[],
  { ids, requests }: Requests,
  shards: Shards | undefined,
  bounded: boolean,
  seed: number,
  signal: AbortSignal,
): Promise<{ results: PolicyResult[]; bound: Bound }> {
  const belady = policies.find(({ name }) => name === BOUND_POLICY);
  const beside = bounded && belady === undefined ? [await policyNamed({ use: BOUND_POLICY })] : [];
  const all = [...policies, ...beside];
  const progress = progressBar("policies");
  const replayed = shards === undefined ? ids.length : requestsToReplay(shards);
  const total = replayed * all.length * capacities.length;
  let done = 0;
  const control: SimulationControl = {
    seed,
    signal,
    onProgress(more) {
      done += more;
      progress.update(done, total);
    },
  };
  const results: PolicyResult[] = [];
  try {
    for (const policy of all) {
      for (const capacity of capacities) {
        const { misses, cpuUs, expectedError }: Simulation & { readonly expectedError?: number } = shards
          ? await estimate(policy, shards, capacity, control)
          : await simulatePolicy(policy, ids, capacity, control);
        results.push({
          policy: policy.name,
          capacity,
          misses,
          missRatio: misses / requests,
          requestsPerSecond: (ids.length * 1e6) / Math.max(1, cpuUs),
          ...(expectedError === undefined ? {} : { expectedError }),
        });
      }
    }
  } finally {
    progress.stop();
  }
  const leasts = results.filter(({ policy }) => policy === BOUND_POLICY);
  return {
    results: results.slice(0, policies.length * capacities.length),
    bound: new Map(bounded ? leasts.map((least) => [least.capacity, least]) : []),
  };
}

function assertSampled(shards: Shards, sampler: ShardsSampler | undefined): void {
  if (shards.sampledObjects > 0) return;
  throw new TierError(
    "SHARDS_EMPTY",
    `--shards ${sampler?.rate} chose none of the trace's ${count(shards.objects)} objects; sample more of them.`,
    { objects: shards.objects },
  );
}

function leastCapacity(shards: Shards | undefined): number {
  if (shards === undefined) return 1;
  return Math.ceil((SCALED_CAPACITY_MIN * shards.objects) / shards.sampledObjects);
}

function assertLargeEnough(capacities: readonly number[], shards: Shards): void {
  for (const capacity of capacities) {
    const scaled = scaledCapacity(capacity, shards.sampledObjects, shards.objects);
    if (scaled >= Math.min(SCALED_CAPACITY_MIN, shards.sampledObjects)) continue;
    throw new CommandError(
      EXIT_WRONG,
      `A capacity of ${count(capacity)} pages leaves ${count(scaled)} in the sample, too few to tell anything; ` +
        `with this --shards write at least ${count(leastCapacity(shards))}, or sample more.`,
    );
  }
}

function documentOf(
  trace: string,
  { requests, objects }: Requests,
  results: readonly PolicyResult[],
  bound: Bound,
  sampler: ShardsSampler | undefined,
  shards: Shards | undefined,
): object {
  const leasts = [...bound].map(([capacity, { misses, missRatio }]) => ({ capacity, misses, missRatio }));
  const document = { trace, requests, objects, results, ...(leasts.length === 0 ? {} : { bound: leasts }) };
  if (sampler === undefined || shards === undefined) return document;
  const { ids, sampledObjects } = shards;
  const sample = { rate: sampler.rate, sampledRequests: ids.length, sampledObjects, confidence: 0.95 };
  return { ...document, shards: sample };
}

function heading(
  name: string,
  { requests, objects }: Requests,
  sampler: ShardsSampler | undefined,
  shards: Shards | undefined,
): string {
  const whole = `${count(requests)} requests for ${count(objects)} objects of ${name}`;
  if (sampler === undefined || shards === undefined) return whole;
  return (
    `${whole}\nestimated from ${count(shards.ids.length)} requests for ${count(shards.sampledObjects)} objects ` +
    `(SHARDS, ${percent(sampler.rate)} of the keys); ± holds for 95 % of such estimates`
  );
}
