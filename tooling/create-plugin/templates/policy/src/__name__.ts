// First in, first out: a ring of ids; the page that came first leaves first, used or not.
//
// A hit costs nothing. Good as a floor for other policies. 8 bytes per id.

import { assert, ChunkedWords, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyParts, type PolicyPlugin } from "@pagetier/policy";
import { z } from "zod";

export class __Name__Policy implements EvictionPolicy {
  readonly type = "__name__";
  readonly #capacity: number;
  // The ring goes through position 0; the page with id n is at position n + 1. The oldest page has no older neighbour but
  // position 0, as has a page that is not in the ring: hence the look at the ring's start.
  readonly #older: ChunkedWords;
  readonly #newer: ChunkedWords;
  #size = 0;

  constructor(parts: PolicyParts) {
    this.#capacity = parts.capacity;
    this.#older = new ChunkedWords(parts.accountant);
    this.#newer = new ChunkedWords(parts.accountant);
  }

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    const position = id + 1;
    if (position >= this.#newer.capacity || position >= this.#older.capacity) return false;
    return this.#older.get(position) !== 0 || this.#newer.get(0) === position;
  }

  hit(id: number): void {
    assert(this.has(id), "a page that is hit is resident");
  }

  admit(id: number): number {
    if (!this.#older.ensure(id + 2) || !this.#newer.ensure(id + 2)) return id;
    assert(!this.has(id), "a page that is admitted is not resident");
    const left = this.#size >= this.#capacity ? this.victim() : NO_VICTIM;
    this.#link(id + 1);
    return left;
  }

  victim(): number {
    if (this.#size === 0) return NO_VICTIM;
    const oldest = this.#newer.get(0);
    this.#unlink(oldest);
    return oldest - 1;
  }

  rotate(id: number): void {
    assert(!this.has(id) && id + 1 < this.#older.capacity, "a page that is put back had left");
    this.#link(id + 1);
  }

  remove(id: number): void {
    if (this.has(id)) this.#unlink(id + 1);
  }

  memoryBytes(): number {
    return this.#older.bytes + this.#newer.bytes;
  }

  verify(): void {
    if (this.#size === 0) return;
    let pages = 0;
    for (let at = this.#newer.get(0); at !== 0; at = this.#newer.get(at)) {
      assert(this.#newer.get(this.#older.get(at)) === at, "neighbours in the ring know each other");
      assert(++pages <= this.#size, "the ring is not longer than its size");
    }
    assert(pages === this.#size, "size counts the pages in the ring");
  }

  /** Puts a page at the newest end. */
  #link(position: number): void {
    const newest = this.#older.get(0);
    this.#older.set(position, newest);
    this.#newer.set(position, 0);
    this.#newer.set(newest, position);
    this.#older.set(0, position);
    this.#size++;
  }

  #unlink(position: number): void {
    const older = this.#older.get(position);
    const newer = this.#newer.get(position);
    this.#newer.set(older, newer);
    this.#older.set(newer, older);
    this.#older.set(position, 0);
    this.#newer.set(position, 0);
    this.#size--;
  }
}

/** Names it in a recipe. */
export function __camel__(): PluginNode {
  return { use: "__name__" };
}

const __camel__Options = z.strictObject({});

export const plugin: PolicyPlugin<z.output<typeof __camel__Options>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "__name__",
  summary: "First in, first out.",
  options: __camel__Options,
  create: (parts) => new __Name__Policy(parts),
};
