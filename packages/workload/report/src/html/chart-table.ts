// The table behind a chart: the same numbers, for whoever cannot see the chart or wants them exactly.

import type { BarChart, Chart, CurveChart, DotChart } from "../chart/chart.js";
import type { Cell, Row, Table } from "../report.js";

/** Rows of a curve's table at most; a longer curve shows every n-th of its points. */
const CURVE_ROWS_MAX = 60;

/** Makes the table of a chart. */
export function chartTable(chart: Chart, caption: string): Table {
  switch (chart.kind) {
    case "bars":
      return chart.stacked ? partsTable(chart, caption) : barTable(chart, caption);
    case "dots":
      return dotTable(chart, caption);
    default:
      return curveTable(chart, caption);
  }
}

function curveTable({ x, y, at, series }: CurveChart, caption: string): Table {
  const step = Math.ceil(at.length / CURVE_ROWS_MAX);
  const rows: Row[] = [];
  for (let index = 0; index < at.length; index++) {
    // The last point is always there: it is where everything ended.
    if (index % step !== 0 && index !== at.length - 1) continue;
    rows.push({ cells: [at[index]!, ...series.map((each) => each.y[index] ?? null)] });
  }
  return {
    caption,
    columns: [
      { head: x.label, format: x.format },
      ...series.map(({ name }) => ({ head: name, format: y.format, align: "right" as const })),
    ],
    rows,
    note: step === 1 ? undefined : `One in ${step} of ${at.length} points; all of them are in the data of this page.`,
  };
}

function barTable({ x, groups }: BarChart, caption: string): Table {
  const bars = groups.flatMap((group) => group.bars.map((bar) => ({ group: group.name, bar })));
  const ranged = bars.some(({ bar }) => bar.low !== undefined);
  return {
    caption,
    columns: [
      { head: "group" },
      { head: "" },
      { head: x.label, format: x.format },
      ...(ranged ? ["from", "to"].map((head) => ({ head, format: x.format, align: "right" as const })) : []),
    ],
    rows: bars.map(({ group, bar }) => ({
      cells: [group, bar.name, bar.value, ...(ranged ? [bar.low ?? null, bar.high ?? null] : [])],
    })),
  };
}

function partsTable({ x, groups }: BarChart, caption: string): Table {
  const parts = [...new Set(groups.flatMap(({ bars }) => bars.map(({ name }) => name)))];
  const partValue = (bars: BarChart["groups"][number]["bars"], part: string): Cell =>
    bars.find(({ name }) => name === part)?.value ?? null;
  return {
    caption,
    columns: [
      { head: "" },
      ...[...parts, "together"].map((head) => ({ head, format: x.format, align: "right" as const })),
    ],
    rows: groups.map(({ name, bars }) => ({
      cells: [name, ...parts.map((part) => partValue(bars, part)), bars.reduce((sum, { value }) => sum + value, 0)],
    })),
  };
}

function dotTable({ x, y, dots }: DotChart, caption: string): Table {
  return {
    caption,
    columns: [{ head: "" }, { head: x.label, format: x.format }, { head: y.label, format: y.format }],
    rows: dots.map((dot) => ({ cells: [dot.name, dot.x, dot.y] })),
  };
}
