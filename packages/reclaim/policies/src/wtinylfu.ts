// W-TinyLFU: a small window by recency takes every new page; a page that falls out of it is let into the main part only
// if it was used more often lately than the page that would have to leave for it.
//
// How often pages were used is estimated by a sketch, also for pages that are not resident. The window has 1 % of the
// capacity; the main part is a segmented LRU, 20 % on probation and 80 % protected. A hit on probation protects a page; the
// oldest of too many protected ones goes back on probation. The page at the oldest end of probation is the one that a
// newcomer must beat, and wins a draw. 9 bytes per id and 3 to 6 per page of capacity.
//
// With unbounded capacity, parts and sketch are sized by the expected pages; while there is room, pages that fall
// out of the window go on probation without a contest, afterwards the window is too long until a page must leave. A page
// that could not leave enters the window if it was in the main part, and is protected if it was in the window, so both get
// their turn.
//
// Source: Einziger, Friedman, Manes, "TinyLFU: A Highly Efficient Cache Admission Policy", ACM ToS 2017.

import { assert, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import type { z } from "zod";
import { policyOptions, ratio } from "./setup/options.js";
import { completed, type PolicySetup } from "./setup/setup.js";
import { FrequencySketch } from "./tables/frequency-sketch.js";
import { IdLists, NO_ID } from "./tables/id-lists.js";
import { IdBytes } from "./tables/id-table.js";

// Lists, and at the same time the states of an id; 0: not resident.
const WINDOW = 1;
const PROBATION = 2;
const PROTECTED = 3;
/** The state of a page that left the window: not resident, but {@link WTinyLfuPolicy.rotate} wants to know. */
const LEFT_WINDOW = 4;

export interface WTinyLfuOptions {
  /** Window as a part of the capacity, 0..1; default 0.01. At least one page. */
  readonly windowRatio?: number;
  /** Protected pages as a part of the main part, 0..1; default 0.8. */
  readonly protectedRatio?: number;
}

export class WTinyLfuPolicy implements EvictionPolicy {
  readonly type = "wtinylfu";
  readonly #capacity: number;
  readonly #windowMost: number;
  readonly #mainMost: number;
  readonly #protectedMost: number;
  readonly #lists: IdLists;
  readonly #states: IdBytes;
  readonly #sketch: FrequencySketch;
  #window = 0;
  #probation = 0;
  #protected = 0;

  constructor(setup: PolicySetup, options: WTinyLfuOptions = {}) {
    const { capacity, accountant, queuePages } = completed(setup);
    const { windowRatio = 0.01, protectedRatio = 0.8 } = options;
    assert(windowRatio >= 0 && windowRatio <= 1, "the window is a part of the capacity");
    assert(protectedRatio >= 0 && protectedRatio <= 1, "protected pages are a part of the main part");
    this.#capacity = capacity;
    this.#windowMost = Math.max(1, Math.floor(queuePages * windowRatio));
    this.#mainMost = queuePages - this.#windowMost;
    this.#protectedMost = Math.floor(this.#mainMost * protectedRatio);
    this.#lists = new IdLists(3, accountant);
    this.#states = new IdBytes(accountant);
    this.#sketch = new FrequencySketch(queuePages, accountant);
  }

  get size(): number {
    return this.#window + this.#probation + this.#protected;
  }

  has(id: number): boolean {
    const state = this.#states.peek(id);
    return state >= WINDOW && state <= PROTECTED;
  }

  hit(id: number): void {
    const state = this.#states.peek(id);
    assert(state >= WINDOW && state <= PROTECTED, "a page that is hit is resident");
    this.#sketch.use(id);
    if (state === PROBATION) {
      this.#leave(id, PROBATION);
      this.#protect(id);
    } else this.#lists.moveToNewest(state, id);
  }

  admit(id: number): number {
    if (!this.#lists.ensure(id) || !this.#states.ensure(id) || !this.#sketch.ensure()) return id;
    assert(!this.has(id), "a page that is admitted is not resident");
    this.#sketch.use(id);
    this.#enter(id, WINDOW);
    this.#window++;
    if (this.#window > this.#windowMost && this.#probation + this.#protected < this.#mainMost) this.#passWindow();
    return this.size > this.#capacity ? this.victim() : NO_VICTIM;
  }

  victim(): number {
    let resident = this.#lists.oldest(PROBATION);
    if (resident === NO_ID) resident = this.#lists.oldest(PROTECTED);
    const candidate = this.#lists.oldest(WINDOW);
    if (resident === NO_ID || (this.#window > this.#windowMost && !this.#beats(candidate, resident))) {
      if (candidate === NO_ID) return NO_VICTIM;
      this.#leave(candidate, WINDOW);
      this.#states.set(candidate, LEFT_WINDOW);
      return candidate;
    }
    if (this.#window > this.#windowMost) this.#passWindow();
    this.remove(resident);
    return resident;
  }

  rotate(id: number): void {
    assert(this.size < this.#capacity, "a page that is put back fits");
    assert(id < this.#states.ids && !this.has(id), "a page that is put back had left");
    if (this.#states.get(id) === LEFT_WINDOW) this.#protect(id);
    else {
      this.#enter(id, WINDOW);
      this.#window++;
    }
  }

  remove(id: number): void {
    const state = this.#states.peek(id);
    if (state >= WINDOW && state <= PROTECTED) this.#leave(id, state);
    else if (state === LEFT_WINDOW) this.#states.set(id, 0);
  }

  memoryBytes(): number {
    return this.#lists.bytes + this.#states.bytes + this.#sketch.bytes;
  }

  verify(): void {
    const counts = this.#lists.verify();
    assert(counts[WINDOW] === this.#window, "the window's pages are counted");
    assert(counts[PROBATION] === this.#probation, "pages on probation are counted");
    assert(counts[PROTECTED] === this.#protected, "protected pages are counted");
    assert(this.#protected <= Math.max(1, this.#protectedMost), "protected pages are bounded");
    assert(this.size <= this.#capacity, "no more pages than fit are resident");
    for (const list of [WINDOW, PROBATION, PROTECTED]) {
      for (let id = this.#lists.oldest(list); id !== NO_ID; id = this.#lists.newer(id))
        assert(this.#states.get(id) === list, "a page's state names its list");
    }
  }

  /** Whether a page that falls out of the window may take a resident one's place. */
  #beats(candidate: number, resident: number): boolean {
    return this.#sketch.frequency(candidate) > this.#sketch.frequency(resident);
  }

  /** The oldest page of the window goes on probation. */
  #passWindow(): void {
    const id = this.#lists.oldest(WINDOW);
    this.#leave(id, WINDOW);
    this.#enter(id, PROBATION);
    this.#probation++;
  }

  #protect(id: number): void {
    this.#enter(id, PROTECTED);
    this.#protected++;
    if (this.#protected <= this.#protectedMost) return;
    const oldest = this.#lists.oldest(PROTECTED);
    this.#leave(oldest, PROTECTED);
    this.#enter(oldest, PROBATION);
    this.#probation++;
  }

  #enter(id: number, list: number): void {
    this.#lists.addNewest(list, id);
    this.#states.set(id, list);
  }

  #leave(id: number, list: number): void {
    this.#lists.remove(id);
    this.#states.set(id, 0);
    if (list === WINDOW) this.#window--;
    else if (list === PROBATION) this.#probation--;
    else this.#protected--;
  }
}

/** W-TinyLFU, in recipes: `{ use: "wtinylfu", windowRatio: 0.2 }`. */
export function wtinylfu(options: WTinyLfuOptions = {}): PluginNode {
  return { use: "wtinylfu", ...options };
}

const wTinyLfuOptions = policyOptions(
  { windowRatio: ratio(0, 1, 0.01), protectedRatio: ratio(0, 1, 0.8) },
  { windowSize: "windowRatio" },
);

export const plugin: PolicyPlugin<z.output<typeof wTinyLfuOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "wtinylfu",
  summary: "W-TinyLFU: a newcomer must have been used more often lately than the page it would replace.",
  options: wTinyLfuOptions,
  create: (parts, options) => new WTinyLfuPolicy(parts, options),
};
