// The tables of an answer.

import { METRICS } from "../experiment/metrics.js";
import type { Place, Results } from "../experiment/results.js";
import { placeName } from "./places.js";
import type { Question } from "./question.js";
import { percent } from "./verdict.js";

/** What every experiment reports, whatever it asks. */
const ALWAYS = ["majorFaults", "readBytes", "writtenBytes", "someMs", "fullMs", "codecMs", "peakFrames", "wantedSoon"];

/** All contenders at one place: medians over the seeds, the headline with its interval. */
export function tableOf(question: Question, results: Results, place: Place): string {
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
export function elsewhere(question: Question, results: Results): string {
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

/** What is reported of every run, at these places: medians over the seeds. */
export function whatIsAlwaysReported(results: Results, places: readonly Place[]): string {
  const tables = places.map((place) => {
    const rows = results.contenders
      .filter((contender) => results.at(place, contender).length > 0)
      .map((contender) => {
        const cells = ALWAYS.map((name) => write(name, results.median(place, contender, name).value));
        return `| ${[contender, ...cells].join(" | ")} |`;
      });
    return [
      `**${placeName(place)}**`,
      "",
      `| | ${ALWAYS.map((name) => withUnit(name)).join(" | ")} |`,
      `|---|${"--:|".repeat(ALWAYS.length)}`,
      ...rows,
    ].join("\n");
  });
  const summary = "<summary>Traffic, stalls, codec time, frames: what is reported of every run</summary>";
  return ["<details>", summary, "", tables.join("\n\n"), "", "</details>"].join("\n");
}

/** At every place, the best of some contenders, and how far others are from it. */
export function besideBest({ best, headline }: Question, results: Results): string {
  if (best === undefined) return "";
  const rows: string[] = [];
  for (const place of results.places) {
    const there = best.of.filter(
      (contender) => results.at(place, contender).length > 0 && !results.hasFailed(place, contender),
    );
    const medianOf = (contender: string): number => results.median(place, contender, headline).value;
    const winner = there.sort((a, b) => medianOf(a) - medianOf(b))[0];
    if (winner === undefined) continue;
    const cells = best.against.map((contender) => {
      const { value, low, high } = results.relative(place, contender, winner, headline);
      return `${percent(value)} (${percent(low)} to ${percent(high)})`;
    });
    rows.push(`| ${[placeName(place), winner, write(headline, medianOf(winner)), ...cells].join(" | ")} |`);
  }
  return [
    "Beside the best of those at each place, found afterwards:",
    "",
    `| place | the best | ${[withUnit(headline), ...best.against].join(" | ")} |`,
    `|---|---|${"--:|".repeat(best.against.length + 1)}`,
    ...rows,
  ].join("\n");
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
