// Least recently used: one list, newest use first; the page at the oldest end leaves.
//
// A hit moves the page to the newest end, which is a handful of writes; everything is O(1) and 8 bytes per id. Good
// where recent use foretells use; a scan longer than the capacity washes everything out, and a loop slightly longer than
// the capacity misses every time. A page that could not leave goes to the newest end.

import { assert, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import { z } from "zod";
import { completed, type PolicySetup } from "./setup/setup.js";
import { IdLists } from "./tables/id-lists.js";

const RECENCY = 1;

export class LruPolicy implements EvictionPolicy {
  readonly type = "lru";
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
    this.#lists.moveToNewest(RECENCY, id);
  }

  admit(id: number): number {
    if (!this.#lists.ensure(id)) return id;
    assert(!this.#lists.isLinked(id), "a page that is admitted is not resident");
    const left = this.#size >= this.#capacity ? this.victim() : NO_VICTIM;
    this.#lists.addNewest(RECENCY, id);
    this.#size++;
    return left;
  }

  victim(): number {
    const id = this.#lists.takeOldest(RECENCY);
    if (id !== NO_VICTIM) this.#size--;
    return id;
  }

  rotate(id: number): void {
    assert(this.#size < this.#capacity, "a page that is put back fits");
    assert(id < this.#lists.ids && !this.#lists.isLinked(id), "a page that is put back had left");
    this.#lists.addNewest(RECENCY, id);
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
    assert(this.#lists.verify()[RECENCY] === this.#size, "size counts the pages of the list");
    assert(this.#size <= this.#capacity, "no more pages than fit are resident");
  }
}

/** Least recently used, in recipes: `{ use: "lru" }`. */
export function lru(): PluginNode {
  return { use: "lru" };
}

const lruOptions = z.strictObject({});

export const plugin: PolicyPlugin<z.output<typeof lruOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "lru",
  summary: "Least recently used: the page whose last use is longest ago leaves.",
  options: lruOptions,
  create: (parts) => new LruPolicy(parts),
};
