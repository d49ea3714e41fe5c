// docs/answers.md, made of results alone.

import { METRICS } from "../experiment/metrics.js";
import type { Place, Results } from "../experiment/results.js";
import { placeName } from "./places.js";
import type { Question } from "./question.js";
import { percent, verdict } from "./verdict.js";

/** A question with its results, and what else belongs to its answer. */
export interface Answered {
  readonly question: Question;
  readonly results: Results;
}

/** The section of one question. @param picture path of its picture, relative to the document */
export function answerOf({ question, results }: Answered, picture: string): string {
  const { number, title, quote, method } = question;
  const places = results.places;
  const middles = places.filter(
    ({ environment }) => environment === places[0]!.environment || isFirst(environment, places),
  );
  return [
    `## ${number}. ${title}`,
    `> ${quote.text} — ${quote.by}`,
    method,
    ...middles.map((place) => tableOf(question, results, place)),
    `![${title} ${METRICS[question.headline]!.label} beside ${question.baseline}, by place](${picture})`,
    elsewhere(question, results),
    failures(results),
    spotCheck(results),
    `**Verdict.** ${verdict(question, results).join("\n\n")}`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** Runs that ended early, and why: their numbers stand for what was done until then. */
function failures({ failures: all }: Results): string {
  const byContender = new Map<string, { count: number; readonly error: string }>();
  for (const { contender, error } of all) {
    const known = byContender.get(contender);
    if (known === undefined) byContender.set(contender, { count: 1, error: error! });
    else known.count++;
  }
  const lines = [...byContender].map(
    ([contender, { count, error }]) =>
      `- **${contender}**: ${count} ${count === 1 ? "run" : "runs"}. The first: ${error}`,
  );
  return lines.length === 0
    ? ""
    : ["Runs that ended early, whose numbers stand for what was done until then:", "", ...lines].join("\n");
}

const COUNTED = ["majorFaults", "storeFaults", "writtenBytes"];

/** What was counted in real time beside what the simulation of the same run counted. */
function spotCheck(results: Results): string {
  const lines = results.spotChecks.map((real) => {
    const place = { workload: real.workload, environment: real.environment };
    const simulated = results.at(place, real.contender).find(({ seed }) => seed === real.seed);
    const counts = COUNTED.map(
      (name) =>
        `${METRICS[name]!.label} ${write(name, real.metrics[name]!)} (simulated ${write(name, simulated?.metrics[name] ?? Number.NaN)})`,
    );
    return `${real.contender}: ${counts.join(", ")}`;
  });
  return lines.length === 0 ? "" : `Spot check in real time on a real file, first place, seed 1. ${lines.join(". ")}.`;
}

function isFirst(environment: Place["environment"], places: readonly Place[]): boolean {
  const first = places[0]!.environment;
  return (
    environment.memoryShare === first.memoryShare &&
    environment.device === first.device &&
    environment.thinkNs === first.thinkNs
  );
}

/** All contenders at one place: medians over the seeds, the headline with its interval. */
function tableOf(question: Question, results: Results, place: Place): string {
  const { headline, columns, baseline } = question;
  const head = [headline, ...columns].map((name) => withUnit(name));
  const rows = results.contenders
    .filter((contender) => results.at(place, contender).length > 0)
    .map((contender) => {
      const { value, low, high } = results.median(place, contender, headline);
      const interval = low === high ? "" : ` (${write(headline, low)}–${write(headline, high)})`;
      const difference = results.relative(place, contender, baseline, headline);
      const cells = columns.map((name) => write(name, results.median(place, contender, name).value));
      const beside = contender === baseline ? "" : percent(difference.value);
      return `| ${[contender, `${write(headline, value)}${interval}`, beside, ...cells].join(" | ")} |`;
    });
  return [
    `**${placeName(place)}** (medians of ${results.at(place, baseline).length} seeds)`,
    "",
    `| | ${[head[0], `beside ${baseline}`, ...head.slice(1)].join(" | ")} |`,
    `|---|${"--:|".repeat(head.length + 1)}`,
    ...rows,
  ].join("\n");
}

/** The headline at every place, for contenders that ran there: paired differences with their intervals. */
function elsewhere(question: Question, results: Results): string {
  const { headline, baseline } = question;
  const contenders = question.judged.filter((contender) =>
    results.places.every((place) => results.at(place, contender).length > 0),
  );
  if (contenders.length === 0) return "";
  const rows = results.places.map((place) => {
    const cells = contenders.map((contender) => {
      const { value, low, high } = results.relative(place, contender, baseline, headline);
      return `${percent(value)} (${percent(low)} to ${percent(high)})`;
    });
    return `| ${[placeName(place), write(headline, results.median(place, baseline, headline).value), ...cells].join(" | ")} |`;
  });
  return [
    `${METRICS[headline]!.label} beside ${baseline}, paired by seed, with 95 % bootstrap intervals:`,
    "",
    `| place | ${[withUnit(headline, baseline), ...contenders].join(" | ")} |`,
    `|---|${"--:|".repeat(contenders.length + 1)}`,
    ...rows,
  ].join("\n");
}

function withUnit(name: string, prefix?: string): string {
  const { label, unit } = METRICS[name]!;
  const shown = unit === "B" ? "MiB" : unit;
  const text = shown === "" || shown === "share" ? label : `${label}, ${shown}`;
  return prefix === undefined ? text : `${prefix}: ${text}`;
}

/** A number as its metric is written. */
export function write(name: string, value: number): string {
  const { unit } = METRICS[name]!;
  if (unit === "share") return `${(value * 100).toFixed(1)} %`;
  const shown = unit === "B" ? value / 2 ** 20 : value;
  if (Math.abs(shown) >= 100) return Math.round(shown).toLocaleString("en-US");
  if (Number.isInteger(shown)) return String(shown);
  return shown.toFixed(Math.abs(shown) >= 10 ? 1 : 2);
}
