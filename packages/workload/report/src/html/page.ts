import { createHash } from "node:crypto";
import type { Block, Fact, Figure, Report, Section, Summary } from "../report.js";
import { figureHtml } from "./figure.js";
import { Html, html, inline, scriptJson } from "./html.js";
import { tableHtml } from "./table.js";

/** What is inlined into every page. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

/** Marks the element that holds the documents, for `readParts`. */
export const PARTS_ID = "pagetier-parts";

/**
 * Writes a report as one HTML document that needs nothing else: its policy forbids every request.
 *
 * @returns the document's text
 */
export function pageHtml(report: Report, { script, style }: PageAssets): string {
  const { title, subtitle, summary, facts, sections, parts } = report;
  const charts = Object.fromEntries(figuresOf(sections).map(({ id, chart }) => [id, chart]));
  const hash = createHash("sha256").update(script).digest("base64");
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="icon" href="data:,">
<title>${title} – pagetier</title>
<style>${new Html(style)}</style>
</head>
<body>
<a class="skip" href="#summary">Skip to the result</a>
<header>
<div class="bar"><p class="brand">pagetier report</p>
<button type="button" id="theme" hidden>Dark</button></div>
<h1>${title}</h1>
<p class="subtitle">${inline(subtitle)}</p>
</header>
<nav aria-label="Contents"><ul>
<li><a href="#summary">In words</a></li>
${sections.map(({ id, heading }) => html`<li><a href="#${id}">${heading}</a></li>\n`)}</ul></nav>
<main>
<section id="summary" aria-labelledby="summary-heading">
<h2 id="summary-heading">In words</h2>
${summary.map((each) => summaryHtml(each, summary.length > 1))}${factsHtml(facts)}</section>
${sections.map(sectionHtml)}</main>
<footer>
<p>${footer(report)}</p>
<p><button type="button" id="download" hidden>Save the data as JSON</button></p>
</footer>
<script type="application/json" id="pagetier-charts">${scriptJson(charts)}</script>
<script type="application/json" id="${PARTS_ID}">${scriptJson(parts)}</script>
<script>${new Html(script)}</script>
</body>
</html>
`.text;
}

function summaryHtml({ heading, lead, points }: Summary, headed: boolean): Html {
  return html`${headed ? html`<h3>${heading}</h3>\n` : undefined}<p class="lead">${inline(lead)}</p>
<ul>${points.map((point) => html`<li>${inline(point)}</li>\n`)}</ul>
`;
}

function footer({ parts }: Report): string {
  const dates = [...new Set(parts.flatMap(({ origin }) => minuteOf(origin?.madeAt) ?? []))].sort();
  const made =
    dates.length === 0 ? "" : ` Measured ${dates.length === 1 ? dates[0] : `${dates[0]} to ${dates.at(-1)}`}.`;
  return `Everything on this page was measured by pagetier and is contained in this file; it loads nothing.${made}`;
}

/** `2026-11-27 23:02 UTC`; `undefined` for what is no ISO date. */
function minuteOf(date: string | undefined): string | undefined {
  const [, day, minute] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*Z$/.exec(date ?? "") ?? [];
  return day === undefined ? undefined : `${day} ${minute} UTC`;
}

function factsHtml(facts: readonly Fact[]): Html | undefined {
  if (facts.length === 0) return undefined;
  const items = facts.map(
    ({ label, value, note }) =>
      html`<div><dt>${label}</dt><dd><b>${value}</b><span>${inline(note)}</span></dd></div>\n`,
  );
  return html`<dl class="facts">\n${items}</dl>\n`;
}

function sectionHtml({ id, heading, blocks }: Section): Html {
  return html`<section id="${id}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${heading}</h2>
${blocks.map(blockHtml)}</section>
`;
}

function blockHtml(block: Block): Html {
  switch (block.kind) {
    case "paragraph":
      return html`<p>${inline(block.text)}</p>\n`;
    case "list":
      return html`<ul>${block.items.map((item) => html`<li>${inline(item)}</li>\n`)}</ul>\n`;
    case "code":
      return codeHtml(block);
    case "table":
      if (!block.folded) return tableHtml(block.table);
      return html`<details><summary>${block.table.caption}</summary>\n${tableHtml(block.table)}</details>\n`;
    case "figures":
      return html`<div class="figures n${columnsFor(block.figures.length)}">\n${block.figures.map(figureHtml)}</div>\n`;
  }
}

/** Columns that leave no hole, where there is one number of them that does. */
function columnsFor(figures: number): number {
  return figures % 3 === 0 ? 3 : figures === 1 ? 1 : 2;
}

function codeHtml({ title, text, folded }: Extract<Block, { kind: "code" }>): Html {
  const code = html`<pre tabindex="0" aria-label="${title}"><code>${text}</code></pre>\n`;
  if (folded) return html`<details><summary>${title}</summary>\n${code}</details>\n`;
  return html`<h3>${title}</h3>\n${code}`;
}

function figuresOf(sections: readonly Section[]): Figure[] {
  return sections.flatMap(({ blocks }) => blocks.flatMap((block) => (block.kind === "figures" ? block.figures : [])));
}
