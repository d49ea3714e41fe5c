import Table from "cli-table3";
import type { Comparison } from "./compare.js";
import type { Row } from "./suite.js";

const STYLE = { head: [], border: [], compact: true };
/** Rows of a table on a terminal; a result file has all. */
const ROWS_MAX = 200;

export function rowsTable(rows: readonly Row[]): string {
  const table = new Table({
    head: ["", "median", "middle half", "unit"],
    colAligns: ["left", "right", "right", "left"],
    style: STYLE,
  });
  for (const { name, value, low, high, unit } of rows.slice(0, ROWS_MAX))
    table.push([name, digits(value), `${digits(low)} – ${digits(high)}`, unit]);
  const more = rows.length > ROWS_MAX ? `\n… and ${rows.length - ROWS_MAX} rows more, which --json writes.` : "";
  return `${table.toString()}${more}`;
}

/** What changed beyond noise, and a sentence about the rest. */
export function comparisonTable({ changes, missing, added }: Comparison): string {
  const notable = changes.filter(({ verdict }) => verdict !== "noise");
  const lines: string[] = [];
  if (notable.length > 0) {
    const table = new Table({
      head: ["", "base", "new", "new : base (95 %)", "unit", ""],
      colAligns: ["left", "right", "right", "right", "left", "left"],
      style: STYLE,
    });
    const order = ["regression", "improvement", "change"];
    for (const { suite, name, base, now, ratio, unit, verdict } of [...notable].sort(
      (a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict),
    )) {
      const interval = `${ratio.value.toFixed(3)} (${ratio.low.toFixed(3)} – ${ratio.high.toFixed(3)})`;
      table.push([`${suite}: ${name}`, digits(base), digits(now), interval, unit, verdict]);
    }
    lines.push(table.toString());
  }
  const count = (verdict: string): number => changes.filter((each) => each.verdict === verdict).length;
  lines.push(
    `${changes.length} rows compared: ${count("regression")} regressions, ${count("improvement")} improvements, ` +
      `${count("change")} other changes, ${count("noise")} within noise.`,
  );
  if (missing.length > 0) lines.push(`Not in the new result: ${missing.length} rows, such as ${missing[0]}.`);
  if (added.length > 0) lines.push(`Only in the new result: ${added.length} rows, such as ${added[0]}.`);
  return `${lines.join("\n")}\n`;
}

export function digits(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toFixed(2);
}
