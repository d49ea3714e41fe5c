// First in, first out: one list in order of arrival; hits change nothing.
//
// The cheapest policy, and the floor of every comparison: what another one gains over it is what knowing about use is
// worth. A page that could not leave arrives anew. 8 bytes per id.

import { assert, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import type { z } from "zod";
import { policyOptions } from "./setup/options.js";
import { completed, type PolicySetup } from "./setup/setup.js";
import { IdLists } from "./tables/id-lists.js";

const ARRIVALS = 1;

export class FifoPolicy implements EvictionPolicy {
  readonly type = "fifo";
  readonly #capacity: number;
  readonly #lists: IdLists;
  #size = 0;

  constructor(setup: PolicySetup) {
    const { capacity, accountant } = completed(setup);
    this.#capacity = capacity;
    this.#lists = new IdLists(1, accountant);
  }

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return this.#lists.isLinked(id);
  }

  hit(id: number): void {
    assert(this.#lists.isLinked(id), "a page that is hit is resident");
  }

  admit(id: number): number {
    if (!this.#lists.ensure(id)) return id;
    assert(!this.#lists.isLinked(id), "a page that is admitted is not resident");
    const left = this.#size >= this.#capacity ? this.victim() : NO_VICTIM;
    this.#lists.addNewest(ARRIVALS, id);
    this.#size++;
    return left;
  }

  victim(): number {
    const id = this.#lists.takeOldest(ARRIVALS);
    if (id !== NO_VICTIM) this.#size--;
    return id;
  }

  rotate(id: number): void {
    assert(this.#size < this.#capacity, "a page that is put back fits");
    assert(id < this.#lists.ids && !this.#lists.isLinked(id), "a page that is put back had left");
    this.#lists.addNewest(ARRIVALS, id);
    this.#size++;
  }

  remove(id: number): void {
    if (!this.#lists.isLinked(id)) return;
    this.#lists.remove(id);
    this.#size--;
  }

  memoryBytes(): number {
    return this.#lists.bytes;
  }

  verify(): void {
    assert(this.#lists.verify()[ARRIVALS] === this.#size, "size counts the pages of the list");
    assert(this.#size <= this.#capacity, "no more pages than fit are resident");
  }
}

/** First in, first out, in recipes: `{ use: "fifo" }`. */
export function fifo(): PluginNode {
  return { use: "fifo" };
}

const fifoOptions = policyOptions({});

export const plugin: PolicyPlugin<z.output<typeof fifoOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "fifo",
  summary: "First in, first out: the page that came first leaves, used or not.",
  options: fifoOptions,
  create: (parts) => new FifoPolicy(parts),
};
