// Heaps of groups, the oldest on top, one for each bucket.
//
// Skew heaps: a merge walks down the right sides and swaps the children on its way, which keeps them short on average.
// Adding and taking out a group anywhere costs O(log n) amortised, needs three words of its record, and no memory beside.
//
// Ages are differences of a 32-bit count that goes round: older means further behind now.
//
// Source: D. Sleator and R. Tarjan, Self-adjusting heaps, 1986.

import { assert } from "@pagetier/base";
import type { Records } from "@pagetier/tmem";

/** Words of a group's record. */
export const GROUP = 0;
export const COUNT = 1;
export const STAMP = 2;
export const BUCKET = 3;
export const FRAMES = 4;
const LEFT = 5;
const RIGHT = 6;
const PARENT = 7;

export class AgeHeaps {
  readonly #records: Records;
  readonly #roots: Uint32Array;
  /** The count from which ages are taken. */
  now = 0;

  constructor(records: Records, buckets: number) {
    this.#records = records;
    this.#roots = new Uint32Array(buckets);
  }

  get buckets(): number {
    return this.#roots.length;
  }

  /** The oldest record of a bucket, 0: none. */
  oldest(bucket: number): number {
    return this.#roots[bucket]!;
  }

  /** How long ago a record was stamped. */
  ageOf(id: number): number {
    return (this.now - this.#records.get(id, STAMP)) >>> 0;
  }

  add(id: number, bucket: number): void {
    const records = this.#records;
    records.set(id, BUCKET, bucket);
    records.set(id, LEFT, 0);
    records.set(id, RIGHT, 0);
    const root = this.#merge(this.#roots[bucket]!, id);
    records.set(root, PARENT, 0);
    this.#roots[bucket] = root;
  }

  remove(id: number): void {
    const records = this.#records;
    const parent = records.get(id, PARENT);
    const rest = this.#merge(records.get(id, LEFT), records.get(id, RIGHT));
    if (rest !== 0) records.set(rest, PARENT, parent);
    if (parent === 0) this.#roots[records.get(id, BUCKET)] = rest;
    else records.set(parent, records.get(parent, LEFT) === id ? LEFT : RIGHT, rest);
  }

  /** Throws AssertionError unless each heap is one. @returns records in all of them */
  verify(): number {
    let count = 0;
    const records = this.#records;
    for (const [bucket, root] of this.#roots.entries()) {
      const waiting = root === 0 ? [] : [root];
      if (root !== 0) assert(records.get(root, PARENT) === 0, "nothing is above the oldest");
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        assert(++count <= records.live, "a heap ends");
        assert(records.get(id, BUCKET) === bucket, "a group knows its bucket");
        for (const side of [LEFT, RIGHT]) {
          const child = records.get(id, side);
          if (child === 0) continue;
          assert(records.get(child, PARENT) === id, "a heap is linked both ways");
          assert(this.ageOf(child) <= this.ageOf(id), "the older is above");
          waiting.push(child);
        }
      }
    }
    return count;
  }

  #merge(a: number, b: number): number {
    if (a === 0) return b;
    if (b === 0) return a;
    const records = this.#records;
    let upper = a;
    let other = b;
    if (this.ageOf(other) > this.ageOf(upper)) {
      upper = b;
      other = a;
    }
    const root = upper;
    for (;;) {
      const right = records.get(upper, RIGHT);
      records.set(upper, RIGHT, records.get(upper, LEFT));
      let next = right;
      if (right === 0 || this.ageOf(other) > this.ageOf(right)) {
        next = other;
        other = right;
      }
      records.set(upper, LEFT, next);
      records.set(next, PARENT, upper);
      if (other === 0) return root;
      upper = next;
    }
  }
}
