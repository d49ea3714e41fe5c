// How series and groups look, beside their colours: for whoever does not tell the colours apart.

/** Dashes of lines, as in SVG. */
const DASHES = ["none", "7 3", "2 3", "9 3 2 3", "12 4", "4 2", "1 4", "9 2 2 2 2 2"];

/** Symbols of dots, and letters that look like them. */
const SYMBOLS = [
  ["circle", "●"],
  ["square", "■"],
  ["triangle", "▲"],
  ["diamond2", "◆"],
  ["cross", "✚"],
  ["star", "★"],
  ["wye", "Y"],
  ["asterisk", "✱"],
] as const;

/** Colours of the page; a colour is the index of one. */
export const COLOURS = 13;

export function dashOf(colour: number): string {
  return DASHES[colour] ?? "3 3";
}

export function symbolOf(colour: number): (typeof SYMBOLS)[number][0] {
  return SYMBOLS[colour % SYMBOLS.length]![0];
}

export function letterOf(colour: number): string {
  return SYMBOLS[colour % SYMBOLS.length]![1];
}
