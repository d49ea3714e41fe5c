// A suite whose rows are simulated: experiments as data, run on all processors.

import { TierError } from "@pagetier/base";
import { type Row, rowOf } from "../suite.js";
import { type CellResult, cellsOf, type Experiment, keyOf } from "./experiment.js";
import { METRICS } from "./metrics.js";
import { Results } from "./results.js";
import { type RunCellsOptions, runCells } from "./run-cells.js";

export interface ExperimentSuite {
  readonly name: string;
  readonly summary: string;
  readonly experiments: readonly Experiment[];
}

export interface ExperimentOptions extends RunCellsOptions {
  /** In place of the experiments' own. */
  readonly seeds?: readonly number[] | undefined;
  /** Whole traces in place of slices. */
  readonly full?: boolean | undefined;
  /** Only experiments whose names contain this. */
  readonly only?: string | undefined;
}

/** What rows are made of; every cell has more. */
const ROW_METRICS = ["lostMs", "majorFaults", "readBytes", "writtenBytes", "codecMs"];

/**
 * Runs a suite.
 *
 * @returns the results of every cell
 * @throws TierError BENCH_UNKNOWN_SUITE when `only` leaves nothing
 */
export async function runExperiments(suite: ExperimentSuite, options: ExperimentOptions = {}): Promise<CellResult[]> {
  const { only = "" } = options;
  const experiments = suite.experiments.filter(({ name }) => name.includes(only));
  if (experiments.length === 0) {
    const known = suite.experiments.map(({ name }) => name).join("; ");
    throw new TierError(
      "BENCH_UNKNOWN_SUITE",
      `No experiment of the suite ${suite.name} has ${JSON.stringify(only)} in its name; they are: ${known}.`,
      { suite: suite.name, only },
    );
  }
  return runCells(
    experiments.flatMap((each) => cellsOf(adjusted(each, options))),
    options,
  );
}

function adjusted(experiment: Experiment, { seeds, full }: ExperimentOptions): Experiment {
  const workloads = full
    ? experiment.workloads.map((spec) =>
        "file" in spec.requests ? { ...spec, measured: Number.MAX_SAFE_INTEGER } : spec,
      )
    : experiment.workloads;
  return { ...experiment, workloads, seeds: seeds ?? experiment.seeds };
}

/** Rows of what cells gave, a value per seed. */
export function rowsOf(cells: readonly CellResult[]): Row[] {
  const rows: Row[] = [];
  for (const experiment of new Set(cells.map((cell) => cell.experiment))) {
    const results = new Results(cells.filter((cell) => cell.experiment === experiment));
    for (const place of results.places)
      for (const contender of results.contenders) {
        const found = results.at(place, contender);
        if (found.length === 0) continue;
        for (const metric of ROW_METRICS) {
          const { label, unit, better } = METRICS[metric]!;
          const name = `${experiment} · ${keyOf(found[0]!)}: ${label}`;
          const values = results.values(place, contender, metric);
          if (values.every(Number.isFinite)) rows.push(rowOf(name, unit, values, better));
        }
      }
  }
  return rows;
}
