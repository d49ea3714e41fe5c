import type { Chart } from "../chart/chart.js";
import { dashOf, letterOf } from "../chart/marks.js";
import type { Figure } from "../report.js";
import { chartTable } from "./chart-table.js";
import { type Html, html, inline } from "./html.js";
import { tableHtml } from "./table.js";

/** A chart's place, which the page's script fills, its legend, and its numbers in a table behind it. */
export function figureHtml({ id, title, description, chart, table }: Figure): Html {
  const keys = keysOf(chart);
  const legend = keys.map(
    ({ name, colour }) => html`<li data-key="${name}">${swatch(chart, colour)}${name}<b class="value"></b></li>`,
  );
  return html`<figure id="${id}" class="${chart.kind}" aria-labelledby="${id}-title">
<figcaption><h3 id="${id}-title">${title}</h3><p id="${id}-text">${inline(description)}</p></figcaption>
${keys.length > 0 ? html`<ul class="legend" aria-label="Legend">${legend}</ul>` : undefined}
<div class="plot" data-chart="${id}" role="group" aria-roledescription="chart" aria-labelledby="${id}-title" aria-describedby="${id}-text" tabindex="0"><noscript>Charts are drawn by a script, which is switched off here. The numbers are in the table below.</noscript></div>
<p class="readout" role="status"></p>
<details><summary>Numbers<span class="unseen"> of ${title}</span></summary>
${tableHtml(table ?? chartTable(chart, title))}</details>
</figure>
`;
}

/** What a series looks like in the chart. */
function swatch({ kind }: Chart, colour: number): Html {
  if (kind === "dots") return html`<span class="letter k${colour}" aria-hidden="true">${letterOf(colour)}</span>`;
  const mark =
    kind === "lines"
      ? html`<line x1="0" y1="5" x2="26" y2="5" stroke-width="2.5" stroke-dasharray="${dashOf(colour)}"/>`
      : html`<rect width="14" height="10" rx="2"/>`;
  const width = kind === "lines" ? 26 : 14;
  return html`<svg class="swatch k${colour}" width="${width}" height="10" viewBox="0 0 ${width} 10" aria-hidden="true">${mark}</svg>`;
}

interface Key {
  readonly name: string;
  readonly colour: number;
}

/** What a legend has to explain. A bar has its name beside it. */
function keysOf(chart: Chart): Key[] {
  switch (chart.kind) {
    case "dots":
      return unique(chart.dots.map(({ group, colour }) => ({ name: group, colour })));
    case "bars":
      return chart.stacked ? unique(chart.groups.flatMap(({ bars }) => bars)) : [];
    default:
      return chart.series.map(({ name, colour }) => ({ name, colour }));
  }
}

function unique(keys: readonly Key[]): Key[] {
  return keys.filter(({ name }, index) => keys.findIndex((key) => key.name === name) === index);
}
