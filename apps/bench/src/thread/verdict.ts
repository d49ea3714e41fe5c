// Verdicts in words, made of numbers alone: where a contender is better than the baseline, where worse, where nothing can be
// told, and by how much.

import { METRICS } from "../experiment/metrics.js";
import type { Place, Results } from "../experiment/results.js";
import type { Estimate } from "../statistics.js";
import { placeName } from "./places.js";
import type { Question } from "./question.js";

/** Differences below this share are no difference to anyone, however sure they are. */
const NOTICEABLE = 0.02;

type Finding = "better" | "worse" | "same" | "unsure";

interface Comparison {
  readonly place: Place;
  readonly difference: Estimate;
  readonly finding: Finding;
}

/** @param difference relative, of something of which less is better */
export function findingOf({ value, low, high }: Estimate, lowerIsBetter = true): Finding {
  if (Math.abs(value) < NOTICEABLE) return "same";
  if (low <= 0 && high >= 0) return "unsure";
  return value < 0 === lowerIsBetter ? "better" : "worse";
}

/** One sentence per judged contender, and where it does not hold. */
export function verdict(question: Question, results: Results): string[] {
  const { judged, baseline, headline } = question;
  const { label, better } = METRICS[headline]!;
  const lines: string[] = [];
  for (const contender of judged) {
    const comparisons: Comparison[] = [];
    for (const place of results.places) {
      if (results.at(place, contender).length === 0 || results.at(place, baseline).length === 0) continue;
      if (results.hasFailed(place, contender) || results.hasFailed(place, baseline)) continue;
      const difference = results.relative(place, contender, baseline, headline);
      comparisons.push({ place, difference, finding: findingOf(difference, better !== "higher") });
    }
    if (comparisons.length > 0) lines.push(sentence(contender, baseline, label, comparisons));
  }
  return lines;
}

function sentence(contender: string, baseline: string, label: string, all: readonly Comparison[]): string {
  const of = (finding: Finding): Comparison[] => all.filter((each) => each.finding === finding);
  const better = of("better");
  const worse = of("worse");
  const undecided = all.length - better.length - worse.length;
  const head = `**${contender}** against **${baseline}**, by ${label}:`;
  if (better.length === 0 && worse.length === 0) {
    return `${head} no difference that can be told, in ${all.length} of ${all.length}${range(all)}.`;
  }
  const parts: string[] = [];
  if (better.length > 0) parts.push(`less in ${better.length} of ${all.length}${range(better)}`);
  if (worse.length > 0) parts.push(`more in ${worse.length} of ${all.length}${range(worse)}`);
  if (undecided > 0) parts.push(`no difference that can be told in ${undecided}`);
  const fewer = better.length <= worse.length ? better : worse;
  const exceptions = [...(better.length > 0 && worse.length > 0 ? fewer : []), ...of("unsure"), ...of("same")];
  const except =
    exceptions.length === 0
      ? ""
      : ` It does not hold at: ${exceptions.map(({ place }) => placeName(place)).join("; ")}.`;
  return `${head} ${parts.join(", ")}.${except}`;
}

function range(comparisons: readonly Comparison[]): string {
  const values = comparisons.map(({ difference }) => difference.value).sort((a, b) => a - b);
  const first = percent(values[0]!);
  const last = percent(values.at(-1)!);
  return first === last ? ` (${first})` : ` (${first} to ${last})`;
}

export function percent(share: number): string {
  if (Number.isNaN(share)) return "ended early";
  if (!Number.isFinite(share)) return "from nothing";
  const value = Math.abs(share) < 0.1 ? (share * 100).toFixed(1) : String(Math.round(share * 100));
  return `${share > 0 ? "+" : ""}${value.replace("-", "−")} %`;
}
