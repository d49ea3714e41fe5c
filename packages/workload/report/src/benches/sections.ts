// The sections of a report about benchmark suites.

import type { Format } from "../chart/chart.js";
import type { BenchDocument, BenchRow } from "../documents/bench.js";
import type { Figure, Row, Section, Summary } from "../report.js";
import { count, idOf, listed, name } from "../words.js";

type Result = BenchDocument["results"][number];

export function benchSummary({ results }: BenchDocument): Summary {
  const suites = results.map(({ suite, rows }) => `${name(suite)} with ${count(rows.length)} rows`);
  return {
    heading: "Benchmarks",
    lead: `${listed(suites)}: medians, with the middle half of the rounds beside them.`,
    points: [],
  };
}

export function benchSections({ results }: BenchDocument): Section[] {
  return results.map(
    (result): Section => ({
      id: `suite-${idOf(result.suite)}`,
      heading: `Suite ${result.suite}`,
      blocks: [
        { kind: "figures", figures: unitsOf(result).map((unit) => figure(result, unit)) },
        { kind: "table", table: tableOf(result) },
      ],
    }),
  );
}

/** Rows of one unit share a scale. */
function figure({ suite, rows }: Result, unit: string): Figure {
  const alike = rows.filter((row) => row.unit === unit);
  const most = alike.reduce((found, row) => (row.value > found.value ? row : found));
  return {
    id: `suite-${idOf(suite)}-${idOf(unit) || "rows"}`,
    title: unit,
    description: `${alike.length} row${alike.length === 1 ? "" : "s"}; the highest is ${name(most.name)}. The thin lines span the middle half of the rounds.`,
    chart: {
      kind: "bars",
      stacked: false,
      x: { label: unit, format: formatOf(alike) },
      groups: [
        {
          name: "",
          bars: alike.map(({ name, value, low, high }) => ({ name, colour: 0, value, low, high })),
        },
      ],
    },
  };
}

function tableOf({ suite, rows }: Result): Extract<Section["blocks"][number], { kind: "table" }>["table"] {
  return {
    caption: `Rows of ${suite}`,
    columns: [
      { head: "" },
      { head: "median", format: "decimal" },
      { head: "from", format: "decimal" },
      { head: "to", format: "decimal" },
      { head: "unit" },
    ],
    rows: rows.map(({ name, value, low, high, unit }): Row => ({ cells: [name, value, low, high, unit] })),
  };
}

function unitsOf({ rows }: Result): string[] {
  return [...new Set(rows.map(({ unit }) => unit))];
}

function formatOf(rows: readonly BenchRow[]): Format {
  return rows.every(({ value }) => Number.isInteger(value)) ? "count" : "decimal";
}
