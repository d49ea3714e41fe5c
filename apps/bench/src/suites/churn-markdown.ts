// The churn suite as the tables of docs/pools.md: distributions down, allocators across.

import type { ChurnCell } from "./allocators.js";
import type { ChurnResult, Compacted, Returned } from "./churn-history.js";

interface Question {
  readonly title: string;
  readonly unit: string;
  cell(results: readonly ChurnResult[]): string;
}

const QUESTIONS: readonly Question[] = [
  {
    title: "Fresh",
    unit: "Frame bytes per stored byte after filling the pool; 1 is perfect.",
    cell: (results) => median(results, ({ fresh }) => fresh).toFixed(2),
  },
  density("After random churn", ({ random }) => random),
  density("After oldest-first churn", ({ oldestFirst }) => oldestFirst),
  density("After growing and shrinking", ({ growShrink }) => growShrink),
  returned(
    "Frames that come back, random frees",
    ({ returnedRandom }) => returnedRandom,
    ({ returnedRandomCompacted }) => returnedRandomCompacted,
  ),
  returned(
    "Frames that come back, oldest freed first",
    ({ returnedOldestFirst }) => returnedOldestFirst,
    ({ returnedOldestFirstCompacted }) => returnedOldestFirstCompacted,
  ),
];

/** One table per question. */
export function churnMarkdown(cells: readonly ChurnCell[]): string {
  const distributions = [...new Set(cells.map(({ distribution }) => distribution))];
  const allocators = [...new Set(cells.map(({ allocator }) => allocator))];
  return QUESTIONS.map(({ title, unit, cell }) => {
    const rows = distributions.map((distribution) => {
      const columns = allocators.map((allocator) => {
        const found = cells.find((each) => each.distribution === distribution && each.allocator === allocator);
        return found === undefined ? "" : cell(found.results);
      });
      return `| ${[distribution, ...columns].join(" | ")} |`;
    });
    const head = [`| sizes | ${allocators.join(" | ")} |`, `|---|${allocators.map(() => "--:|").join("")}`];
    return [`### ${title}`, "", unit, "", ...head, ...rows].join("\n");
  }).join("\n\n");
}

function density(title: string, part: (result: ChurnResult) => Compacted): Question {
  return {
    title,
    unit: "Frame bytes per stored byte, and after `→` the same once the pool was compacted, where that changes it.",
    cell: (results) =>
      arrow(
        twoDigits(results, (result) => part(result).asIs),
        twoDigits(results, (result) => part(result).compacted),
      ),
  };
}

function returned(
  title: string,
  asIs: (result: ChurnResult) => Returned,
  compacted: (result: ChurnResult) => Returned,
): Question {
  const percents = (results: readonly ChurnResult[], part: (result: ChurnResult) => Returned): string =>
    ([0, 1, 2] as const)
      .map((quarter) => Math.round(100 * median(results, (result) => part(result)[quarter])))
      .join("/");
  return {
    title,
    unit:
      "Per cent of the full pool's frames that came back when 25/50/75 % of the objects went; after `→` with compaction, " +
      "where that changes it.",
    cell: (results) => arrow(percents(results, asIs), percents(results, compacted)),
  };
}

function arrow(before: string, after: string): string {
  return before === after ? before : `${before} → ${after}`;
}

function twoDigits(results: readonly ChurnResult[], value: (result: ChurnResult) => number): string {
  return median(results, value).toFixed(2);
}

function median(results: readonly ChurnResult[], value: (result: ChurnResult) => number): number {
  return results.map(value).sort((a, b) => a - b)[results.length >> 1]!;
}
