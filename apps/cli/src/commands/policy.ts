import { formatSize, TierError } from "@pagetier/base";
import type { EvictionPolicy, OfflinePolicy, PolicyParts } from "@pagetier/policy";
import { openTrace, parseTraceFormat, type TraceReader } from "@pagetier/trace";
import { type Command, Option } from "commander";
import { type Capacity, capacitiesInPages, curveCapacities, parseCapacities } from "../capacities.js";
import { CommandError, EXIT_WRONG, preparing } from "../exit.js";
import { parseNodes, preparePart } from "../plugin-part.js";
import { missRatioCurve } from "../report/miss-ratio-curve.js";
import { type Bound, type PolicyResult, percent, policyTable } from "../report/policy-table.js";
import { addReportOption, checkReportPath, writeReport } from "../report/write-report.js";
import { IDS_MAX, type Requests, readRequests } from "../requests.js";
import { SCALED_CAPACITY_MIN, type Shards, ShardsSampler, scaledCapacity, shardsOf } from "../shards.js";
import { simulateAll, type Work, workOf } from "../simulate-all.js";
import type { PreparedPolicy } from "../simulate-policy.js";
import { count, note, print, printJson, progressBar } from "../terminal.js";
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
  readonly stream?: boolean;
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
    .option("--stream", `read the trace again instead of holding it; done anyway beyond ${count(IDS_MAX)} requests`)
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
    const requests = await readTrace(trace, sampler, flags.stream ? 0 : IDS_MAX, signal);
    const shards = sampler && shardsOf({ ...requests, ids: requests.ids! }, sampler);
    if (shards) assertSampled(shards, sampler);
    const capacities = flags.curve
      ? curveCapacities(requests.objects, leastCapacity(shards))
      : capacitiesInPages(flags.capacity, requests.objects);
    if (shards) assertLargeEnough(capacities, shards);
    const wantsBound = flags.bound && (!flags.json || flags.report !== undefined);
    const bounded = wantsBound && requests.ids !== undefined;
    if (wantsBound && !bounded) {
      note("Belady's bound is left out: it needs all requests in memory. --limit or --shards make them fewer.");
    }
    const work: Work = { policies, capacities, requests, shards, trace };
    const { results, bound } = await simulate(work, bounded, flags.seed, signal);
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
  idsMax: number,
  signal: AbortSignal,
): Promise<Requests> {
  const byBytes = trace.position !== undefined;
  const progress = progressBar("reading", byBytes ? formatSize : count);
  const onProgress = (done: number): void => {
    if (byBytes) progress.update(trace.position!.bytes, trace.position!.totalBytes);
    else progress.update(done, trace.total);
  };
  try {
    return await readRequests(trace, sampler, idsMax, onProgress, signal);
  } finally {
    progress.stop();
  }
}

/** Every policy at every capacity, and Belady's bound at every capacity if wanted and possible. */
async function simulate(
  work: Work,
  bounded: boolean,
  seed: number,
  signal: AbortSignal,
): Promise<{ results: PolicyResult[]; bound: Bound }> {
  const { policies, capacities } = work;
  const asked = policies.some(({ name }) => name === BOUND_POLICY);
  const beside = bounded && !asked ? [await policyNamed({ use: BOUND_POLICY })] : [];
  const all = { ...work, policies: [...policies, ...beside] };
  const progress = progressBar("policies");
  const total = workOf(all);
  let done = 0;
  const onProgress = (more: number): void => {
    done += more;
    progress.update(done, total);
  };
  try {
    const results = await simulateAll(all, { seed, signal, onProgress });
    const leasts = results.filter(({ policy }) => policy === BOUND_POLICY);
    return {
      results: results.slice(0, policies.length * capacities.length),
      bound: new Map(bounded ? leasts.map((least) => [least.capacity, least]) : []),
    };
  } finally {
    progress.stop();
  }
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
  all: Requests,
  results: readonly PolicyResult[],
  bound: Bound,
  sampler: ShardsSampler | undefined,
  shards: Shards | undefined,
): object {
  const { requests, objects } = all;
  const reading = { cpuMs: all.readingCpuUs / 1000, requestsPerSecond: readingSpeed(all) };
  const leasts = [...bound].map(([capacity, { misses, missRatio }]) => ({ capacity, misses, missRatio }));
  const document = { trace, requests, objects, reading, results, ...(leasts.length === 0 ? {} : { bound: leasts }) };
  if (sampler === undefined || shards === undefined) return document;
  const { ids, sampledObjects } = shards;
  const sample = { rate: sampler.rate, sampledRequests: ids.length, sampledObjects, confidence: 0.95 };
  return { ...document, shards: sample };
}

/** Requests per CPU second, policies not counted. */
function readingSpeed({ requests, readingCpuUs }: Requests): number {
  return (requests * 1e6) / Math.max(1, readingCpuUs);
}

function heading(name: string, all: Requests, sampler: ShardsSampler | undefined, shards: Shards | undefined): string {
  const speed = (readingSpeed(all) / 1e6).toFixed(1);
  const whole =
    `${count(all.requests)} requests for ${count(all.objects)} objects of ${name}\n` +
    `read at ${speed} M requests/s of CPU, which the table does not count`;
  if (sampler === undefined || shards === undefined) return whole;
  return (
    `${whole}\nestimated from ${count(shards.ids.length)} requests for ${count(shards.sampledObjects)} objects ` +
    `(SHARDS, ${percent(sampler.rate)} of the keys); ± holds for 95 % of such estimates`
  );
}
