import Table from "cli-table3";
import { count } from "../terminal.js";

/** One row of `policy --json`. */
export interface PolicyResult {
  readonly policy: string;
  /** Pages. */
  readonly capacity: number;
  readonly misses: number;
  readonly missRatio: number;
  /** Requests simulated per CPU second. */
  readonly requestsPerSecond: number;
  /** Only of a sample: 95 % of estimates are expected to be as near to the truth. */
  readonly expectedError?: number;
}

/** The bound by capacity, where it is known. */
export type Bound = ReadonlyMap<number, Pick<PolicyResult, "misses" | "missRatio">>;

/** Policies at each capacity, by capacity, with what they miss beyond Belady's bound. */
export function policyTable(results: readonly PolicyResult[], objects: number, bound: Bound): string {
  const sampled = results.some(({ expectedError }) => expectedError !== undefined);
  const head = ["capacity", "of objects", "policy", sampled ? "misses (est.)" : "misses", "miss ratio"];
  if (sampled) head.push("±");
  if (bound.size > 0) head.push("above Belady");
  head.push("M requests/s");
  const table = new Table({
    head,
    colAligns: head.map((_, column) => (column === 2 ? "left" : "right")),
    style: { head: [], border: [], compact: true },
  });
  const capacities = [...new Set(results.map(({ capacity }) => capacity))];
  for (const capacity of capacities) {
    for (const [index, result] of results.filter((each) => each.capacity === capacity).entries()) {
      const cells = [
        index === 0 ? count(capacity) : "",
        index === 0 ? percent(capacity / objects) : "",
        result.policy,
        count(result.misses),
        percent(result.missRatio),
      ];
      if (sampled) cells.push(percent(result.expectedError ?? 0));
      if (bound.size > 0) cells.push(above(result.misses, bound.get(capacity)?.misses));
      cells.push((result.requestsPerSecond / 1e6).toFixed(1));
      table.push(cells);
    }
  }
  return table.toString();
}

/** 0.1234 as `12.34 %`. */
export function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(2)} %`;
}

function above(misses: number, least: number | undefined): string {
  if (least === undefined) return "";
  return `+${((misses / least - 1) * 100).toFixed(1)} %`.replace("+-", "−");
}
