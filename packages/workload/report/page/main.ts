// What runs in the page: draws every chart into its place, at its width, and again when that changes.

import type { Chart } from "../src/chart/chart.js";
import { followCursor } from "./cursor.js";
import { offerDownload } from "./download.js";
import { drawBars } from "./draw-bars.js";
import { drawCurves } from "./draw-curves.js";
import { drawDots } from "./draw-dots.js";
import type { Drawing } from "./drawing.js";
import { offerTheme } from "./theme.js";

const holder = document.querySelector("#pagetier-charts");
const charts = JSON.parse(holder?.textContent ?? "{}") as Record<string, Chart>;

for (const place of document.querySelectorAll<HTMLElement>("[data-chart]")) {
  const chart = charts[place.dataset.chart ?? ""];
  if (chart !== undefined) keepDrawn(place, chart);
}
offerTheme();
offerDownload();

function keepDrawn(place: HTMLElement, chart: Chart): void {
  const cursor = followCursor(place);
  let drawn = 0;
  const draw = (): void => {
    const width = Math.round(place.clientWidth);
    if (width === drawn || width === 0) return;
    drawn = width;
    const drawing = drawingOf(chart, width);
    drawing.svg.setAttribute("aria-hidden", "true"); // The place around it is what has a name.
    place.replaceChildren(drawing.svg);
    cursor.show(drawing);
  };
  new ResizeObserver(draw).observe(place);
  draw();
}

function drawingOf(chart: Chart, width: number): Drawing {
  switch (chart.kind) {
    case "bars":
      return drawBars(chart, width);
    case "dots":
      return drawDots(chart, width);
    default:
      return drawCurves(chart, width);
  }
}
