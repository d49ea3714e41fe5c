// How often ids were used lately, in a few bits each: a count-min sketch with 4-bit counters behind a doorkeeper.
//
// The first use of an id only sets its bits in the doorkeeper, a Bloom filter, so that the many ids used once take no
// counters. Further uses raise the smallest of the id's four counters, one per row. The estimate is the smallest counter,
// plus one for the doorkeeper; it is never too small within a period, and at most 16. After ten uses per page of
// capacity all counters are halved and the doorkeeper is emptied: old popularity fades.
//
// 4 rows × 4 bits and 8 bits of doorkeeper per page, rounded up to powers of two: 3 to 6 bytes per page.
//
// Source: Einziger, Friedman, Manes, "TinyLFU: A Highly Efficient Cache Admission Policy", ACM ToS 2017.

import type { Accountant } from "@pagetier/base";

const ROWS = 4;
const COUNTERS_PER_WORD = 8;
const COUNTER_MOST = 15;
const DOORKEEPER_BITS_PER_PAGE = 8;
const DOORKEEPER_HASHES = 3;
const USES_PER_PAGE = 10;
/** All bits of a word of eight counters but the top one of each: what remains of a halved word. */
const HALVED = 0x77777777;

export class FrequencySketch {
  readonly #accountant: Accountant;
  readonly #columns: number;
  readonly #doorkeeperBits: number;
  readonly #usesMost: number;
  /** Counter c of row r: 4 bits of word (r × columns + c) / 8. */
  #counters = new Uint32Array(0);
  #doorkeeper = new Uint32Array(0);
  #uses = 0;

  /** @param pages how many pages' popularity it should tell apart */
  constructor(pages: number, accountant: Accountant) {
    this.#accountant = accountant;
    this.#columns = Math.max(64, powerOfTwo(pages));
    this.#doorkeeperBits = this.#columns * DOORKEEPER_BITS_PER_PAGE;
    this.#usesMost = USES_PER_PAGE * Math.max(1, pages);
  }

  get bytes(): number {
    return this.#counters.byteLength + this.#doorkeeper.byteLength;
  }

  /** Makes the tables, once. `false` when the accountant refuses. */
  ensure(): boolean {
    if (this.#counters.length > 0) return true;
    const counters = (ROWS * this.#columns) / COUNTERS_PER_WORD;
    const doorkeeper = this.#doorkeeperBits / 32;
    if (!this.#accountant.charge(4 * (counters + doorkeeper))) return false;
    this.#counters = new Uint32Array(counters);
    this.#doorkeeper = new Uint32Array(doorkeeper);
    return true;
  }

  /** Notes a use. */
  use(id: number): void {
    const hash = mixed(id);
    const step = mixed(hash) | 1;
    if (this.#enters(hash, step)) {
      const smallest = this.#smallest(hash, step);
      if (smallest < COUNTER_MOST) this.#raise(hash, step, smallest);
    }
    if (++this.#uses >= this.#usesMost) this.#age();
  }

  /** Uses of the id lately: 0..16. */
  frequency(id: number): number {
    const hash = mixed(id);
    const step = mixed(hash) | 1;
    return this.#smallest(hash, step) + (this.#isInside(hash, step) ? 1 : 0);
  }

  /** Lets an id into the doorkeeper. @returns whether it was inside already */
  #enters(hash: number, step: number): boolean {
    const doorkeeper = this.#doorkeeper;
    const mask = this.#doorkeeperBits - 1;
    let inside = true;
    let at = hash ^ (step << 7);
    for (let each = 0; each < DOORKEEPER_HASHES; each++) {
      const bit = at & mask;
      const word = doorkeeper[bit >>> 5]!;
      if ((word & (1 << (bit & 31))) === 0) {
        inside = false;
        doorkeeper[bit >>> 5] = word | (1 << (bit & 31));
      }
      at = (at + step) | 0;
    }
    return inside;
  }

  #isInside(hash: number, step: number): boolean {
    const mask = this.#doorkeeperBits - 1;
    let at = hash ^ (step << 7);
    for (let each = 0; each < DOORKEEPER_HASHES; each++) {
      const bit = at & mask;
      if ((this.#doorkeeper[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
      at = (at + step) | 0;
    }
    return true;
  }

  #smallest(hash: number, step: number): number {
    let smallest = COUNTER_MOST;
    let at = hash;
    for (let row = 0; row < ROWS; row++) {
      const counter = row * this.#columns + (at & (this.#columns - 1));
      const value = (this.#counters[counter >>> 3]! >>> ((counter & 7) << 2)) & COUNTER_MOST;
      if (value < smallest) smallest = value;
      at = (at + step) | 0;
    }
    return smallest;
  }

  /** Adds one to those of the id's counters that are the smallest; the others are too high already. */
  #raise(hash: number, step: number, smallest: number): void {
    let at = hash;
    for (let row = 0; row < ROWS; row++) {
      const counter = row * this.#columns + (at & (this.#columns - 1));
      const shift = (counter & 7) << 2;
      const word = this.#counters[counter >>> 3]!;
      if (((word >>> shift) & COUNTER_MOST) === smallest) this.#counters[counter >>> 3] = word + (1 << shift);
      at = (at + step) | 0;
    }
  }

  #age(): void {
    const counters = this.#counters;
    for (let word = 0; word < counters.length; word++) counters[word] = (counters[word]! >>> 1) & HALVED;
    this.#doorkeeper.fill(0);
    this.#uses >>>= 1;
  }
}

function powerOfTwo(least: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, least)));
}

/** Spreads the bits of a word (the finisher of MurmurHash3). */
function mixed(value: number): number {
  let word = value | 0;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return word ^ (word >>> 16);
}
