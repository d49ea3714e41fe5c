import { COLOURS } from "../src/chart/marks.js";

/** A chart that was drawn, and where a cursor may stand on it. */
export interface Drawing {
  readonly svg: SVGSVGElement;
  /** Places from left to right, in pixels of the drawing; none: there is nothing to point at. */
  readonly stops: readonly Stop[];
  /** Where a cursor line begins and ends. */
  readonly top: number;
  readonly bottom: number;
}

/** One place for the cursor. */
export interface Stop {
  readonly x: number;
  /** Set where places lie anywhere and not in a row: the nearest one counts. */
  readonly y?: number;
  /** What is here, in words. */
  readonly text: string;
  /** What the legend shows meanwhile, by series. */
  readonly values: Readonly<Record<string, string>>;
  /** Points to mark, in pixels. */
  readonly marks: readonly { readonly y: number; readonly colour: number }[];
}

/** The page's colour of a number, as a custom property, so that light and dark need no new drawing. */
export function colourOf(number: number): string {
  return `var(--k${number % COLOURS})`;
}

/** Room to the left of the plot for texts of an axis. */
export function marginFor(texts: readonly string[], width: number): number {
  const longest = Math.max(0, ...texts.map((text) => text.length));
  return Math.min(Math.round(longest * 6.6) + 14, Math.round(width * 0.45));
}
