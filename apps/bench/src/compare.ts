// Two results of the same suites: what became better, what worse, and what is noise.

import type { BenchResult } from "./result-file.js";
import { type Estimate, ratioOfMedians } from "./statistics.js";
import { betterOf, type Row } from "./suite.js";

/** Ratios within this of 1 are no change, however sure they are. */
const NOTICEABLE = 0.02;

export interface Change {
  readonly suite: string;
  readonly name: string;
  readonly unit: string;
  readonly base: number;
  readonly now: number;
  /** New over base, with its 95 % interval. */
  readonly ratio: Estimate;
  readonly verdict: "regression" | "improvement" | "change" | "noise";
}

export interface Comparison {
  readonly changes: readonly Change[];
  /** Rows that only one of the two has, as `suite: row`. */
  readonly missing: readonly string[];
  readonly added: readonly string[];
}

/** Compares row by row. */
export function compareResults(base: BenchResult, now: BenchResult): Comparison {
  const before = rowsByName(base);
  const after = rowsByName(now);
  const changes: Change[] = [];
  for (const [key, { suite, row }] of after) {
    const old = before.get(key)?.row;
    if (old === undefined) continue;
    const ratio = ratioOfMedians(row.values ?? [row.value], old.values ?? [old.value]);
    changes.push({
      suite,
      name: row.name,
      unit: row.unit,
      base: old.value,
      now: row.value,
      ratio,
      verdict: verdictOf(row, ratio),
    });
  }
  return {
    changes,
    missing: [...before.keys()].filter((key) => !after.has(key)),
    added: [...after.keys()].filter((key) => !before.has(key)),
  };
}

function verdictOf(row: Row, { value, low, high }: Estimate): Change["verdict"] {
  // Both 0: nothing happened before and now. From 0 to something the ratio is infinite.
  if (Number.isNaN(value)) return "noise";
  const isSure = low > 1 + NOTICEABLE || high < 1 - NOTICEABLE;
  if (!isSure) return "noise";
  const better = betterOf(row);
  if (better === "neither") return "change";
  return value < 1 === (better === "lower") ? "improvement" : "regression";
}

function rowsByName({ results }: BenchResult): Map<string, { suite: string; row: Row }> {
  const rows = new Map<string, { suite: string; row: Row }>();
  for (const { suite, rows: each } of results)
    for (const row of each) rows.set(`${suite}: ${row.name}`, { suite, row });
  return rows;
}
