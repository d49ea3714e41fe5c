import * as Plot from "@observablehq/plot";
import type { Dot, DotChart } from "../src/chart/chart.js";
import { formatNumber, formatTick } from "../src/chart/format.js";
import { symbolOf } from "../src/chart/marks.js";
import { colourOf, type Drawing, marginFor } from "./drawing.js";

const HEIGHT = 420;
const MARGIN_TOP = 26;
const MARGIN_BOTTOM = 42;

/** Points with two measures each; symbols repeat what colours say. */
export function drawDots({ x, y, dots }: DotChart, width: number): Drawing {
  const top = Math.max(...dots.map((dot) => dot.y)) * 1.08;
  const figure = Plot.plot({
    width,
    height: HEIGHT,
    marginTop: MARGIN_TOP,
    marginRight: 20,
    marginBottom: MARGIN_BOTTOM,
    marginLeft: marginFor([formatTick(top, y.format), "00.0"], width) + 6,
    x: {
      type: x.log ? "log" : "linear",
      label: x.label,
      labelArrow: "none",
      labelAnchor: "center",
      nice: true,
      ticks: Math.max(2, Math.floor(width / 90)),
      tickFormat: (value: number) => formatTick(value, x.format),
    },
    y: {
      domain: [0, top],
      label: y.label,
      labelArrow: "none",
      ticks: 6,
      tickFormat: (value: number) => formatTick(value, y.format),
    },
    color: { type: "identity" },
    symbol: { type: "identity" as never },
    marks: [
      Plot.gridY({ stroke: "var(--grid)", strokeOpacity: 1 }),
      Plot.gridX({ stroke: "var(--grid)", strokeOpacity: 1 }),
      Plot.dot(dots, {
        x: "x",
        y: "y",
        r: 5,
        symbol: (dot: Dot) => symbolOf(dot.colour),
        fill: (dot: Dot) => colourOf(dot.colour),
        fillOpacity: 0.85,
        stroke: "var(--card)",
      }),
    ],
  });
  const [across, up] = [figure.scale("x")!, figure.scale("y")!];
  const stops = dots.map((dot) => ({
    x: across.apply(dot.x) as number,
    y: up.apply(dot.y) as number,
    text: `${dot.name}: ${x.label} ${formatNumber(dot.x, x.format)}, ${y.label} ${formatNumber(dot.y, y.format)}`,
    values: {},
    marks: [{ y: up.apply(dot.y) as number, colour: dot.colour }],
  }));
  return {
    svg: figure as unknown as SVGSVGElement,
    stops: stops.sort((a, b) => a.x - b.x),
    top: MARGIN_TOP,
    bottom: HEIGHT - MARGIN_BOTTOM,
  };
}
