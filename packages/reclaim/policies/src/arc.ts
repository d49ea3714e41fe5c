// ARC: two lists by recency, pages seen once (T1) and more often (T2), and behind each its ghosts (B1, B2), pages that
// left and whose return tells which list is too short.
//
// A hit moves a page to the newest end of T2. When a ghost of B1 returns, the goal p for the size of T1 grows, by more the
// fewer such ghosts there are; when one of B2 returns, it shrinks. The page that leaves is the oldest of T1 if T1 is
// longer than p, else of T2, and becomes a ghost. T1 and B1 together hold at most the capacity, all four lists at
// most twice of it. p is a real number. A returning ghost enters T2. A page that could not leave enters the other
// list than it was in, so both get their turn. All lists share one table, a ghost costs no memory: 9 bytes per id.
//
// With unbounded capacity, the goal and the ghosts are sized by the expected pages, or by the resident ones if more.
//
// Source: Megiddo and Modha, "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST 2003.

import { assert, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import type { z } from "zod";
import { policyOptions } from "./setup/options.js";
import { completed, type PolicySetup } from "./setup/setup.js";
import { IdLists } from "./tables/id-lists.js";
import { IdBytes } from "./tables/id-table.js";

// Lists, and at the same time the states of an id; 0: unknown.
const T1 = 1;
const T2 = 2;
const B1 = 3;
const B2 = 4;

export class ArcPolicy implements EvictionPolicy {
  readonly type = "arc";
  readonly #capacity: number;
  readonly #queuePages: number;
  readonly #lists: IdLists;
  readonly #states: IdBytes;
  #seenOnce = 0;
  #seenOften = 0;
  #ghostsOnce = 0;
  #ghostsOften = 0;
  /** Goal for the size of T1, 0..capacity, not a whole number. */
  #goal = 0;

  constructor(setup: PolicySetup) {
    const { capacity, accountant, queuePages } = completed(setup);
    this.#capacity = capacity;
    this.#queuePages = queuePages;
    this.#lists = new IdLists(4, accountant);
    this.#states = new IdBytes(accountant);
  }

  get size(): number {
    return this.#seenOnce + this.#seenOften;
  }

  has(id: number): boolean {
    const state = this.#states.peek(id);
    return state === T1 || state === T2;
  }

  hit(id: number): void {
    const state = this.#states.peek(id);
    assert(state === T1 || state === T2, "a page that is hit is resident");
    this.#lists.moveToNewest(T2, id);
    if (state === T2) return;
    this.#states.set(id, T2);
    this.#seenOnce--;
    this.#seenOften++;
  }

  admit(id: number): number {
    if (!this.#lists.ensure(id) || !this.#states.ensure(id)) return id;
    const state = this.#states.get(id);
    assert(state !== T1 && state !== T2, "a page that is admitted is not resident");
    const full = this.size >= this.#capacity;
    if (state === B1 || state === B2) {
      this.#learn(state);
      const left = full ? this.#replace(state === B2) : NO_VICTIM;
      this.remove(id);
      this.#enterOften(id);
      return left;
    }
    const left = full ? this.victim() : NO_VICTIM;
    this.#enterOnce(id);
    return left;
  }

  victim(): number {
    if (this.size === 0) return NO_VICTIM;
    const limit = this.#limit;
    if (this.#seenOnce + this.#ghostsOnce >= limit) {
      if (this.#ghostsOnce === 0) return this.#dropOnce();
      this.#dropGhost(B1);
    } else if (this.#seenOnce + this.#ghostsOnce + this.#seenOften + this.#ghostsOften >= 2 * limit) {
      if (this.#ghostsOften > 0) this.#dropGhost(B2);
    }
    return this.#replace(false);
  }

  rotate(id: number): void {
    assert(this.size < this.#capacity, "a page that is put back fits");
    assert(id < this.#states.ids && !this.has(id), "a page that is put back had left");
    const state = this.#states.get(id);
    this.remove(id);
    if (state === B2) this.#enterOnce(id);
    else this.#enterOften(id);
  }

  remove(id: number): void {
    const state = this.#states.peek(id);
    if (state === 0) return;
    if (state === T1) this.#seenOnce--;
    else if (state === T2) this.#seenOften--;
    else if (state === B1) this.#ghostsOnce--;
    else this.#ghostsOften--;
    this.#lists.remove(id);
    this.#states.set(id, 0);
  }

  memoryBytes(): number {
    return this.#lists.bytes + this.#states.bytes;
  }

  verify(): void {
    const counts = this.#lists.verify();
    assert(counts[T1] === this.#seenOnce && counts[T2] === this.#seenOften, "resident pages are counted");
    assert(counts[B1] === this.#ghostsOnce && counts[B2] === this.#ghostsOften, "ghosts are counted");
    assert(this.size <= this.#capacity, "no more pages than fit are resident");
    assert(this.#goal >= 0, "the goal is not negative");
    let known = 0;
    for (let id = 0; id < this.#states.ids; id++) {
      if (this.#states.get(id) === 0) continue;
      known++;
      assert(this.#lists.isLinked(id), "a known page is in a list");
    }
    assert(known === this.size + this.#ghostsOnce + this.#ghostsOften, "every listed page is known");
  }

  /** What the paper calls c. */
  get #limit(): number {
    return Math.min(this.#capacity, Math.max(this.#queuePages, this.size));
  }

  /** A ghost returned: moves the goal. */
  #learn(ghosts: number): void {
    if (ghosts === B1) {
      const step = Math.max(1, this.#ghostsOften / this.#ghostsOnce);
      this.#goal = Math.min(this.#goal + step, this.#limit);
    } else {
      const step = Math.max(1, this.#ghostsOnce / this.#ghostsOften);
      this.#goal = Math.max(this.#goal - step, 0);
    }
  }

  /** The oldest page of the list that is longer than it should be leaves and becomes a ghost. */
  #replace(forOftenGhost: boolean): number {
    const once =
      this.#seenOften === 0 ||
      (this.#seenOnce > 0 && (this.#seenOnce > this.#goal || (forOftenGhost && this.#seenOnce === this.#goal)));
    const id = this.#lists.takeOldest(once ? T1 : T2);
    if (once) {
      this.#lists.addNewest(B1, id);
      this.#states.set(id, B1);
      this.#seenOnce--;
      this.#ghostsOnce++;
    } else {
      this.#lists.addNewest(B2, id);
      this.#states.set(id, B2);
      this.#seenOften--;
      this.#ghostsOften++;
    }
    return id;
  }

  /** The oldest page of T1 leaves without a trace. */
  #dropOnce(): number {
    const id = this.#lists.takeOldest(T1);
    this.#states.set(id, 0);
    this.#seenOnce--;
    return id;
  }

  #dropGhost(ghosts: number): void {
    this.remove(this.#lists.oldest(ghosts));
  }

  #enterOnce(id: number): void {
    this.#lists.addNewest(T1, id);
    this.#states.set(id, T1);
    this.#seenOnce++;
  }

  #enterOften(id: number): void {
    this.#lists.addNewest(T2, id);
    this.#states.set(id, T2);
    this.#seenOften++;
  }
}

/** ARC, in recipes: `{ use: "arc" }`. */
export function arc(): PluginNode {
  return { use: "arc" };
}

const arcOptions = policyOptions({});

export const plugin: PolicyPlugin<z.output<typeof arcOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "arc",
  summary: "ARC: balances pages seen once against pages seen often by which of them come back after leaving.",
  options: arcOptions,
  create: (parts) => new ArcPolicy(parts),
};
