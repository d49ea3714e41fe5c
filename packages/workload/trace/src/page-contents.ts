// What a page holds.
//
// Pages that are neighbours in a program hold alike things, and a page file keeps neighbours together in runs of 64. So
// a run of 64 adjacent keys takes a run of 64 adjacent pages of the page file: key run k takes file run
// (k * step + first) mod runs, with step and first from the seed and step coprime to the number of runs, so that any
// `runs` adjacent key runs use the whole file. A file of fewer than 64 pages is one short run.
//
// Version 0 of a page is the page at its place in the run. A later version either replaces the page by another of the
// run (with a stated probability), or patches 64 to 512 bytes with bytes from anywhere in the run, both aligned to 8
// bytes as objects in memory are. All choices are functions of (seed, key, version): the same seed writes the same
// bytes whatever the order of accesses, and whatever the target did.

import { assert, createPrng, PAGE_SIZE, WORDS_PER_PAGE } from "@pagetier/base";
import type { PageFile } from "./page-file.js";

/** Pages in a run, of keys and of the page file. */
export const RUN_PAGES = 64;
const PATCH_BYTES_MIN = 64;
const PATCH_BYTES_MAX = 512;
const PATCH_ALIGN = 8;
const PATCH_SIZES = (PATCH_BYTES_MAX - PATCH_BYTES_MIN) / PATCH_ALIGN + 1;
const PAGE_UNITS = PAGE_SIZE / PATCH_ALIGN;
const WORDS_PER_UNIT = PATCH_ALIGN / 4;

/**
 * Chooses and makes the contents of pages. Patches share one buffer per length, so nothing is allocated per write.
 */
export class PageContents {
  readonly #pages: readonly Uint8Array[];
  readonly #words: Int32Array; // The page file; moved in words, since copying doubles may change a NaN.
  readonly #patchBytes: Uint8Array[] = [];
  readonly #patchWords: Int32Array[] = [];
  readonly #runs: number;
  readonly #runPages: number;
  readonly #runStep: number;
  readonly #runFirst: number;
  readonly #seeds: readonly [number, number];
  readonly #replaceBelow: number;
  /** Where in the page the last patch starts, in bytes. */
  patchOffset = 0;

  /** @param replacePercent probability that a write replaces the page, 0..100 */
  constructor(file: PageFile, seed: number, replacePercent: number) {
    assert(file.pages > 0, "a page file has a page");
    assert(replacePercent >= 0 && replacePercent <= 100, "the probability of a replacement is 0 to 100 percent");
    assert(file.bytes.byteOffset % PATCH_ALIGN === 0, "the pages are aligned in their buffer");
    this.#pages = Array.from({ length: file.pages }, (_, page) =>
      file.bytes.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE),
    );
    this.#words = new Int32Array(file.bytes.buffer, file.bytes.byteOffset, file.pages * WORDS_PER_PAGE);
    for (let size = 0; size < PATCH_SIZES; size++) {
      const words = new Int32Array((PATCH_BYTES_MIN + size * PATCH_ALIGN) / 4);
      this.#patchWords.push(words);
      this.#patchBytes.push(new Uint8Array(words.buffer));
    }
    const prng = createPrng(seed);
    this.#runPages = Math.min(RUN_PAGES, file.pages);
    this.#runs = Math.floor(file.pages / this.#runPages);
    this.#runFirst = prng.below(this.#runs);
    let step = 1 + prng.below(this.#runs);
    while (greatestCommonDivisor(step, this.#runs) !== 1) step++;
    this.#runStep = step;
    this.#seeds = [prng.u32(), prng.u32()];
    this.#replaceBelow = (replacePercent / 100) * 4294967296;
  }

  /** Whether this version replaces the whole page. Version 0 always does. */
  replaces(key: number, version: number): boolean {
    return version === 0 || this.#draw(key, version, 0) < this.#replaceBelow;
  }

  /** The page file's page that a replacing version is. Not to be changed. */
  pageFor(key: number, version: number): Uint8Array {
    const place = version === 0 ? key % RUN_PAGES : this.#draw(key, version, 1);
    return this.#pages[this.#runOf(key) * this.#runPages + (place % this.#runPages)]!;
  }

  /**
   * The bytes that a patching version writes, at {@link patchOffset}. The buffer is shared: it holds until the next
   * call.
   */
  patchFor(key: number, version: number): Uint8Array {
    const size = scale(this.#draw(key, version, 1), PATCH_SIZES);
    const target = this.#patchWords[size]!;
    const units = target.length / WORDS_PER_UNIT;
    const runUnits = this.#runPages * PAGE_UNITS;
    this.patchOffset = scale(this.#draw(key, version, 2), PAGE_UNITS - units + 1) * PATCH_ALIGN;
    const start = this.#runOf(key) * runUnits + scale(this.#draw(key, version, 3), runUnits - units + 1);
    const words = this.#words;
    const source = start * WORDS_PER_UNIT;
    for (let index = 0; index < target.length; index++) target[index] = words[source + index]!;
    return this.#patchBytes[size]!;
  }

  #runOf(key: number): number {
    const run = Math.floor(key / RUN_PAGES) % this.#runs;
    return (run * this.#runStep + this.#runFirst) % this.#runs;
  }

  /** A number 0..2^32 - 1 that depends on nothing but its arguments and the seed. */
  #draw(key: number, version: number, lane: number): number {
    const low = key >>> 0;
    const high = (key - low) / 4294967296;
    let hash = Math.imul(low ^ this.#seeds[0], 0x9e3779b1) ^ Math.imul(high + lane, 0x85ebca77);
    hash ^= hash >>> 15;
    hash = Math.imul(hash ^ version, 0xc2b2ae3d) ^ this.#seeds[1];
    hash ^= hash >>> 13;
    hash = Math.imul(hash ^ (lane << 24), 0x2c1b3c6d);
    hash ^= hash >>> 12;
    hash = Math.imul(hash, 0x297a2d39);
    return (hash ^ (hash >>> 15)) >>> 0;
  }
}

/** Scales a number 0..2^32 - 1 to 0..limit - 1. */
function scale(draw: number, limit: number): number {
  return Math.floor((draw / 4294967296) * limit);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
