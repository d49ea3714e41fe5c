import { formatNumber } from "../chart/format.js";
import type { Cell, Column, Row, Table } from "../report.js";
import { type Html, html, inline } from "./html.js";

/** A table in a box that scrolls by itself, by keyboard too, where it is wider than the page. */
export function tableHtml(table: Table): Html {
  const { caption, columns, rows, note } = table;
  const aligns = columns.map((column, index) => alignOf(column, rows, index));
  const head = columns.map(({ head: text }, index) => html`<th scope="col" class="${aligns[index]}">${text}</th>`);
  const body = rows.map(
    (row) => html`<tr>${row.cells.map((cell, index) => cellHtml(cell, index, row, columns, aligns))}</tr>
`,
  );
  return html`<div class="table" role="region" tabindex="0" aria-label="${caption}">
<table><caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody></table></div>
${note === undefined ? undefined : html`<p class="note">${inline(note)}</p>`}`;
}

function cellHtml(cell: Cell, index: number, row: Row, columns: readonly Column[], aligns: readonly string[]): Html {
  const text = cellText(cell, row.format ?? columns[index]!.format);
  if (index === 0) return html`<th scope="row" class="${aligns[index]}">${text}</th>`;
  if (index !== row.best) return html`<td class="${aligns[index]}">${text}</td>`;
  return html`<td class="${aligns[index]} best"><strong>${text}</strong><span class="unseen"> (best)</span></td>`;
}

/** Writes a cell as the page shows it. */
export function cellText(cell: Cell, format: Column["format"] = "count"): string {
  if (cell === null) return "–";
  return typeof cell === "string" ? cell : formatNumber(cell, format);
}

function alignOf({ align }: Column, rows: readonly Row[], index: number): "left" | "right" {
  if (align !== undefined) return align;
  return rows.some(({ cells }) => typeof cells[index] === "number") ? "right" : "left";
}
