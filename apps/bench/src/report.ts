// A result as one HTML page: rows of every suite, without the thousands of single runs behind them.

import { writeFileSync } from "node:fs";
import { TierError } from "@pagetier/base";
import { renderParts } from "@pagetier/report";
import type { BenchResult } from "./result-file.js";

/** @throws TierError BENCH_RESULT when there is nothing to show, BENCH_REPORT when the page cannot be written */
export function writeReport({ environment, results }: BenchResult, page: string): void {
  const shown = results
    .filter(({ rows }) => rows.length > 0)
    .map(({ suite, rows }) => ({
      suite,
      rows: rows.map(({ name, value, unit, low, high }) => ({ name, value, unit, low, high })),
    }));
  if (shown.length === 0) {
    throw new TierError("BENCH_RESULT", "The result holds no rows; run a suite first.", {});
  }
  const html = renderParts([{ document: { environment, results: shown } }]);
  try {
    writeFileSync(page, html);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new TierError(
      "BENCH_REPORT",
      `The page ${page} cannot be written (${why}); give a file in a folder that is there.`,
      { page, cause },
    );
  }
}
