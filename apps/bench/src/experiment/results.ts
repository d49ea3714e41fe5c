// Looking results up, and comparing them seed by seed.

import { type Estimate, estimate, pairedDifference } from "../statistics.js";
import { type CellResult, type Environment, environmentName, type Metrics, UNBOUNDED } from "./experiment.js";

/** Where a comparison takes place: one workload in one environment. */
export interface Place {
  readonly workload: string;
  readonly environment: Environment;
}

export class Results {
  readonly #cells: readonly CellResult[];
  readonly #byKey = new Map<string, CellResult[]>();

  /** Runs in real time, apart from all others. */
  readonly spotChecks: readonly CellResult[];

  constructor(all: readonly CellResult[]) {
    const cells = all.filter(({ real }) => !real);
    this.spotChecks = all.filter(({ real }) => real);
    this.#cells = cells;
    for (const cell of withLostTime(cells)) {
      const key = keyOf(cell, cell.contender);
      const found = this.#byKey.get(key);
      if (found === undefined) this.#byKey.set(key, [cell]);
      else found.push(cell);
    }
    for (const found of this.#byKey.values()) found.sort((a, b) => a.seed - b.seed);
  }

  /** Places in the order of the cells. */
  get places(): Place[] {
    const places = new Map<string, Place>();
    for (const { workload, environment } of this.#cells)
      places.set(`${workload} ${environmentName(environment)}`, { workload, environment });
    return [...places.values()];
  }

  get contenders(): string[] {
    return [...new Set(this.#cells.map(({ contender }) => contender))];
  }

  /** The cells of a contender at a place, one per seed. */
  at(place: Place, contender: string): readonly CellResult[] {
    return this.#byKey.get(keyOf(place, contender)) ?? [];
  }

  values(place: Place, contender: string, metric: string): number[] {
    return this.at(place, contender).map(({ metrics }) => metrics[metric] ?? Number.NaN);
  }

  median(place: Place, contender: string, metric: string): Estimate {
    return estimate(this.values(place, contender, metric));
  }

  /**
   * How much more than the baseline, mean of the paired differences, as shares of the baseline's mean. NaN where a run of either
   * ended early.
   */
  relative(place: Place, contender: string, baseline: string, metric: string): Estimate {
    if (this.hasFailed(place, contender) || this.hasFailed(place, baseline)) return NOT_COMPARED;
    const base = this.values(place, baseline, metric);
    const whole = base.reduce((sum, value) => sum + value, 0) / base.length;
    const { value, low, high } = pairedDifference(this.values(place, contender, metric), base);
    if (whole === 0)
      return value === 0 ? { value: 0, low: 0, high: 0 } : scaled({ value, low, high }, Number.POSITIVE_INFINITY);
    return scaled({ value, low, high }, 1 / whole);
  }

  /** Whether any run of a contender at a place ended early: its numbers compare with nothing. */
  hasFailed(place: Place, contender: string): boolean {
    return this.at(place, contender).some(({ error }) => error !== undefined);
  }

  /** Cells that failed. */
  get failures(): readonly CellResult[] {
    return this.#cells.filter(({ error }) => error !== undefined);
  }
}

const NOT_COMPARED: Estimate = { value: Number.NaN, low: Number.NaN, high: Number.NaN };

function scaled({ value, low, high }: Estimate, factor: number): Estimate {
  const scale = (each: number): number => (each === 0 ? 0 : each * factor);
  return { value: scale(value), low: scale(low), high: scale(high) };
}

function keyOf({ workload, environment }: Place, contender: string): string {
  return `${workload}\n${environmentName(environment)}\n${contender}`;
}

/** Adds the time beyond that which the same requests take with memory for everything. */
function withLostTime(cells: readonly CellResult[]): CellResult[] {
  const unbounded = new Map<string, number>();
  const key = ({ workload, environment, seed }: CellResult): string => `${workload}\n${environment.thinkNs}\n${seed}`;
  for (const cell of cells)
    if (cell.contender === UNBOUNDED && cell.error === undefined) unbounded.set(key(cell), cell.metrics.elapsedMs!);
  return cells.map((cell) => {
    const bound = unbounded.get(key(cell));
    const { elapsedMs } = cell.metrics;
    if (bound === undefined || elapsedMs === undefined) return cell; // What broke has no number, least of all the best one.
    const metrics: Metrics = { ...cell.metrics, lostMs: Math.max(0, elapsedMs - bound) };
    return { ...cell, metrics };
  });
}
