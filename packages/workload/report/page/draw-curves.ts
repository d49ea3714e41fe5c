import * as Plot from "@observablehq/plot";
import type { CurveChart } from "../src/chart/chart.js";
import { formatNumber, formatTick, roundTicks } from "../src/chart/format.js";
import { dashOf } from "../src/chart/marks.js";
import { colourOf, type Drawing, marginFor, type Stop } from "./drawing.js";

interface Point {
  readonly name: string;
  readonly colour: number;
  readonly x: number;
  /** `NaN` is a gap. */
  readonly y: number;
}

const HEIGHT = 230;
const TICK_PIXELS = 78;

/** Lines, or layers one upon another, over a common x. */
export function drawCurves(chart: CurveChart, width: number): Drawing {
  const { x, y, at, series, limit } = chart;
  const stacked = chart.kind === "layers";
  const points: Point[] = series.flatMap(({ name, colour, y: values }) =>
    at.map((place, index) => ({ name, colour, x: place, y: values[index] ?? Number.NaN })),
  );
  const top = highestOf(chart);
  const tickRoom = Math.max(2, Math.floor(width / TICK_PIXELS));
  const across = roundTicks([at[0]!, at.at(-1)!], x, tickRoom) ?? tickRoom;
  const up = roundTicks([y.log ? lowestOf(chart) : 0, top], y, 7) ?? 5;
  const stroke = (point: Point): string => colourOf(point.colour);
  const figure = Plot.plot({
    width,
    height: HEIGHT,
    marginTop: 12,
    marginRight: 14,
    marginBottom: 38,
    marginLeft: marginFor([formatTick(top, y.format), formatTick(top * 0.75, y.format)], width) + 6,
    x: {
      type: x.log ? "log" : "linear",
      ...(x.log ? { axis: null } : {}),
      domain: [at[0]!, at.at(-1)!],
      label: x.label,
      labelArrow: "none",
      labelAnchor: "center",
      ticks: across,
      tickFormat: (value: number) => formatTick(value, x.format),
    },
    y: {
      type: y.log ? "log" : "linear",
      ...(y.log ? { axis: null } : {}),
      domain: [y.log ? lowestOf(chart) : 0, top],
      label: null,
      ticks: up,
      tickFormat: (value: number) => formatTick(value, y.format),
    },
    color: { type: "identity" },
    marks: [
      ...axesOf(chart, across, up),
      Plot.gridY({ ticks: up, stroke: "var(--grid)", strokeOpacity: 1 }),
      ...(stacked
        ? [Plot.areaY(points, Plot.stackY({ x: "x", y: "y", z: "name", order: null, fill: stroke, fillOpacity: 0.85 }))]
        : series.map(({ name, colour }) =>
            Plot.lineY(
              points.filter((point) => point.name === name),
              { x: "x", y: "y", stroke: colourOf(colour), strokeWidth: 2, strokeDasharray: dashOf(colour) },
            ),
          )),
      ...(limit === undefined
        ? []
        : [
            Plot.ruleY([limit.value], { stroke: "var(--ink)", strokeDasharray: "5 4" }),
            Plot.text([limit], {
              x: () => at.at(-1)!,
              y: "value",
              text: () => `${limit.name}: ${formatNumber(limit.value, y.format)}`,
              textAnchor: "end",
              dy: -7,
              fill: "var(--ink)",
            }),
          ]),
      ...(y.log ? [] : [Plot.ruleY([0], { stroke: "var(--axis)" })]),
    ],
  });
  const scale = { x: figure.scale("x")!, y: figure.scale("y")! };
  return {
    svg: figure as unknown as SVGSVGElement,
    stops: at.map((place, index) => stopAt(chart, place, index, scale)),
    top: 12,
    bottom: HEIGHT - 38,
  };
}

/** Axes of logarithmic scales: d3 writes only some of their ticks, and here all that were chosen have room. */
function axesOf({ x, y }: CurveChart, across: number | number[], up: number | number[]): Plot.Markish[] {
  return [
    ...(x.log && typeof across === "object"
      ? [
          Plot.axisX(across, {
            text: (value: number) => formatTick(value, x.format),
            label: x.label,
            labelArrow: "none",
            labelAnchor: "center",
          }),
        ]
      : []),
    ...(y.log && typeof up === "object"
      ? [Plot.axisY(up, { text: (value: number) => formatTick(value, y.format), label: null })]
      : []),
  ];
}

type Scales = { readonly x: Plot.Scale; readonly y: Plot.Scale };

function stopAt({ kind, x, y, series }: CurveChart, place: number, index: number, scale: Scales): Stop {
  const values: Record<string, string> = {};
  const marks: { y: number; colour: number }[] = [];
  let below = 0;
  for (const { name, colour, y: all } of series) {
    const value = all[index] ?? null;
    values[name] = value === null ? "–" : formatNumber(value, y.format);
    if (value === null) continue;
    below = kind === "layers" ? below + value : value;
    marks.push({ y: scale.y.apply(below) as number, colour });
  }
  const words = Object.entries(values).map(([name, value]) => `${name} ${value}`);
  return {
    x: scale.x.apply(place) as number,
    text: `${x.label} ${formatNumber(place, x.format)}: ${words.join(", ")}`,
    values,
    marks,
  };
}

/** Of a logarithmic scale, which knows no 0. */
function lowestOf({ series }: CurveChart): number {
  const values = series.flatMap(({ y }) => y.filter((value) => value !== null && value > 0) as number[]);
  return values.length === 0 ? 1 : Math.min(...values) / 1.15;
}

function highestOf({ kind, y, at, series, limit }: CurveChart): number {
  const sums = at.map((_, index) => {
    const values = series.map((each) => each.y[index] ?? 0);
    return kind === "layers" ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values);
  });
  const most = Math.max(y.max ?? 0, limit?.value ?? 0, ...sums);
  return most === 0 ? 1 : most * (y.log ? 1.2 : 1.06);
}
