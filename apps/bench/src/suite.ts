/** One line of a suite's result. Times are CPU nanoseconds; ratios compare rows of the same run. */
export interface Row {
  readonly name: string;
  /** Median over the rounds. */
  readonly value: number;
  readonly unit: string;
  /** Middle half of the rounds. */
  readonly low: number;
  readonly high: number;
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
export function rowOf(name: string, unit: string, values: readonly number[]): Row {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return { name, unit, value: at(0.5), low: at(0.25), high: at(0.75) };
}
