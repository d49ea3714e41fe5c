// The picture of an answer: at each place, how each contender compares to the baseline. One SVG without anything around it.

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { METRICS } from "../experiment/metrics.js";
import type { Answered } from "./answers.js";
import { placeName } from "./places.js";

const WIDTH = 860;
const ROW = 20;
const LEGEND_ROW = 18;
const LEGEND_COLUMNS = 2;
const FONT = "12px system-ui, sans-serif";
/** What is farther away is drawn there: five times as bad is bad enough. */
const SHARE_MAX = 4;

interface Point {
  readonly place: string;
  readonly contender: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export function pictureOf(answered: Answered): string {
  const points = pointsOf(answered);
  const contenders = [...new Set(points.map(({ contender }) => contender))];
  const { baseline, headline } = answered.question;
  const color: Plot.ScaleOptions = { domain: contenders, scheme: "observable10" };
  const legend = legendOf(contenders, Plot.scale({ color }));
  const places = [...new Set(points.map(({ place }) => place))];
  const height = 75 + ROW * places.length;
  const chart = Plot.plot({
    ...sheet(),
    height,
    marginLeft: 230,
    marginRight: 30,
    marginBottom: 45,
    x: {
      label: `${METRICS[headline]!.label}: difference to ${baseline}`,
      tickFormat: "+.0%",
      grid: true,
      nice: true,
      labelOffset: 40,
    },
    y: { label: null, type: "point", domain: places, grid: true },
    color,
    marks: [
      Plot.ruleX([0], { stroke: "#222" }),
      Plot.ruleY(points, { y: "place", x1: "low", x2: "high", stroke: "contender", strokeWidth: 2 }),
      Plot.dot(points, { y: "place", x: "value", fill: "contender", r: 4.5, stroke: "white", strokeWidth: 0.5 }),
    ],
  });
  return pageOf(legend, chart.outerHTML, height);
}

/** A legend above a chart: one SVG. */
export function pageOf(legend: Legend, chart: string, height: number): string {
  const body = chart.replace("<svg ", `<svg y="${legend.height}" `);
  const whole = height + legend.height;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${whole}" viewBox="0 0 ${WIDTH} ${whole}"><rect width="100%" height="100%" fill="white"/>${legend.svg}${body}</svg>\n`;
}

function pointsOf({ question, results }: Answered): Point[] {
  const { headline, baseline, judged } = question;
  const points: Point[] = [];
  for (const place of results.places)
    for (const contender of judged) {
      if (results.at(place, contender).length === 0) continue;
      const { value, low, high } = results.relative(place, contender, baseline, headline);
      if (!Number.isFinite(value)) continue;
      points.push({ place: placeName(place), contender, value: cut(value), low: cut(low), high: cut(high) });
    }
  return points;
}

interface Legend {
  readonly svg: string;
  readonly height: number;
}

/** What every chart is drawn on. */
export function sheet(): Pick<Plot.PlotOptions, "document" | "width" | "style"> {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  return {
    document: document as unknown as NonNullable<Plot.PlotOptions["document"]>,
    width: WIDTH,
    // An object: the document here takes no text for a style.
    style: { background: "white", color: "#222", fontFamily: "system-ui, sans-serif", fontSize: "12px" },
  };
}

export function legendOf(contenders: readonly string[], color: Plot.Scale): Legend {
  const items = contenders.map((contender, index) => {
    const x = 20 + (index % LEGEND_COLUMNS) * (WIDTH / LEGEND_COLUMNS);
    const y = 18 + Math.floor(index / LEGEND_COLUMNS) * LEGEND_ROW;
    const text = contender.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    return `<circle cx="${x}" cy="${y - 4}" r="5" fill="${color.apply(contender)}"/><text x="${x + 12}" y="${y}" style="font: ${FONT}" fill="#222">${text}</text>`;
  });
  return { svg: items.join(""), height: 18 + Math.ceil(contenders.length / LEGEND_COLUMNS) * LEGEND_ROW };
}

function cut(share: number): number {
  return Math.max(-1, Math.min(SHARE_MAX, share));
}
