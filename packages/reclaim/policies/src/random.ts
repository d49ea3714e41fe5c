// Random replacement: every resident page is as likely to leave as any other.
//
// Remembers nothing about use, and so cannot be fooled by loops: on a loop slightly longer than the capacity it beats LRU
// by far. Pages stand in an array in no order; the last one fills the gap of one that leaves. A page that could not leave
// is set aside until the others have had their turn: pages set aside form the end of the array. 8 bytes per id.

import { assert, type PluginNode, type Prng } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import type { z } from "zod";
import { policyOptions } from "./setup/options.js";
import { completed, type PolicySetup } from "./setup/setup.js";
import { IdWords } from "./tables/id-table.js";

export class RandomPolicy implements EvictionPolicy {
  readonly type = "random";
  readonly #capacity: number;
  readonly #prng: Prng;
  /** Resident pages at 0..size - 1 (there are no more of them than ids); the last {@link #aside} of them had their turn. */
  readonly #pages: IdWords;
  /** Each id's place in {@link #pages} plus 1; 0: not resident. */
  readonly #places: IdWords;
  #size = 0;
  #aside = 0;

  constructor(setup: PolicySetup) {
    const { capacity, accountant, prng } = completed(setup);
    this.#capacity = capacity;
    this.#prng = prng;
    this.#pages = new IdWords(accountant);
    this.#places = new IdWords(accountant);
  }

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return this.#places.peek(id) !== 0;
  }

  hit(id: number): void {
    assert(this.has(id), "a page that is hit is resident");
  }

  admit(id: number): number {
    if (!this.#places.ensure(id) || !this.#pages.ensure(id)) return id;
    assert(this.#places.get(id) === 0, "a page that is admitted is not resident");
    const left = this.#size >= this.#capacity ? this.victim() : NO_VICTIM;
    this.#put(this.#size++, id);
    this.#swap(this.#size - 1, this.#size - 1 - this.#aside); // Before those set aside.
    return left;
  }

  victim(): number {
    if (this.#size === 0) return NO_VICTIM;
    if (this.#aside === this.#size) this.#aside = 0; // Everybody had a turn.
    const id = this.#pages.get(this.#prng.below(this.#size - this.#aside));
    this.remove(id);
    return id;
  }

  rotate(id: number): void {
    assert(this.#size < this.#capacity, "a page that is put back fits");
    assert(id < this.#places.ids && this.#places.get(id) === 0, "a page that is put back had left");
    this.#put(this.#size++, id);
    this.#aside++;
  }

  remove(id: number): void {
    const place = this.#places.peek(id) - 1;
    if (place < 0) return;
    const waiting = this.#size - this.#aside;
    if (place < waiting) {
      this.#swap(place, waiting - 1); // The last one that waits fills the gap, and the last one set aside fills its.
      this.#swap(waiting - 1, this.#size - 1);
    } else {
      this.#swap(place, this.#size - 1);
      this.#aside--;
    }
    this.#places.set(id, 0);
    this.#size--;
  }

  memoryBytes(): number {
    return this.#pages.bytes + this.#places.bytes;
  }

  verify(): void {
    let resident = 0;
    for (let id = 0; id < this.#places.ids; id++) {
      const place = this.#places.get(id);
      if (place === 0) continue;
      resident++;
      assert(this.#pages.get(place - 1) === id, "a page stands at its place");
    }
    assert(resident === this.#size, "size counts the resident pages");
    assert(this.#size <= this.#capacity, "no more pages than fit are resident");
    assert(this.#aside <= this.#size, "pages set aside are resident");
  }

  #put(place: number, id: number): void {
    this.#pages.set(place, id);
    this.#places.set(id, place + 1);
  }

  #swap(a: number, b: number): void {
    const first = this.#pages.get(a);
    const second = this.#pages.get(b);
    this.#put(a, second);
    this.#put(b, first);
  }
}

/** Random replacement, in recipes: `{ use: "random" }`. */
export function random(): PluginNode {
  return { use: "random" };
}

const randomOptions = policyOptions({});

export const plugin: PolicyPlugin<z.output<typeof randomOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "random",
  summary: "Random: any page may leave; knows nothing and cannot be fooled by loops.",
  options: randomOptions,
  create: (parts) => new RandomPolicy(parts),
};
