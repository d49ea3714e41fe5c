// Segmented LRU: several lists by recency, one above the other. A new page enters the lowest; each hit lifts a page one
// segment; a segment that is too long lets its oldest page sink to the one below. The oldest of the lowest leaves.
//
// So a page must be hit several times, and again and again, to stay high, and one that was popular sinks slowly. While
// there is room, a new page enters the lowest segment *that has room*, which is unusual (others fill only the lowest) but
// is how the reference counts. A page that could not leave enters the highest, so the lower ones drain and all get their
// turn. 9 bytes per id.
//
// Segments get equal parts of the capacity, rounded down. What rounding leaves lets the lowest be too long after an
// admission, but the next page that sinks into it makes it give up its oldest pages at once: a hit condemns up to three
// pages. They count as missing from then on and are the first to leave when room is needed. Only a capacity that the
// segments divide uses all of its room.
//
// With unbounded capacity the lowest segment has no limit, so nobody is condemned; the others are sized by the expected
// pages.
//
// Source: Karedla, Love, Wherry, "Caching strategies to improve disk system performance", IEEE Computer 1994; the four
// segments are those of Huang et al., SOSP 2013 (S4LRU).

import { assert, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import { z } from "zod";
import { policyOptions } from "./setup/options.js";
import { completed, type PolicySetup } from "./setup/setup.js";
import { IdLists } from "./tables/id-lists.js";
import { IdBytes } from "./tables/id-table.js";

const LOWEST = 1;
const SEGMENTS_MOST = 12;
/** The list, and the state, of condemned pages: behind all segments. */
const CONDEMNED = SEGMENTS_MOST + 1;

export interface SlruOptions {
  /** Relative sizes of the segments, lowest first; default `[1, 1, 1, 1]`. */
  readonly segments?: readonly number[];
}

export class SlruPolicy implements EvictionPolicy {
  readonly type = "slru";
  readonly condemns = true;
  readonly #capacity: number;
  /** Segments are numbered LOWEST..highest, as their lists are. */
  readonly #highest: number;
  readonly #most: Int32Array;
  readonly #length: Int32Array;
  readonly #lists: IdLists;
  /** The segment of each id, or CONDEMNED; 0: not resident. */
  readonly #segments: IdBytes;
  #size = 0;

  constructor(setup: PolicySetup, options: SlruOptions = {}) {
    const { capacity, accountant, queuePages } = completed(setup);
    const { segments = [1, 1, 1, 1] } = options;
    assert(segments.length >= 1 && segments.length <= SEGMENTS_MOST, "there are 1 to 12 segments");
    const sum = segments.reduce((total, each) => total + each, 0);
    assert(
      segments.every((each) => each > 0 && Number.isFinite(sum)),
      "a segment has a positive size",
    );
    this.#capacity = capacity;
    this.#highest = segments.length;
    this.#most = Int32Array.from([0, ...segments.map((each) => Math.floor((each / sum) * queuePages))]);
    if (setup.capacity === Infinity) this.#most[LOWEST] = capacity;
    this.#length = new Int32Array(CONDEMNED + 1);
    this.#lists = new IdLists(CONDEMNED, accountant);
    this.#segments = new IdBytes(accountant);
  }

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    const segment = this.#segments.peek(id);
    return segment !== 0 && segment !== CONDEMNED;
  }

  hit(id: number): void {
    const segment = this.#segments.peek(id);
    assert(segment !== 0 && segment !== CONDEMNED, "a page that is hit is resident");
    // A segment above may have rounded to nothing.
    if (segment === this.#highest || this.#most[segment + 1] === 0) this.#lists.moveToNewest(segment, id);
    else {
      this.#move(id, segment, segment + 1);
      this.#settle(segment + 1);
    }
  }

  admit(id: number): number {
    if (!this.#lists.ensure(id) || !this.#segments.ensure(id)) return id;
    assert(!this.has(id), "a page that is admitted is not resident");
    this.remove(id); // It may be condemned.
    const left = this.#size >= this.#capacity ? this.victim() : NO_VICTIM;
    let segment = LOWEST;
    while (segment <= this.#highest && this.#length[segment]! >= this.#most[segment]!) segment++;
    this.#enter(id, segment > this.#highest ? LOWEST : segment);
    return left;
  }

  victim(): number {
    const condemned = this.#takeOldest(CONDEMNED);
    if (condemned !== NO_VICTIM) return condemned;
    for (let segment = LOWEST; segment <= this.#highest; segment++) {
      const id = this.#takeOldest(segment);
      if (id !== NO_VICTIM) return id;
    }
    return NO_VICTIM;
  }

  rotate(id: number): void {
    assert(this.#size < this.#capacity, "a page that is put back fits");
    assert(id < this.#segments.ids && this.#segments.get(id) === 0, "a page that is put back had left");
    let segment = this.#highest;
    while (segment > LOWEST && this.#most[segment] === 0) segment--;
    this.#enter(id, segment);
    this.#settle(segment);
  }

  remove(id: number): void {
    const segment = this.#segments.peek(id);
    if (segment === 0) return;
    this.#lists.remove(id);
    this.#segments.set(id, 0);
    this.#length[segment]!--;
    this.#size--;
  }

  memoryBytes(): number {
    return this.#lists.bytes + this.#segments.bytes;
  }

  verify(): void {
    const counts = this.#lists.verify();
    let resident = 0;
    for (let segment = LOWEST; segment <= CONDEMNED; segment++) {
      assert(counts[segment] === this.#length[segment], "each segment's pages are counted");
      const bounded = segment > LOWEST && segment <= this.#highest;
      assert(!bounded || counts[segment]! <= this.#most[segment]!, "only the lowest segment may be too long");
      resident += counts[segment]!;
      for (let id = this.#lists.oldest(segment); id !== NO_VICTIM; id = this.#lists.newer(id))
        assert(this.#segments.get(id) === segment, "a page knows its segment");
    }
    assert(resident === this.#size, "size counts the pages of all segments");
    assert(this.#size <= this.#capacity, "no more pages than fit are resident");
  }

  #takeOldest(segment: number): number {
    const id = this.#lists.takeOldest(segment);
    if (id === NO_VICTIM) return NO_VICTIM;
    this.#segments.set(id, 0);
    this.#length[segment]!--;
    this.#size--;
    return id;
  }

  #enter(id: number, segment: number): void {
    this.#lists.addNewest(segment, id);
    this.#segments.set(id, segment);
    this.#length[segment]!++;
    this.#size++;
  }

  #move(id: number, from: number, to: number): void {
    this.#lists.moveToNewest(to, id);
    this.#segments.set(id, to);
    this.#length[from]!--;
    this.#length[to]!++;
  }

  /** Lets the oldest page of a segment that is one too long sink, and so on down; the lowest gives up what is too much. */
  #settle(from: number): void {
    let segment = from;
    for (; segment > LOWEST && this.#length[segment]! > this.#most[segment]!; segment--)
      this.#move(this.#lists.oldest(segment), segment, segment - 1);
    if (segment !== LOWEST || from === LOWEST) return;
    while (this.#length[LOWEST]! > this.#most[LOWEST]!) this.#move(this.#lists.oldest(LOWEST), LOWEST, CONDEMNED);
  }
}

/** Segmented LRU, in recipes: `{ use: "slru", segments: [1, 4] }`. */
export function slru(options: SlruOptions = {}): PluginNode {
  return { use: "slru", ...options };
}

const slruOptions = policyOptions(
  {
    segments: z
      .preprocess(
        (input) => (typeof input === "string" ? input.split(":").map(Number) : input),
        z.array(z.number().positive()).min(1).max(SEGMENTS_MOST),
      )
      .default([1, 1, 1, 1]),
  },
  { segSize: "segments" },
);

export const plugin: PolicyPlugin<z.output<typeof slruOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "slru",
  summary: "Segmented LRU: each hit lifts a page one segment, overflow sinks; resists scans.",
  options: slruOptions,
  create: (parts, options) => new SlruPolicy(parts, options),
};
