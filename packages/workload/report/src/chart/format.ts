import type { Axis, Format } from "./chart.js";

/** Between a number and its unit: a line does not end there. */
const GAP = "\u00a0";

/** Writes a number for people. The page and its maker write alike. */
export function formatNumber(value: number, format: Format): string {
  if (!Number.isFinite(value)) return "–";
  switch (format) {
    case "bytes":
      return scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
    case "percent":
      return `${digits(value * 100)}${GAP}%`;
    case "milliseconds":
      return time(value * 1e6);
    case "nanoseconds":
      return time(value);
    case "perSecond":
      return `${scaled(value, 1000, ["", "k", "M", "G"])}/s`;
    case "ratio":
      return `${digits(value)}${GAP}:${GAP}1`;
    case "percentile":
      return `${Number((100 - 100 / value).toPrecision(6))}${GAP}%`;
    case "decimal":
      return digits(value);
    case "count":
      return whole(value);
  }
}

/** As on an axis: large counts are cut short. */
export function formatTick(value: number, format: Format): string {
  if (format === "percentile") return formatNumber(value, format);
  if (value === 0) return "0";
  if (format === "count" && Math.abs(value) >= 10_000) return scaled(value, 1000, ["", "k", "M", "G", "T"]);
  const text = format === "ratio" ? digits(value) : formatNumber(value, format);
  return text.replace(/(\.\d*?)0+(?!\d)/, "$1").replace(/\.(?!\d)/, "");
}

/**
 * Places for ticks where a scale has other round numbers than those of ten; `undefined` where it does not.
 *
 * @param many ticks for which there is room
 */
export function roundTicks(
  [least, most]: readonly [number, number],
  { format, log }: Axis,
  many: number,
): number[] | undefined {
  if (format === "percentile") {
    const nines = [1, 2, 10, 100, 1e3, 1e4, 1e5, 1e6].filter((value) => value <= most);
    return nines.length <= many ? nines : nines.filter((value) => value > 2);
  }
  if (log) return logTicks(least, most, many);
  return format === "bytes" ? byteTicks(most, many) : undefined;
}

/** 1, 2, 5, 10, 20, … or, where that is too many, powers of ten. */
function logTicks(least: number, most: number, many: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.log10(most); power++) {
    for (const factor of [1, 2, 5]) ticks.push(factor * 10 ** power);
  }
  const inside = ticks.filter((value) => value >= least && value <= most);
  return inside.length <= many ? inside : inside.filter((value) => Number.isInteger(round(Math.log10(value))));
}

function round(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

function byteTicks(most: number, many: number): number[] {
  let unit = 1;
  while (most / unit >= 1024) unit *= 1024;
  const step = ROUND_BYTES.find((size) => most / (size * unit) <= many) ?? 1024;
  const ticks: number[] = [];
  for (let value = 0; value <= most; value += step * unit) ticks.push(value);
  return ticks;
}

const ROUND_BYTES = [0.1, 0.2, 0.25, 0.5, 1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 512];

function scaled(value: number, step: number, units: readonly string[]): string {
  let rest = value;
  let unit = 0;
  while (Math.abs(rest) >= step && unit < units.length - 1) {
    rest /= step;
    unit++;
  }
  const number = unit === 0 ? digits(rest) : rest.toFixed(Math.abs(rest) >= 100 ? 0 : 1).replace(/\.0$/, "");
  return units[unit] === "" ? number : `${number}${GAP}${units[unit]}`;
}

function time(ns: number): string {
  const size = Math.abs(ns);
  if (size < 1e3) return `${digits(ns)}${GAP}ns`;
  if (size < 1e6) return `${digits(ns / 1e3)}${GAP}µs`;
  if (size < 1e9) return `${digits(ns / 1e6)}${GAP}ms`;
  if (size < 60e9) return `${digits(ns / 1e9)}${GAP}s`;
  return `${Math.floor(ns / 60e9)}${GAP}min${GAP}${Math.round((ns % 60e9) / 1e9)}${GAP}s`;
}

/** Three significant digits or all that are whole, thousands apart. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return whole(value);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.01) return value.toFixed(2);
  return value === 0 ? "0" : value.toPrecision(2);
}

function whole(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}
