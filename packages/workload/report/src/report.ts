// A report before it is HTML: sections of paragraphs, tables and charts. Whoever measures something of their own builds
// one of these and gives it to `renderReport`.

import type { Axis, Chart, Format } from "./chart/chart.js";

export type { Axis, Chart, Format };

/** A cell: a text, or a number with how it is written. `null` is an empty cell. */
export type Cell = string | number | null;

export interface Column {
  readonly head: string;
  /** How numbers of the column are written; texts stand as they are. Default `count`. */
  readonly format?: Format;
  /** Texts to the left, numbers to the right; default: by the first row. */
  readonly align?: "left" | "right";
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** What is to be known of the rows as a whole. */
  readonly note?: string | undefined;
}

export interface Row {
  readonly cells: readonly Cell[];
  /** How this row's numbers are written, when rows differ and columns do not. */
  readonly format?: Format | undefined;
  /** Index of the cell that is best, which is said in words and weight, not in colour alone. */
  readonly best?: number | undefined;
}

export interface Figure {
  /** Unique on the page; letters, digits and hyphens. */
  readonly id: string;
  readonly title: string;
  /** What can be seen, in one or two sentences with numbers: also what a screen reader says. */
  readonly description: string;
  readonly chart: Chart;
  /** The chart's numbers. Default: made from the chart. */
  readonly table?: Table | undefined;
}

export type Block =
  | { readonly kind: "paragraph"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | { readonly kind: "table"; readonly table: Table; readonly folded?: boolean }
  | { readonly kind: "code"; readonly title: string; readonly text: string; readonly folded?: boolean }
  /** Figures beside each other where there is room. */
  | { readonly kind: "figures"; readonly figures: readonly Figure[] };

export interface Section {
  /** Unique on the page; letters, digits and hyphens. */
  readonly id: string;
  readonly heading: string;
  readonly blocks: readonly Block[];
}

/** The result of one thing that was measured. In all texts of a report what stands between two backticks is a name. */
export interface Summary {
  /** Needed where there are several. */
  readonly heading: string;
  readonly lead: string;
  readonly points: readonly string[];
}

/** A number that is worth being seen first. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly note: string;
}

export interface Report {
  readonly title: string;
  /** What was measured, in a line. */
  readonly subtitle: string;
  /** The result in words. */
  readonly summary: readonly Summary[];
  readonly facts: readonly Fact[];
  readonly sections: readonly Section[];
  /** What the report was made from: kept in the page, and read back from there by `readParts`. */
  readonly parts: readonly ReportPart[];
}

/** One document and where it came from. */
export interface ReportPart {
  /** As `--json` printed it. */
  readonly document: unknown;
  readonly origin?: Origin | undefined;
}

/** How a document was made. */
export interface Origin {
  /** The command line. */
  readonly command?: string | undefined;
  /** ISO 8601. */
  readonly madeAt?: string | undefined;
  /** Name and value, in the order in which they are shown. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
}
