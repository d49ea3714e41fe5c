import { InvalidArgumentError } from "commander";

/** A capacity as it was written: pages, or a share of the trace's objects. */
export type Capacity = { readonly pages: number } | { readonly percent: number };

const CURVE_POINTS = 20;
/** The smallest capacity of a curve, as a share of the objects. */
const CURVE_FROM = 1 / 1000;
const PAGES_MAX = 2 ** 31 - 1;

/** Reads `1000,10%`. */
export function parseCapacities(text: string): Capacity[] {
  return text.split(",").map((part) => {
    const match = /^\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(part);
    const value = Number(match?.[1]);
    if (match?.[2] === "%" && value > 0 && value <= 100) return { percent: value };
    if (match?.[2] === "" && Number.isInteger(value) && value > 0 && value <= PAGES_MAX) return { pages: value };
    throw new InvalidArgumentError(
      `${JSON.stringify(part.trim())} is no capacity: write pages (1000), or a share of the trace's objects (10%).`,
    );
  });
}

/** In pages, in the order they were written, each once. */
export function capacitiesInPages(capacities: readonly Capacity[], objects: number): number[] {
  const pages = capacities.map((capacity) =>
    "pages" in capacity ? capacity.pages : Math.max(1, Math.round((capacity.percent / 100) * objects)),
  );
  return [...new Set(pages)];
}

/**
 * Capacities for a curve: evenly spaced on a logarithmic scale, up to all objects.
 *
 * @param least smallest capacity that makes sense
 */
export function curveCapacities(objects: number, least: number): number[] {
  const from = Math.min(objects, Math.max(least, Math.ceil(objects * CURVE_FROM)));
  const step = Math.log(objects / from) / (CURVE_POINTS - 1);
  const pages = Array.from({ length: CURVE_POINTS }, (_, index) => Math.round(from * Math.exp(index * step)));
  return [...new Set(pages)];
}
