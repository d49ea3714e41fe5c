// How compressed sizes are distributed: what decides which allocator is dense.
//
// An allocator that keeps objects within a frame holds three of at most PAGE/3, two of at most PAGE/2, and one of anything
// above; so these two borders are counted beside the bins.

import { PAGE_SIZE } from "@pagetier/base";
import { type CodecChooser, type Compressor, chooserOf, INCOMPRESSIBLE } from "@pagetier/compressor";
import type { PageFile } from "@pagetier/trace";
import { DOES_NOT_FIT, SAME_FILLED } from "./pool-lengths.js";
import { count } from "./terminal.js";

/** Sizes of bins that can be asked for, in bytes: a sixteenth of a page, or a chunk of zbud. */
export const BIN_BYTES: readonly number[] = [256, 64];

/** One entry of `histograms` in `pool --histogram --json`. */
export interface Histogram {
  readonly input: string;
  readonly compressor: string;
  readonly pages: number;
  readonly sameFilledPages: number;
  /** Pages that compress to nothing below PAGE_SIZE. */
  readonly incompressiblePages: number;
  /** All others. */
  readonly zpages: number;
  readonly binBytes: number;
  /** Zpages by size: bin n counts those of n × binBytes + 1 to (n + 1) × binBytes bytes. */
  readonly bins: readonly number[];
  /** Share of the zpages with at most PAGE/3 bytes. */
  readonly upToThirdPercent: number;
  /** … with more than PAGE/3 and at most PAGE/2. */
  readonly thirdToHalfPercent: number;
  /** … with more than PAGE/2. */
  readonly halfToPagePercent: number;
}

const BAR_COLUMNS = 50;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** What a compressor makes of each page, in the form of recorded lengths. */
export function compressedLengths(pages: PageFile, compressor: Compressor | CodecChooser): Uint16Array {
  const chooser = chooserOf(compressor);
  const lengths = new Uint16Array(pages.pages);
  const words = new BigUint64Array(pages.bytes.buffer, pages.bytes.byteOffset, pages.bytes.byteLength / 8);
  const wordsPerPage = PAGE_SIZE / 8;
  for (let index = 0; index < pages.pages; index++) {
    if (isSameFilled(words, index * wordsPerPage, wordsPerPage)) {
      lengths[index] = SAME_FILLED;
      continue;
    }
    chooser.input.set(pages.bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE));
    const length = chooser.compress();
    lengths[index] = length === INCOMPRESSIBLE || length >= PAGE_SIZE ? DOES_NOT_FIT : length;
  }
  return lengths;
}

function isSameFilled(words: BigUint64Array, start: number, length: number): boolean {
  const first = words[start]!;
  for (let index = start + length - 1; index > start; index--) if (words[index] !== first) return false;
  return true;
}

/** Counts lengths by size. */
export function histogramOf(input: string, compressor: string, lengths: Uint16Array, binBytes: number): Histogram {
  const bins = new Array<number>(PAGE_SIZE / binBytes).fill(0);
  let sameFilled = 0;
  let incompressible = 0;
  let upToThird = 0;
  let thirdToHalf = 0;
  for (const length of lengths) {
    if (length === SAME_FILLED) sameFilled++;
    else if (length >= PAGE_SIZE) incompressible++;
    else {
      bins[Math.floor((length - 1) / binBytes)]!++;
      if (length * 3 <= PAGE_SIZE) upToThird++;
      else if (length * 2 <= PAGE_SIZE) thirdToHalf++;
    }
  }
  const zpages = lengths.length - sameFilled - incompressible;
  return {
    input,
    compressor,
    pages: lengths.length,
    sameFilledPages: sameFilled,
    incompressiblePages: incompressible,
    zpages,
    binBytes,
    bins,
    upToThirdPercent: percent(upToThird, zpages),
    thirdToHalfPercent: percent(thirdToHalf, zpages),
    halfToPagePercent: percent(zpages - upToThird - thirdToHalf, zpages),
  };
}

/** Draws a histogram in at most 100 columns. */
export function drawHistogram(histogram: Histogram): string {
  const { bins, binBytes, zpages, sameFilledPages, incompressiblePages } = histogram;
  const most = Math.max(1, ...bins);
  const lines = [`Sizes of zpages: ${histogram.compressor}, ${count(histogram.pages)} pages of ${histogram.input}`];
  for (const [index, pages] of bins.entries()) {
    const range = `${String(index * binBytes + 1).padStart(6)} – ${String((index + 1) * binBytes).padStart(4)}`;
    const share = `${percent(pages, zpages).toFixed(1)} %`.padStart(8);
    lines.push(`${range} ${count(pages).padStart(11)} ${share}  ${bar(pages / most)}`.trimEnd());
  }
  lines.push(
    `Of ${count(zpages)} zpages, ${histogram.upToThirdPercent.toFixed(1)} % take up to PAGE/3 (1365 bytes), ` +
      `${histogram.thirdToHalfPercent.toFixed(1)} % between PAGE/3 and PAGE/2,`,
    `and ${histogram.halfToPagePercent.toFixed(1)} % between PAGE/2 (2048 bytes) and PAGE. ` +
      `Besides: ${count(sameFilledPages)} same-filled, ${count(incompressiblePages)} that do not compress.`,
  );
  return lines.join("\n");
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : (100 * part) / whole;
}

function bar(share: number): string {
  const eighths = Math.round(share * BAR_COLUMNS * 8);
  const full = "█".repeat(Math.floor(eighths / 8));
  return eighths === 0 && share > 0 ? EIGHTHS[1]! : full + EIGHTHS[eighths % 8]!;
}
