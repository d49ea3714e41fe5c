// docs/answers.md, made of results alone.

import { METRICS } from "../experiment/metrics.js";
import type { Place, Results } from "../experiment/results.js";
import type { Question } from "./question.js";
import { besideBest, elsewhere, tableOf, whatIsAlwaysReported, write } from "./tables.js";
import { verdict } from "./verdict.js";

/** A question with its results, and what else belongs to its answer. */
export interface Answered {
  readonly question: Question;
  readonly results: Results;
}

/** The section of one question. @param pictures paths of its pictures, relative to the document */
export function answerOf({ question, results }: Answered, pictures: { picture: string; frontier?: string }): string {
  const { number, title, quote, method } = question;
  const headline = METRICS[question.headline]!.label;
  const places = results.places;
  const middles = places.filter(
    ({ environment }) => environment === places[0]!.environment || isFirst(environment, places),
  );
  return [
    `## ${number}. ${title}`,
    `> ${quote.text} — ${quote.by}`,
    method,
    ...middles.map((place) => tableOf(question, results, place)),
    whatIsAlwaysReported(results, middles),
    `![${title} ${headline} beside ${question.baseline}, by place](${pictures.picture})`,
    pictures.frontier === undefined ? "" : `![${title} The frontier](${pictures.frontier})`,
    elsewhere(question, results),
    besideBest(question, results),
    failures(results),
    spotCheck(results),
    `**Verdict.** ${verdict(question, results).join("\n\n")}`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** Runs that ended early, and why. */
function failures({ failures: all }: Results): string {
  const byContender = new Map<string, { count: number; readonly error: string }>();
  for (const { contender, error } of all) {
    const known = byContender.get(contender);
    if (known === undefined) byContender.set(contender, { count: 1, error: error!.split("\n")[0]! });
    else known.count++;
  }
  const lines = [...byContender].map(
    ([contender, { count, error }]) =>
      `- **${contender}**: ${count} ${count === 1 ? "run" : "runs"}. The first: ${error}`,
  );
  return lines.length === 0
    ? ""
    : [
        "Runs that ended early, whose numbers are those of what was done until then and are compared with nothing:",
        "",
        ...lines,
      ].join("\n");
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
