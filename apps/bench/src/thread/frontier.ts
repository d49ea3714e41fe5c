// A frontier: two things of which less is better, against each other. Whoever has another to the left of it and below is beaten.

import * as Plot from "@observablehq/plot";
import { METRICS } from "../experiment/metrics.js";
import type { Answered } from "./answers.js";
import { legendOf, pageOf, sheet } from "./picture.js";
import type { Question } from "./question.js";

const HEIGHT = 380;

/** Medians over the seeds, in the first environment: a panel for each workload. */
export function frontierOf({ results }: Answered, { x, y, without }: NonNullable<Question["frontier"]>): string {
  const first = results.places[0]!.environment;
  const points = results.places
    .filter(({ environment }) => JSON.stringify(environment) === JSON.stringify(first))
    .flatMap((place) =>
      results.contenders
        .filter((contender) => !without.includes(contender) && results.at(place, contender).length > 0)
        .filter((contender) => !results.hasFailed(place, contender))
        .map((contender) => ({
          contender,
          panel: place.workload,
          x: results.median(place, contender, x).value,
          y: results.median(place, contender, y).value,
        })),
    )
    .filter((point) => point.x > 0);
  const contenders = [...new Set(points.map(({ contender }) => contender))];
  const color: Plot.ScaleOptions = { domain: contenders, scheme: "spectral" };
  const chart = Plot.plot({
    ...sheet(),
    height: HEIGHT,
    marginLeft: 60,
    marginBottom: 45,
    marginTop: 40,
    x: { type: "log", tickFormat: "~g", label: METRICS[x]!.label, grid: true, labelOffset: 40, nice: true },
    y: { label: `${METRICS[y]!.label}, ${METRICS[y]!.unit}`, grid: true, nice: true, zero: true },
    fx: { label: "workload" },
    color,
    marks: [
      Plot.frame({ stroke: "#ddd" }),
      Plot.dot(points, { fx: "panel", x: "x", y: "y", fill: "contender", r: 6, stroke: "#222", strokeWidth: 0.75 }),
    ],
  });
  return pageOf(legendOf(contenders, Plot.scale({ color })), chart.outerHTML, HEIGHT);
}
