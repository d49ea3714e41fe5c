import { quantile } from "./statistics.js";

/** One line of a suite's result. Times are CPU nanoseconds; ratios compare rows of the same run. */
export interface Row {
  readonly name: string;
  /** Median over the rounds. */
  readonly value: number;
  readonly unit: string;
  /** Middle half of the rounds. */
  readonly low: number;
  readonly high: number;
  /** What each round gave. */
  readonly values?: readonly number[];
  /** Which way is better; left out: as the unit says. */
  readonly better?: "lower" | "higher" | "neither";
}

/** A question, and how it is answered. */
export interface Suite {
  readonly name: string;
  /** One sentence: what the rows compare. */
  readonly summary: string;
  run(input: SuiteInput): Promise<Row[]>;
}

export interface SuiteInput {
  /** Real pages, same-filled ones left out. */
  readonly pages: readonly Uint8Array[];
  /** Path of a key trace. */
  readonly trace: string;
  readonly rounds: number;
}

/** CPU nanoseconds of a piece of work. */
export function cpuNs(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) * 1000;
}

/** Summarises what the rounds gave. */
export function rowOf(name: string, unit: string, values: readonly number[], better?: Row["better"]): Row {
  const row = {
    name,
    unit,
    value: quantile(values, 0.5),
    low: quantile(values, 0.25),
    high: quantile(values, 0.75),
    values,
  };
  return better === undefined ? row : { ...row, better };
}

/** Units of which less is better, and more. Of ratios nobody knows. */
const LOWER = /^(ns|µs|ms|s|B|bytes|bytes\/byte|bytes\/call|byte\/call|pages|faults)$/;
const HIGHER = /\/s$|per second|back$|^MB\/s$/;

/** Which way a row's values are better. */
export function betterOf({ better, unit }: Row): "lower" | "higher" | "neither" {
  if (better !== undefined) return better;
  if (LOWER.test(unit)) return "lower";
  return HIGHER.test(unit) ? "higher" : "neither";
}
