// 2Q: a page first stands in a short queue (Ain, first in, first out); only one that returns after having left it is
// taken into the main list (Am, least recently used). Aout remembers who left the queue.
//
// So a page must be wanted again after a while, not just twice in a row: a hit in Ain moves nothing. When a page must go,
// the oldest of Ain goes, and is remembered, if Ain is longer than its size, else the oldest of Am, which is not
// remembered. Ain gets a quarter of the capacity, Aout half of it in ghosts. A page that could not leave enters the
// other queue than it was in, so both get their turn. 9 bytes per id; a ghost costs nothing more.
//
// With unbounded capacity, the queues are sized by the expected pages.
//
// Source: Johnson and Shasha, "2Q: A Low Overhead High Performance Buffer Management Replacement Algorithm", VLDB 1994.

import { assert, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import type { z } from "zod";
import { policyOptions, ratio } from "./setup/options.js";
import { completed, type PolicySetup } from "./setup/setup.js";
import { IdLists } from "./tables/id-lists.js";
import { IdBytes } from "./tables/id-table.js";

// Lists, and at the same time the states of an id; 0: unknown.
const AIN = 1;
const AM = 2;
const AOUT = 3;
/** The state of a page that left Am: as good as unknown, but {@link TwoQPolicy.rotate} wants to know. */
const LEFT_AM = 4;

export interface TwoQOptions {
  /** Size of Ain as a part of the capacity, 0..1; default 0.25. */
  readonly inRatio?: number;
  /** Ghosts as a part of the capacity, 0..10; default 0.5. */
  readonly outRatio?: number;
}

export class TwoQPolicy implements EvictionPolicy {
  readonly type = "twoq";
  readonly #capacity: number;
  readonly #inMost: number;
  readonly #outMost: number;
  readonly #lists: IdLists;
  readonly #states: IdBytes;
  #in = 0;
  #main = 0;
  #out = 0;

  constructor(setup: PolicySetup, options: TwoQOptions = {}) {
    const { capacity, accountant, queuePages } = completed(setup);
    const { inRatio = 0.25, outRatio = 0.5 } = options;
    assert(inRatio >= 0 && inRatio <= 1 && outRatio >= 0, "Ain and Aout are parts of the capacity");
    this.#capacity = capacity;
    this.#inMost = Math.floor(queuePages * inRatio);
    this.#outMost = Math.floor(queuePages * outRatio);
    this.#lists = new IdLists(3, accountant);
    this.#states = new IdBytes(accountant);
  }

  get size(): number {
    return this.#in + this.#main;
  }

  has(id: number): boolean {
    const state = this.#states.peek(id);
    return state === AIN || state === AM;
  }

  hit(id: number): void {
    const state = this.#states.peek(id);
    assert(state === AIN || state === AM, "a page that is hit is resident");
    if (state === AM) this.#lists.moveToNewest(AM, id);
  }

  admit(id: number): number {
    if (!this.#lists.ensure(id) || !this.#states.ensure(id)) return id;
    assert(!this.has(id), "a page that is admitted is not resident");
    const returns = this.#states.get(id) === AOUT;
    if (returns) this.#forgetGhost(id); // First, so that the page which leaves now finds room among the ghosts.
    const left = this.size >= this.#capacity ? this.victim() : NO_VICTIM;
    if (returns) this.#enterMain(id);
    else this.#enterIn(id);
    return left;
  }

  victim(): number {
    if (this.#in > this.#inMost || this.#main === 0) {
      const id = this.#lists.takeOldest(AIN);
      if (id === NO_VICTIM) return NO_VICTIM;
      this.#in--;
      this.#states.set(id, 0);
      this.#remember(id);
      return id;
    }
    const id = this.#lists.takeOldest(AM);
    this.#states.set(id, LEFT_AM);
    this.#main--;
    return id;
  }

  rotate(id: number): void {
    assert(this.size < this.#capacity, "a page that is put back fits");
    assert(id < this.#states.ids && !this.has(id), "a page that is put back had left");
    const state = this.#states.get(id);
    if (state === AOUT) this.#forgetGhost(id);
    if (state === LEFT_AM) this.#enterIn(id);
    else this.#enterMain(id);
  }

  remove(id: number): void {
    const state = this.#states.peek(id);
    if (state === 0) return;
    if (state !== LEFT_AM) this.#lists.remove(id);
    this.#states.set(id, 0);
    if (state === AIN) this.#in--;
    else if (state === AM) this.#main--;
    else if (state === AOUT) this.#out--;
  }

  memoryBytes(): number {
    return this.#lists.bytes + this.#states.bytes;
  }

  verify(): void {
    const counts = this.#lists.verify();
    assert(counts[AIN] === this.#in && counts[AM] === this.#main, "resident pages are counted");
    assert(counts[AOUT] === this.#out && this.#out <= this.#outMost, "ghosts are counted and bounded");
    assert(this.size <= this.#capacity, "no more pages than fit are resident");
    let known = 0;
    for (let id = 0; id < this.#states.ids; id++)
      if (this.#states.get(id) !== 0 && this.#states.get(id) !== LEFT_AM) known++;
    assert(known === this.size + this.#out, "every listed page is known");
  }

  #enterIn(id: number): void {
    this.#lists.addNewest(AIN, id);
    this.#states.set(id, AIN);
    this.#in++;
  }

  #enterMain(id: number): void {
    this.#lists.addNewest(AM, id);
    this.#states.set(id, AM);
    this.#main++;
  }

  #remember(id: number): void {
    if (this.#outMost === 0) return;
    if (this.#out === this.#outMost) this.#forgetGhost(this.#lists.oldest(AOUT));
    this.#lists.addNewest(AOUT, id);
    this.#states.set(id, AOUT);
    this.#out++;
  }

  #forgetGhost(id: number): void {
    this.#lists.remove(id);
    this.#states.set(id, 0);
    this.#out--;
  }
}

/** 2Q, in recipes: `{ use: "twoq" }`. */
export function twoq(options: TwoQOptions = {}): PluginNode {
  return { use: "twoq", ...options };
}

const twoQOptions = policyOptions(
  { inRatio: ratio(0, 1, 0.25), outRatio: ratio(0, 10, 0.5) },
  { ainSizeRatio: "inRatio", aoutSizeRatio: "outRatio" },
);

export const plugin: PolicyPlugin<z.output<typeof twoQOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "twoq",
  summary: "2Q: a page is protected only when it returns after having left a short queue; resists scans.",
  options: twoQOptions,
  create: (parts, options) => new TwoQPolicy(parts, options),
};
