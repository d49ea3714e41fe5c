import * as Plot from "@observablehq/plot";
import type { BarChart } from "../src/chart/chart.js";
import { formatNumber, formatTick, roundTicks } from "../src/chart/format.js";
import { colourOf, type Drawing, marginFor } from "./drawing.js";

interface Piece {
  readonly row: string;
  readonly colour: number;
  readonly from: number;
  readonly to: number;
  readonly low: number | undefined;
  readonly high: number | undefined;
}

/** A row of the chart: one bar, or the parts of one. */
interface Line {
  readonly key: string;
  readonly label: string;
  readonly isHead: boolean;
  readonly end: number;
}

const ROW_PIXELS = 21;

/** Horizontal bars, each with its number at its end. */
export function drawBars({ x, stacked, groups }: BarChart, width: number): Drawing {
  const lines: Line[] = [];
  const pieces: Piece[] = [];
  for (const [index, { name, bars }] of groups.entries()) {
    const group = `${index}`;
    if (stacked) {
      let from = 0;
      for (const { colour, value } of bars) {
        pieces.push({ row: group, colour, from, to: from + value, low: undefined, high: undefined });
        from += value;
      }
      lines.push({ key: group, label: name, isHead: false, end: from });
      continue;
    }
    if (name !== "") lines.push({ key: group, label: name, isHead: true, end: 0 });
    for (const [place, { name: bar, colour, value, low, high }] of bars.entries()) {
      const row = `${group}.${place}`;
      lines.push({ key: row, label: bar, isHead: false, end: value });
      pieces.push({ row, colour, from: 0, to: value, low, high });
    }
  }
  const labels = new Map(lines.map(({ key, label }) => [key, label]));
  const heads = lines.filter(({ isHead }) => isHead);
  const ends = lines.filter(({ isHead }) => !isHead);
  const ranged = pieces.filter(({ low }) => low !== undefined);
  const most = Math.max(...ends.map(({ end }) => end), ...ranged.map(({ high }) => high ?? 0));
  const marginLeft = marginFor([...labels.values()], width);
  const valueRoom = Math.max(...ends.map(({ end }) => formatNumber(end, x.format).length)) * 7 + 16;
  const tickRoom = Math.max(2, Math.floor((width - marginLeft - valueRoom) / 80));
  const ticks = roundTicks([0, most], x, tickRoom) ?? tickRoom;
  const height = lines.length * ROW_PIXELS * (stacked ? 1.6 : 1) + 44;
  const figure = Plot.plot({
    width,
    height,
    marginTop: 4,
    marginRight: valueRoom,
    marginBottom: 38,
    marginLeft,
    x: {
      domain: [0, most === 0 ? 1 : most],
      label: x.label,
      labelArrow: "none",
      labelAnchor: "center",
      ticks,
      tickFormat: (value: number) => formatTick(value, x.format),
    },
    y: { domain: lines.map(({ key }) => key), label: null, padding: stacked ? 0.3 : 0.18, axis: null },
    color: { type: "identity" },
    marks: [
      Plot.gridX({ ticks, stroke: "var(--grid)", strokeOpacity: 1 }),
      Plot.axisY({
        tickSize: 0,
        tickFormat: (key: string) => (heads.some((head) => head.key === key) ? "" : labels.get(key)!),
        textOverflow: "ellipsis-end",
        lineWidth: (marginLeft - 8) / 10,
      }),
      Plot.text(heads, {
        y: "key",
        text: "label",
        frameAnchor: "left",
        textAnchor: "end",
        dx: -6,
        fontWeight: "bold",
        fill: "var(--ink)",
      }),
      Plot.barX(pieces, { y: "row", x1: "from", x2: "to", fill: (piece: Piece) => colourOf(piece.colour), rx: 1.5 }),
      Plot.ruleY(ranged, { y: "row", x1: "low", x2: "high", stroke: "var(--ink)", strokeWidth: 1.5 }),
      Plot.text(ends, {
        y: "key",
        x: (line: Line) => Math.max(line.end, pieces.find(({ row }) => row === line.key)?.high ?? 0),
        text: (line: Line) => formatNumber(line.end, x.format),
        textAnchor: "start",
        dx: 6,
        fill: "var(--ink)",
      }),
      Plot.ruleX([0], { stroke: "var(--axis)" }),
    ],
  });
  return { svg: figure as unknown as SVGSVGElement, stops: [], top: 0, bottom: 0 };
}
