// How ranges of pages are said to be used: what `advise` with "normal", "sequential" and "random" leaves behind.
//
// Sorted ranges side by side, none of them "normal". They are few, and asked only when a device is about to be read.

import type { PageId } from "./space.js";

export type AccessPattern = "normal" | "sequential" | "random";

interface Range {
  readonly start: number;
  readonly end: number;
  readonly pattern: AccessPattern;
}

export class AccessPatterns {
  #ranges: readonly Range[] = [];

  /** Pages start..end - 1 are used so from now on. */
  set(start: number, end: number, pattern: AccessPattern): void {
    if (start >= end) return;
    const rest = this.#ranges.flatMap((range) => [
      { ...range, end: Math.min(range.end, start) },
      { ...range, start: Math.max(range.start, end) },
    ]);
    const next = pattern === "normal" ? rest : [...rest, { start, end, pattern }];
    this.#ranges = merged(next.filter((range) => range.start < range.end));
  }

  of(page: PageId): AccessPattern {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]!.end <= page) low = middle + 1;
      else high = middle;
    }
    const range = this.#ranges[low];
    return range !== undefined && range.start <= page ? range.pattern : "normal";
  }

  /** Ranges that are kept. */
  get size(): number {
    return this.#ranges.length;
  }
}

/** In order, those that touch and agree made one. */
function merged(ranges: readonly Range[]): Range[] {
  const result: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = result.at(-1);
    if (last?.end === range.start && last.pattern === range.pattern)
      result[result.length - 1] = { ...last, end: range.end };
    else result.push(range);
  }
  return result;
}
