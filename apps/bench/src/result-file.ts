// The file that `run --json` writes, and that `compare`, `report` and the documents read.

import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { TierError } from "@pagetier/base";
import { z } from "zod";
import type { CellResult } from "./experiment/experiment.js";
import type { Row } from "./suite.js";

export const RESULT_FORMAT = "pagetier-bench/1";

export interface SuiteResult {
  readonly suite: string;
  readonly rows: readonly Row[];
  /** Of suites that are simulated: every run. */
  readonly cells?: readonly CellResult[];
}

export interface BenchResult {
  readonly format: typeof RESULT_FORMAT;
  readonly environment: Readonly<Record<string, string | number>>;
  readonly results: readonly SuiteResult[];
}

/** The machine, as far as it may matter. */
export function environment(): Record<string, string | number> {
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    processors: cpus().length,
    memoryBytes: totalmem(),
  };
}

const shape = z.object({
  format: z.literal(RESULT_FORMAT),
  environment: z.record(z.string(), z.union([z.string(), z.number()])),
  results: z.array(
    z.object({
      suite: z.string(),
      rows: z.array(
        z.looseObject({ name: z.string(), unit: z.string(), value: z.number(), low: z.number(), high: z.number() }),
      ),
      cells: z.array(z.looseObject({ experiment: z.string(), metrics: z.record(z.string(), z.number()) })).optional(),
    }),
  ),
});

/** @throws TierError BENCH_RESULT when the file cannot be read or is no such result */
export function readResult(path: string): BenchResult {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new TierError(
      "BENCH_RESULT",
      `The result ${path} cannot be read (${why}); give a file that run --json wrote.`,
      { path, cause },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TierError("BENCH_RESULT", `The result ${path} is no JSON; give a file that run --json wrote.`, {
      path,
      cause,
    });
  }
  const checked = shape.safeParse(value);
  if (checked.success) return checked.data as unknown as BenchResult;
  const { path: where, message } = checked.error.issues[0]!;
  throw new TierError(
    "BENCH_RESULT",
    `The result ${path} is not one of ${RESULT_FORMAT}: ${where.join(".") || "the document"}: ${message}; give a file that run --json wrote.`,
    { path },
  );
}

/** Non-finite numbers have no JSON: they are written as large as JSON goes, or left out. */
export function writeResult(path: string, result: BenchResult): void {
  writeFileSync(path, `${JSON.stringify(result)}\n`);
}
