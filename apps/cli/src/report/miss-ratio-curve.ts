// Miss-ratio curves in a terminal: one line per capacity, the miss ratio from left to right, 100 columns at most, legible
// without colours.
//
// One policy is drawn as a bar: solid what Belady's bound misses too, light what it misses beyond that. Several are drawn
// as letters, `*` where they coincide, and the bound as `|`.

import { colours, count } from "../terminal.js";
import { type Bound, type PolicyResult, percent } from "./policy-table.js";

const PLOT_COLUMNS = 68;
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const SEVERAL = "*";
const BOUND = "|";

/** Draws the miss ratios of one or more policies over their capacities. */
export function missRatioCurve(results: readonly PolicyResult[], bound: Bound): string {
  const capacities = [...new Set(results.map(({ capacity }) => capacity))].sort((a, b) => a - b);
  const policies = [...new Set(results.map(({ policy }) => policy))];
  const scale = niceAbove(Math.max(...results.map(({ missRatio }) => missRatio)));
  const width = Math.max("capacity".length, ...capacities.map((capacity) => count(capacity).length));
  const ratiosAt = (capacity: number): number[] =>
    policies.map((policy) => {
      const result = results.find((each) => each.policy === policy && each.capacity === capacity);
      return result!.missRatio / scale;
    });
  const axis = `${"capacity".padStart(width)}  0${percent(scale).padStart(PLOT_COLUMNS - 1)}`;
  const lines = capacities.map((capacity) => {
    const ratios = ratiosAt(capacity);
    const least = bound.get(capacity)?.missRatio;
    const leastColumn = least === undefined ? undefined : columnOf(least / scale);
    const plot = policies.length === 1 ? bar(ratios[0]!, leastColumn) : letters(ratios, leastColumn);
    const value = policies.length === 1 ? percent(ratios[0]! * scale).padStart(10) : "";
    return `${count(capacity).padStart(width)}  ${plot}${value}`.trimEnd();
  });
  return [legend(policies, bound), axis, ...lines].join("\n");
}

function legend(policies: readonly string[], bound: Bound): string {
  if (policies.length === 1) {
    const [policy] = policies;
    if (bound.size === 0) return colours.bold(`Miss ratio of ${policy}`);
    return `${colours.bold(`Miss ratio of ${policy}`)}: █ what Belady's bound misses too, ░ what it misses beyond`;
  }
  const names = policies.map((policy, index) => `${LETTERS[index % LETTERS.length]} ${policy}`);
  if (bound.size > 0) names.push(`${BOUND} Belady's bound`);
  return `${colours.bold("Miss ratio")}: ${names.join(", ")}, ${SEVERAL} several`;
}

function bar(ratio: number, leastColumn: number | undefined): string {
  const end = Math.round(ratio * PLOT_COLUMNS);
  const solid = Math.min(end, leastColumn ?? end);
  return "█".repeat(solid) + colours.dim("░".repeat(end - solid)) + " ".repeat(PLOT_COLUMNS - end);
}

function letters(ratios: readonly number[], leastColumn: number | undefined): string {
  const plot = new Array<string>(PLOT_COLUMNS + 1).fill(" ");
  if (leastColumn !== undefined) plot[leastColumn] = BOUND;
  for (const [index, ratio] of ratios.entries()) {
    const column = columnOf(ratio);
    const taken = plot[column] !== " " && plot[column] !== BOUND;
    plot[column] = taken ? SEVERAL : LETTERS[index % LETTERS.length]!;
  }
  return plot.join("");
}

function columnOf(ratio: number): number {
  return Math.round(ratio * PLOT_COLUMNS);
}

/** The least of 1, 2, 5, 10, 20, … parts per thousand that is not below a ratio. */
function niceAbove(ratio: number): number {
  for (let unit = 0.001; unit < 1; unit *= 10) {
    for (const factor of [1, 2, 5]) if (factor * unit >= ratio) return Math.min(1, factor * unit);
  }
  return 1;
}
