// Sentences that follow from numbers. Names stand between backticks.

import { formatNumber } from "./chart/format.js";

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  if (items.length <= 1) return items[0] ?? "";
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

/** 1234567 as `1,234,567`. */
export function count(value: number): string {
  return formatNumber(value, "count");
}

/** 1024 as `1 KiB`. */
export function size(bytes: number): string {
  return formatNumber(bytes, "bytes");
}

/** Part of a whole: `49 %`; what is there but rounds to nothing or to all is said so. */
export function share(part: number, whole: number): string {
  if (whole === 0) return "none";
  const percent = (100 * part) / whole;
  if (percent > 0 && percent < 1) return "less than 1\u00a0%";
  if (percent > 99 && percent < 100) return "more than 99\u00a0%";
  return `${Math.round(percent)}\u00a0%`;
}

/** How much more `value` is than `least`: `57 % more`, `3.2 times as much`, `as much`. */
export function more(value: number, least: number, unit: "many" | "much" = "many"): string {
  if (value === least) return `as ${unit}`;
  if (least === 0) return "more";
  const factor = value / least;
  if (factor >= 2) return `${factor.toFixed(1)} times as ${unit}`;
  const percent = (factor - 1) * 100;
  return percent < 1 ? "less than 1\u00a0% more" : `${Math.round(percent)}\u00a0% more`;
}

/** Marks a name, so that it cannot be taken for a word of the sentence. */
export function name(text: string): string {
  return `\`${text.replaceAll("`", "'")}\``;
}

/** Without the marks of names, for places that hold plain text. */
export function plain(text: string): string {
  return text.replaceAll("`", "");
}

/** The last part of a path. */
export function fileName(path: string): string {
  return (
    path
      .split(/[/\\]/)
      .filter((part) => part !== "")
      .at(-1) ?? path
  );
}

/** A text that can be an element's id. */
export function idOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}
