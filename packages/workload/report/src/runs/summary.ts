// What runs show, in words. Every sentence is decided by the numbers: which one stands there, and what it says.

import { PAGE_SIZE } from "@pagetier/base";
import { formatNumber } from "../chart/format.js";
import type { RunDocument } from "../documents/run.js";
import type { Fact, Summary } from "../report.js";
import { count, fileName, listed, more, name, share, size } from "../words.js";
import { density, deviceWrites, diskFaults, type Measure, poolOf, someStall } from "./measures.js";
import type { NamedRun, Workload } from "./workload.js";

/** One line that says what was replayed on what. */
export function workloadLine({ runs }: Workload): string {
  const run = longest(runs);
  const budgets = [...new Set(runs.map((each) => size(each.run.memory.budgetBytes)))];
  const times = [...new Set(runs.map((each) => timeOf(each.run)))];
  return (
    `${size(run.uniquePages * PAGE_SIZE)} of data in ${listed(budgets)} of memory: ${count(run.accesses)} accesses of ` +
    `${fileName(run.trace)}, contents of ${fileName(run.pages)}, in ${listed(times)}, seed ${run.seed}.`
  );
}

function timeOf({ time, device, thinkNs }: RunDocument): string {
  if (time === "real") return "real time";
  const thinking =
    thinkNs === undefined || thinkNs === 0 ? "" : `, ${formatNumber(thinkNs, "nanoseconds")} between accesses`;
  return `${time} time${device === undefined ? "" : ` on a modelled ${device} device`}${thinking}`;
}

/** The result of a workload. */
export function runSummary(workload: Workload): Summary {
  const { runs } = workload;
  const whole = runs.filter(({ run }) => run.error === undefined);
  const [lead = "", ...points] = [
    ...runs.flatMap(failureSentence),
    ...wrongSentence(runs),
    ...(whole.length > 1 ? comparison(whole) : whole.flatMap(({ run }) => alone(run))),
    ...densitySentence(runs),
    ...verifiedSentence(runs),
    ...timeCaveat(runs),
  ];
  return { heading: `Replays of ${workload.name}`, lead, points };
}

/** The numbers that are worth being seen first. */
export function runFacts({ runs }: Workload): Fact[] {
  const whole = runs.filter(({ run }) => run.error === undefined);
  return [diskFaults, deviceWrites, someStall, density].flatMap((measure): Fact[] => {
    const ranked = rank(whole, measure);
    const [first, ...others] = ranked;
    if (first === undefined) return [];
    const last = others.at(-1);
    const value = formatNumber(first.value, measure.format);
    const [best, worst] = measure.better === "more" ? ["most", "least"] : ["least", "most"];
    const note =
      last === undefined
        ? name(first.name)
        : last.value === first.value
          ? `in ${listed(ranked.map((each) => name(each.name)))} alike`
          : `${best} in ${name(first.name)}; ${worst} in ${name(last.name)}: ${formatNumber(last.value, measure.format)}`;
    return [{ label: measure.label, value, note }];
  });
}

function failureSentence({ name: who, run }: NamedRun): string[] {
  const { error, audit, accesses } = run;
  if (error === undefined) return [];
  const lost = audit === undefined ? 0 : audit.mismatches + audit.unreadable;
  const held =
    audit === undefined
      ? ""
      : lost === 0
        ? ` Nothing was lost: all ${count(audit.verified)} pages written until then were read back.`
        : ` ${count(lost)} of ${count(audit.pages)} pages written until then could not be read back.`;
  return [`${name(who)} ended early, after ${count(accesses)} accesses: ${error.message} (${error.code})${held}`];
}

function wrongSentence(runs: readonly NamedRun[]): string[] {
  const wrong = runs.filter(({ run }) => run.mismatches > 0);
  if (wrong.length === 0) return [];
  const counts = wrong.map((each) => `${count(each.run.mismatches)} in ${name(each.name)}`);
  return [`Pages came back with other bytes than had been written: ${listed(counts)}.`];
}

function verifiedSentence(runs: readonly NamedRun[]): string[] {
  if (runs.some(({ run }) => run.mismatches > 0)) return [];
  const verified = runs.reduce((sum, { run }) => sum + run.verified, 0);
  if (verified === 0) return ["No page was read again, so none was compared with what had been written."];
  return [
    `${count(verified)} times a page was read back and compared with what had been written; every time it was equal.`,
  ];
}

