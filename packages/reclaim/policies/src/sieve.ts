// SIEVE: a queue in order of arrival, a bit per page, and a hand that goes from the oldest page to the newest, clears
// the bits it passes, and takes the first page without one.
//
// Unlike Clock, the hand does not move spared pages: they stay where they are, so pages that came since the last round
// are examined soon and one-hit wonders leave quickly, while proven pages sit behind the hand until it starts again at
// the oldest. A new page comes with a clear bit, at the newest end. A page that could not leave goes back to where it was
// spared: just behind the hand. One call may go round twice. 9 bytes per id.
//
// Source: Zhang, Yang, Yue, Vigfusson, Rashmi, "SIEVE is Simpler than LRU", NSDI 2024.

import { assert, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import type { z } from "zod";
import { policyOptions } from "./setup/options.js";
import { completed, type PolicySetup } from "./setup/setup.js";
import { IdLists, NO_ID } from "./tables/id-lists.js";
import { IdBytes } from "./tables/id-table.js";

const ARRIVALS = 1;
const FRESH = 0;
const VISITED = 1;

export class SievePolicy implements EvictionPolicy {
  readonly type = "sieve";
  readonly #capacity: number;
  readonly #lists: IdLists;
  readonly #visited: IdBytes;
  /** The page that is examined next; {@link NO_ID}: the oldest. */
  #hand = NO_ID;
  #size = 0;

  constructor(setup: PolicySetup) {
    const { capacity, accountant } = completed(setup);
    this.#capacity = capacity;
    this.#lists = new IdLists(1, accountant);
    this.#visited = new IdBytes(accountant);
  }

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return this.#lists.isLinked(id);
  }

  hit(id: number): void {
    assert(this.#lists.isLinked(id), "a page that is hit is resident");
    this.#visited.set(id, VISITED);
  }

  admit(id: number): number {
    if (!this.#lists.ensure(id) || !this.#visited.ensure(id)) return id;
    assert(!this.#lists.isLinked(id), "a page that is admitted is not resident");
    const left = this.#size >= this.#capacity ? this.victim() : NO_VICTIM;
    this.#visited.set(id, FRESH);
    this.#lists.addNewest(ARRIVALS, id);
    this.#size++;
    return left;
  }

  victim(): number {
    if (this.#size === 0) return NO_VICTIM;
    let id = this.#hand === NO_ID ? this.#lists.oldest(ARRIVALS) : this.#hand;
    while (this.#visited.get(id) === VISITED) {
      this.#visited.set(id, FRESH);
      id = this.#lists.newer(id);
      if (id === NO_ID) id = this.#lists.oldest(ARRIVALS);
    }
    this.#hand = this.#lists.newer(id);
    this.#lists.remove(id);
    this.#size--;
    return id;
  }

  rotate(id: number): void {
    assert(this.#size < this.#capacity, "a page that is put back fits");
    assert(id < this.#lists.ids && !this.#lists.isLinked(id), "a page that is put back had left");
    this.#visited.set(id, FRESH);
    if (this.#hand === NO_ID) this.#lists.addNewest(ARRIVALS, id);
    else this.#lists.addOlder(this.#hand, id);
    this.#size++;
  }

  remove(id: number): void {
    if (!this.#lists.isLinked(id)) return;
    if (this.#hand === id) this.#hand = this.#lists.newer(id);
    this.#lists.remove(id);
    this.#size--;
  }

  memoryBytes(): number {
    return this.#lists.bytes + this.#visited.bytes;
  }

  verify(): void {
    assert(this.#lists.verify()[ARRIVALS] === this.#size, "size counts the pages of the queue");
    assert(this.#size <= this.#capacity, "no more pages than fit are resident");
    assert(this.#hand === NO_ID || this.#lists.isLinked(this.#hand), "the hand points at a resident page");
  }
}

/** SIEVE, in recipes: `{ use: "sieve" }`. */
export function sieve(): PluginNode {
  return { use: "sieve" };
}

const sieveOptions = policyOptions({});

export const plugin: PolicyPlugin<z.output<typeof sieveOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "sieve",
  summary: "SIEVE: a hand sifts the queue and leaves proven pages in place; quick to drop pages that were used once.",
  options: sieveOptions,
  create: (parts) => new SievePolicy(parts),
};
