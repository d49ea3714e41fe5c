// Clock: pages stand in a ring, each with a small counter of its hits; a hand goes round, takes one off each counter it
// passes, and the first page at zero leaves.
//
// An approximation of LRU (one bit) or LFU (more) whose hits cost one write and move nothing. A page comes with counter 0,
// into the place *behind* the hand, so it is met after everybody else; FIFO with reinsertion is the same order. A page
// that could not leave goes there too. The hand's work is paid by the hits that raised the counters, but one call may go
// round as often as a counter is high. 9 bytes per id.
//
// Source: F. J. Corbató, "A Paging Experiment with the Multics System", 1968; libCacheSim Clock for the order.

import { assert, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import type { z } from "zod";
import { count, policyOptions } from "./setup/options.js";
import { completed, type PolicySetup } from "./setup/setup.js";
import { IdLists, NO_ID } from "./tables/id-lists.js";
import { IdBytes } from "./tables/id-table.js";

const RING = 1;

export interface ClockOptions {
  /** Bits of each page's counter, 1..8; default 1. */
  readonly bits?: number;
}

export class ClockPolicy implements EvictionPolicy {
  readonly type = "clock";
  readonly #capacity: number;
  readonly #counterMost: number;
  /** The ring, cut open: the hand goes from older to newer and starts again at the oldest. */
  readonly #lists: IdLists;
  readonly #counters: IdBytes;
  /** The page that is examined next; {@link NO_ID}: the oldest. */
  #hand = NO_ID;
  #size = 0;

  constructor(setup: PolicySetup, options: ClockOptions = {}) {
    const { capacity, accountant } = completed(setup);
    const { bits = 1 } = options;
    assert(Number.isInteger(bits) && bits >= 1 && bits <= 8, "a counter has 1 to 8 bits");
    this.#capacity = capacity;
    this.#counterMost = 2 ** bits - 1;
    this.#lists = new IdLists(1, accountant);
    this.#counters = new IdBytes(accountant);
  }

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return this.#lists.isLinked(id);
  }

  hit(id: number): void {
    assert(this.#lists.isLinked(id), "a page that is hit is resident");
    const counter = this.#counters.get(id);
    if (counter < this.#counterMost) this.#counters.set(id, counter + 1);
  }

  admit(id: number): number {
    if (!this.#lists.ensure(id) || !this.#counters.ensure(id)) return id;
    assert(!this.#lists.isLinked(id), "a page that is admitted is not resident");
    const left = this.#size >= this.#capacity ? this.victim() : NO_VICTIM;
    this.#addBehindHand(id);
    return left;
  }

  victim(): number {
    if (this.#size === 0) return NO_VICTIM;
    let id = this.#hand === NO_ID ? this.#lists.oldest(RING) : this.#hand;
    for (;;) {
      const counter = this.#counters.get(id);
      if (counter === 0) break;
      this.#counters.set(id, counter - 1);
      id = this.#lists.newer(id);
      if (id === NO_ID) id = this.#lists.oldest(RING);
    }
    this.#hand = this.#lists.newer(id);
    this.#lists.remove(id);
    this.#size--;
    return id;
  }

  rotate(id: number): void {
    assert(this.#size < this.#capacity, "a page that is put back fits");
    assert(id < this.#lists.ids && !this.#lists.isLinked(id), "a page that is put back had left");
    this.#addBehindHand(id);
  }

  remove(id: number): void {
    if (!this.#lists.isLinked(id)) return;
    if (this.#hand === id) this.#hand = this.#lists.newer(id);
    this.#lists.remove(id);
    this.#size--;
  }

  memoryBytes(): number {
    return this.#lists.bytes + this.#counters.bytes;
  }

  verify(): void {
    assert(this.#lists.verify()[RING] === this.#size, "size counts the pages of the ring");
    assert(this.#size <= this.#capacity, "no more pages than fit are resident");
    assert(this.#hand === NO_ID || this.#lists.isLinked(this.#hand), "the hand points at a resident page");
    for (let id = this.#lists.oldest(RING); id !== NO_ID; id = this.#lists.newer(id))
      assert(this.#counters.get(id) <= this.#counterMost, "a counter stays within its bits");
  }

  #addBehindHand(id: number): void {
    this.#counters.set(id, 0);
    if (this.#hand === NO_ID) this.#lists.addNewest(RING, id);
    else this.#lists.addOlder(this.#hand, id);
    this.#size++;
  }
}

/** Clock, in recipes: `{ use: "clock", bits: 2 }`. */
export function clock(options: ClockOptions = {}): PluginNode {
  return { use: "clock", ...options };
}

const clockOptions = policyOptions({ bits: count(1, 8, 1) }, { nBitCounter: "bits" });

export const plugin: PolicyPlugin<z.output<typeof clockOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "clock",
  summary: "Clock: a hand goes round and takes the first page that was not hit since it came by; hits move nothing.",
  options: clockOptions,
  create: (parts, options) => new ClockPolicy(parts, options),
};
