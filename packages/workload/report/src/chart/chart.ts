// What a chart shows, as data: written by the report's maker, read by the page that draws it. No DOM and no Node here.

/** How the numbers of an axis or a column are written. */
export type Format =
  | "count"
  | "decimal"
  | "bytes"
  | "percent"
  | "milliseconds"
  | "nanoseconds"
  | "perSecond"
  | "ratio"
  /** 1 / (1 - p): 10 is the 90th percentile, 1000 the 99.9th. */
  | "percentile";

export interface Axis {
  readonly label: string;
  readonly format: Format;
  /** A logarithmic scale; every value must be above 0. */
  readonly log?: boolean;
  /** Where the axis ends; default: at the largest value. */
  readonly max?: number;
}

/** One line, or one layer of a stack. */
export interface Series {
  readonly name: string;
  /** Which of the page's colours, and which of its dash patterns: the same number means the same thing everywhere on a page. */
  readonly colour: number;
  /** `null` where it has no value, as behind the end of a run that failed. */
  readonly y: readonly (number | null)[];
}

/** Values over a common x, as lines or as layers one upon another. */
export interface CurveChart {
  readonly kind: "lines" | "layers";
  readonly x: Axis;
  readonly y: Axis;
  /** Ascending. */
  readonly at: readonly number[];
  readonly series: readonly Series[];
  /** A level to compare with, drawn as a dashed line. */
  readonly limit?: { readonly name: string; readonly value: number };
}

export interface Bar {
  /** The bar's own name within its group; of parts of one bar, the part's. */
  readonly name: string;
  readonly colour: number;
  readonly value: number;
  /** Ends of an interval around the value. */
  readonly low?: number;
  readonly high?: number;
}

/** Horizontal bars in groups; `stacked` puts the bars of a group one after another. */
export interface BarChart {
  readonly kind: "bars";
  readonly x: Axis;
  readonly stacked: boolean;
  readonly groups: readonly { readonly name: string; readonly bars: readonly Bar[] }[];
}

/** Points with two measures each. */
export interface DotChart {
  readonly kind: "dots";
  readonly x: Axis;
  readonly y: Axis;
  readonly dots: readonly Dot[];
}

export interface Dot {
  readonly name: string;
  /** Dots of a group share colour and symbol, which the legend explains. */
  readonly group: string;
  readonly colour: number;
  readonly x: number;
  readonly y: number;
}

export type Chart = CurveChart | BarChart | DotChart;
