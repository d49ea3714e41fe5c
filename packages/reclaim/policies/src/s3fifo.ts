// S3-FIFO: three first-in-first-out queues. New pages stand in a small one; most leave from there, quickly. Who was hit
// at least twice, or returns as a ghost, enters the main queue, where hits earn further rounds.
//
// A hit raises a counter (0..3) and moves nothing. When a page must go and the main queue is not longer than its size,
// small is looked at: its oldest page moves to main, count 0, if its count reaches the threshold, and so on until one does
// not; that one leaves and its ghost is remembered. If main is too long or small is empty, main is looked at: its oldest
// page goes round again with one less while it has a count, else it leaves for good. Small gets a tenth of the capacity, main the rest, the ghosts nine tenths. A page that could
// not leave enters the other queue than it was in, so both get their turn. 9 bytes per id; a ghost costs nothing more.
//
// With unbounded capacity, the queues are sized by the expected pages.
//
// Source: Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023; the threshold of
// two hits is the authors' simulator's, one is the paper's.

import { assert, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import type { z } from "zod";
import { count, policyOptions, ratio } from "./setup/options.js";
import { completed, type PolicySetup } from "./setup/setup.js";
import { IdLists } from "./tables/id-lists.js";
import { IdBytes } from "./tables/id-table.js";

// Lists, and at the same time the low bits of an id's state; 0: unknown. The count of hits stands above.
const SMALL = 1;
const MAIN = 2;
const GHOST = 3;
const QUEUE_MASK = 3;
const ONE_HIT = 4;
const COUNT_SHIFT = 2;
const COUNT_MOST = 3;
/** The state of a page that left main: as good as unknown, but {@link S3FifoPolicy.rotate} wants to know. */
const LEFT_MAIN = ONE_HIT;
const STATE_MOST = COUNT_MOST << COUNT_SHIFT;

export interface S3FifoOptions {
  /** Hits by which a page of the small queue moves to main, 1..3; default 2. */
  readonly moveToMainThreshold?: number;
  /** Small queue as a part of the capacity, 0..1; default 0.1. */
  readonly smallRatio?: number;
  /** Ghosts as a part of the capacity, 0..10; default 0.9. */
  readonly ghostRatio?: number;
}

export class S3FifoPolicy implements EvictionPolicy {
  readonly type = "s3fifo";
  readonly #capacity: number;
  readonly #mainMost: number;
  readonly #ghostsMost: number;
  /** The least state (count and all) of a page of the small queue that moves to main. */
  readonly #promotedFrom: number;
  readonly #lists: IdLists;
  readonly #states: IdBytes;
  #small = 0;
  #main = 0;
  #ghosts = 0;

  constructor(setup: PolicySetup, options: S3FifoOptions = {}) {
    const { capacity, accountant, queuePages } = completed(setup);
    const { moveToMainThreshold = 2, smallRatio = 0.1, ghostRatio = 0.9 } = options;
    assert(moveToMainThreshold >= 1 && moveToMainThreshold <= COUNT_MOST, "a count of hits reaches the threshold");
    assert(smallRatio >= 0 && smallRatio <= 1 && ghostRatio >= 0, "queues are parts of the capacity");
    this.#capacity = capacity;
    this.#mainMost = queuePages - Math.max(1, Math.floor(queuePages * smallRatio));
    this.#ghostsMost = Math.floor(queuePages * ghostRatio);
    this.#promotedFrom = SMALL + moveToMainThreshold * ONE_HIT;
    this.#lists = new IdLists(3, accountant);
    this.#states = new IdBytes(accountant);
  }

  get size(): number {
    return this.#small + this.#main;
  }

  has(id: number): boolean {
    const queue = this.#states.peek(id) & QUEUE_MASK;
    return queue === SMALL || queue === MAIN;
  }

  hit(id: number): void {
    const state = this.#states.peek(id);
    assert((state & QUEUE_MASK) !== 0 && state !== GHOST, "a page that is hit is resident");
    if (state < STATE_MOST) this.#states.set(id, state + ONE_HIT);
  }

  admit(id: number): number {
    if (!this.#lists.ensure(id) || !this.#states.ensure(id)) return id;
    assert(!this.has(id), "a page that is admitted is not resident");
    const returns = this.#states.get(id) === GHOST;
    if (returns) this.#forgetGhost(id); // First, so that the page which leaves now finds room among the ghosts.
    const left = this.size >= this.#capacity ? this.victim() : NO_VICTIM;
    if (returns) this.#enterMain(id);
    else this.#enterSmall(id);
    return left;
  }

  victim(): number {
    if (this.#main <= this.#mainMost) {
      const id = this.#takeSmall();
      if (id !== NO_VICTIM) return id;
    }
    const id = this.#takeMain();
    return id === NO_VICTIM ? this.#takeSmall() : id;
  }

  rotate(id: number): void {
    assert(this.size < this.#capacity, "a page that is put back fits");
    assert(id < this.#states.ids && !this.has(id), "a page that is put back had left");
    const state = this.#states.get(id);
    if (state === GHOST) this.#forgetGhost(id);
    if (state === LEFT_MAIN) this.#enterSmall(id);
    else this.#enterMain(id);
  }

  remove(id: number): void {
    const state = this.#states.peek(id);
    if (state === 0) return;
    const queue = state & QUEUE_MASK;
    if (state !== LEFT_MAIN) this.#lists.remove(id);
    this.#states.set(id, 0);
    if (queue === SMALL) this.#small--;
    else if (queue === MAIN) this.#main--;
    else if (queue === GHOST) this.#ghosts--;
  }

  memoryBytes(): number {
    return this.#lists.bytes + this.#states.bytes;
  }

  verify(): void {
    const counts = this.#lists.verify();
    assert(counts[SMALL] === this.#small && counts[MAIN] === this.#main, "resident pages are counted");
    assert(counts[GHOST] === this.#ghosts && this.#ghosts <= this.#ghostsMost, "ghosts are counted and bounded");
    assert(this.size <= this.#capacity, "no more pages than fit are resident");
    for (const queue of [SMALL, MAIN, GHOST]) {
      for (let id = this.#lists.oldest(queue); id !== NO_VICTIM; id = this.#lists.newer(id))
        assert((this.#states.get(id) & QUEUE_MASK) === queue, "a page's state names its queue");
    }
  }

  /** The oldest page of small that was not hit often enough leaves; those before it move to main. */
  #takeSmall(): number {
    for (;;) {
      const id = this.#lists.oldest(SMALL);
      if (id === NO_VICTIM) return NO_VICTIM;
      this.#small--;
      if (this.#states.get(id) < this.#promotedFrom) {
        this.#lists.remove(id);
        this.#states.set(id, 0);
        this.#remember(id);
        return id;
      }
      this.#lists.moveToNewest(MAIN, id);
      this.#states.set(id, MAIN);
      this.#main++;
    }
  }

  /** The oldest page of main without a count leaves; those before it go round with one less. */
  #takeMain(): number {
    for (;;) {
      const id = this.#lists.oldest(MAIN);
      if (id === NO_VICTIM) return NO_VICTIM;
      const state = this.#states.get(id);
      if (state === MAIN) {
        this.#lists.remove(id);
        this.#states.set(id, LEFT_MAIN);
        this.#main--;
        return id;
      }
      this.#lists.moveToNewest(MAIN, id);
      this.#states.set(id, state - ONE_HIT);
    }
  }

  #enterSmall(id: number): void {
    this.#lists.addNewest(SMALL, id);
    this.#states.set(id, SMALL);
    this.#small++;
  }

  #enterMain(id: number): void {
    this.#lists.addNewest(MAIN, id);
    this.#states.set(id, MAIN);
    this.#main++;
  }

  #remember(id: number): void {
    if (this.#ghostsMost === 0) return;
    if (this.#ghosts === this.#ghostsMost) this.#forgetGhost(this.#lists.oldest(GHOST));
    this.#lists.addNewest(GHOST, id);
    this.#states.set(id, GHOST);
    this.#ghosts++;
  }

  #forgetGhost(id: number): void {
    this.#lists.remove(id);
    this.#states.set(id, 0);
    this.#ghosts--;
  }
}

/** S3-FIFO, in recipes: `{ use: "s3fifo", moveToMainThreshold: 1 }`. */
export function s3fifo(options: S3FifoOptions = {}): PluginNode {
  return { use: "s3fifo", ...options };
}

const s3fifoOptions = policyOptions(
  { moveToMainThreshold: count(1, COUNT_MOST, 2), smallRatio: ratio(0, 1, 0.1), ghostRatio: ratio(0, 10, 0.9) },
  { fifoSizeRatio: "smallRatio", smallSizeRatio: "smallRatio", ghostSizeRatio: "ghostRatio" },
);

export const plugin: PolicyPlugin<z.output<typeof s3fifoOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "s3fifo",
  summary: "S3-FIFO: a small queue filters pages that are used once, a main queue keeps the rest; hits move nothing.",
  options: s3fifoOptions,
  create: (parts, options) => new S3FifoPolicy(parts, options),
};