/** Of one run: where its faults were served from, and what that cost. */
function alone(run: RunDocument): string[] {
  const { pool, store, remote } = run.faults.majorFrom;
  if (run.faults.major === 0) return ["Everything fitted: no page had to come back from below."];
  const parts = [
    ...(pool > 0 ? [`${share(pool, run.faults.major)} from compressed memory`] : []),
    ...(remote > 0 ? [`${share(remote, run.faults.major)} from another machine`] : []),
    ...(store > 0 ? [`${share(store, run.faults.major)} from disk`] : []),
  ];
  return [
    `${count(run.faults.major)} times a page had to come back from below: ${listed(parts)}.`,
    `${count(deviceWrites.of(run) ?? 0)} pages were written to disk.`,
    `Some access waited for memory during ${formatNumber(run.stall.someMs, "milliseconds")}, which is ${share(run.stall.someMs, run.elapsedMs)} of the run.`,
  ];
}

interface Ranked {
  readonly name: string;
  readonly value: number;
}

/** Runs that have the measure, best first. */
function rank(runs: readonly NamedRun[], measure: Measure): Ranked[] {
  const sign = measure.better === "more" ? -1 : 1;
  return runs
    .flatMap((each) => {
      const value = measure.of(each.run);
      return value === undefined ? [] : [{ name: each.name, value }];
    })
    .sort((a, b) => sign * (a.value - b.value));
}

/** Measures by which runs are compared in words, and how that is said. */
const COMPARED = [
  { measure: diskFaults, what: "faults from disk", fewest: "the fewest", unit: "many" },
  { measure: deviceWrites, what: "pages written to disk", fewest: "the fewest", unit: "many" },
  { measure: someStall, what: "time spent waiting for memory", fewest: "the least", unit: "much" },
] as const;

function comparison(runs: readonly NamedRun[]): string[] {
  const sentences = COMPARED.map(({ measure, what, unit }) => {
    const [first, ...others] = rank(runs, measure);
    const value = (amount: number): string => formatNumber(amount, measure.format);
    if (first === undefined) return "";
    if (others.every((other) => other.value === first.value)) {
      return first.value === 0
        ? `No ${what} in any of them.`
        : `As ${unit} ${what} in each of them: ${value(first.value)}.`;
    }
    const rest = others.map(
      (other) => `${name(other.name)} ${value(other.value)} (${more(other.value, first.value, unit)})`,
    );
    return `${what[0]!.toUpperCase()}${what.slice(1)}: ${name(first.name)} ${value(first.value)}, ${listed(rest)}.`;
  });
  return [verdict(runs), ...sentences].filter((sentence) => sentence !== "");
}

/** Who is ahead in what. */
function verdict(runs: readonly NamedRun[]): string {
  const ahead = new Map<string, string[]>();
  for (const { measure, what, fewest } of COMPARED) {
    const [first, second] = rank(runs, measure);
    if (first === undefined || second === undefined || first.value === second.value) continue;
    ahead.set(first.name, [...(ahead.get(first.name) ?? []), `${fewest} ${what}`]);
  }
  const parts = [...ahead].map(([who, what]) => `${name(who)} has ${listed(what)}`);
  if (parts.length === 0) return "The stacks do not differ in faults from disk, in writes or in waiting.";
  return parts.length === 1 ? `${parts[0]}.` : `No stack leads in everything: ${listed(parts)}.`;
}

function densitySentence(runs: readonly NamedRun[]): string[] {
  const held = runs.flatMap((each) => {
    const { pages, frames } = poolOf(each.run);
    if (pages === 0 || frames === 0) return [];
    const [data, memory] = [size(pages * PAGE_SIZE), size(frames * PAGE_SIZE)];
    return [`${name(each.name)} ${data} of data in ${memory} (${formatNumber(pages / frames, "ratio")})`];
  });
  return held.length === 0 ? [] : [`Compressed memory at the end: ${listed(held)}.`];
}

function timeCaveat(runs: readonly NamedRun[]): string[] {
  if (runs.every(({ run }) => run.time !== "real")) return [];
  return [
    "Times are real ones, of one run each. They depend on this machine and on what else it did, and so does when background work " +
      "happens: counts too differ a little from run to run. Virtual time has neither.",
  ];
}

/** The run that got furthest. */
export function longest(runs: readonly NamedRun[]): RunDocument {
  return runs.reduce((best, { run }) => (run.accesses > best.accesses ? run : best), runs[0]!.run);
}
