// A queue with a coin.
//
// The oldest page is looked at. Heads: it leaves. Tails: it goes to the newest end, and the next time it leaves without
// another throw. Use is not looked at, so a hit costs nothing; what is gained over a plain queue is that a loop slightly
// longer than memory keeps some of its pages. One victim throws at most 8 coins, so its work is bounded. 9 bytes per id.

import { assert, ChunkedBytes, ChunkedWords, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyParts, type PolicyPlugin } from "@pagetier/policy";
import { z } from "zod";

const RESIDENT = 1;
const SPARED = 2;
const THROWS_MAX = 8;

export class CoinFlipPolicy implements EvictionPolicy {
  readonly type = "coin-flip";
  readonly #parts: PolicyParts;
  // The queue is a ring through position 0; the page with id n is at position n + 1.
  readonly #older: ChunkedWords;
  readonly #newer: ChunkedWords;
  readonly #state: ChunkedBytes;
  #size = 0;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    this.#older = new ChunkedWords(parts.accountant);
    this.#newer = new ChunkedWords(parts.accountant);
    this.#state = new ChunkedBytes(parts.accountant);
  }

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return id + 1 < this.#state.capacity && (this.#state.get(id + 1) & RESIDENT) !== 0;
  }

  hit(id: number): void {
    assert(this.has(id), "a page that is hit is resident");
  }

  admit(id: number): number {
    if (!this.#ensure(id + 2)) return id;
    assert(!this.has(id), "a page that is admitted is not resident");
    const left = this.#size >= this.#parts.capacity ? this.victim() : NO_VICTIM;
    this.#link(id + 1, RESIDENT);
    return left;
  }

  victim(): number {
    if (this.#size === 0) return NO_VICTIM;
    for (let coins = 0; coins < THROWS_MAX; coins++) {
      const oldest = this.#newer.get(0);
      if ((this.#state.get(oldest) & SPARED) !== 0 || this.#parts.prng.below(2) === 0) break;
      this.#unlink(oldest);
      this.#link(oldest, RESIDENT | SPARED);
    }
    const leaving = this.#newer.get(0);
    this.#unlink(leaving);
    return leaving - 1;
  }

  rotate(id: number): void {
    assert(!this.has(id) && id + 1 < this.#state.capacity, "a page that is put back had left");
    this.#link(id + 1, RESIDENT);
  }

  remove(id: number): void {
    if (this.has(id)) this.#unlink(id + 1);
  }

  memoryBytes(): number {
    return this.#older.bytes + this.#newer.bytes + this.#state.bytes;
  }

  verify(): void {
    if (this.#size === 0) return;
    let pages = 0;
    for (let at = this.#newer.get(0); at !== 0; at = this.#newer.get(at)) {
      assert((this.#state.get(at) & RESIDENT) !== 0, "every page in the queue is resident");
      assert(this.#newer.get(this.#older.get(at)) === at, "neighbours in the queue know each other");
      assert(++pages <= this.#size, "the queue is not longer than its size");
    }
    assert(pages === this.#size, "size counts the pages in the queue");
  }

  #ensure(positions: number): boolean {
    return this.#older.ensure(positions) && this.#newer.ensure(positions) && this.#state.ensure(positions);
  }

  /** Puts a page at the newest end. */
  #link(position: number, state: number): void {
    const newest = this.#older.get(0);
    this.#older.set(position, newest);
    this.#newer.set(position, 0);
    this.#newer.set(newest, position);
    this.#older.set(0, position);
    this.#state.set(position, state);
    this.#size++;
  }

  #unlink(position: number): void {
    const older = this.#older.get(position);
    const newer = this.#newer.get(position);
    this.#newer.set(older, newer);
    this.#older.set(newer, older);
    this.#state.set(position, 0);
    this.#size--;
  }
}

const options = z.strictObject({});

/** The coin, in recipes: `{ use: "pagetier-example-plugin/coin-flip" }`. */
export function coinFlip(): PluginNode {
  return { use: "pagetier-example-plugin/coin-flip" };
}

export const plugin: PolicyPlugin<z.output<typeof options>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "coin-flip",
  summary: "A queue that throws a coin for each page: the least that a policy can be, and an example.",
  options,
  create: (parts) => new CoinFlipPolicy(parts),
};
