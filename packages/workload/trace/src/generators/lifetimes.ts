import { ChunkedBytes, type Prng } from "@pagetier/base";

/**
 * Lets pages live for a while from their first touch on: how long is drawn from an exponential distribution, so that a
 * page's age says nothing of what is left. A page that was freed begins anew at its next touch.
 *
 * Ends wait in a binary heap, the earliest on top.
 */
export class Lifetimes {
  readonly #mean: number;
  readonly #prng: Prng;
  readonly #alive = new ChunkedBytes();
  readonly #ends: number[] = [];
  readonly #keys: number[] = [];

  /** @param mean requests from a page's first touch to its end, on average */
  constructor(mean: number, prng: Prng) {
    this.#mean = mean;
    this.#prng = prng;
  }

  /** A request for `key` was made. */
  touch(key: number, request: number): void {
    this.#alive.ensure(key + 1);
    if (this.#alive.get(key) === 1) return;
    this.#alive.set(key, 1);
    // 1 - unit() is never 0.
    this.#push(request + 1 - Math.log(1 - this.#prng.unit()) * this.#mean, key);
  }

  /** The next page whose life has ended before a request; -1: none. */
  nextEnded(request: number): number {
    if (this.#ends.length === 0 || this.#ends[0]! > request) return -1;
    const key = this.#pop();
    this.#alive.set(key, 0);
    return key;
  }

  #push(end: number, key: number): void {
    const ends = this.#ends;
    const keys = this.#keys;
    let at = ends.length;
    for (let parent = (at - 1) >> 1; at > 0 && ends[parent]! > end; parent = (at - 1) >> 1) {
      ends[at] = ends[parent]!;
      keys[at] = keys[parent]!;
      at = parent;
    }
    ends[at] = end;
    keys[at] = key;
  }

  #pop(): number {
    const ends = this.#ends;
    const keys = this.#keys;
    const top = keys[0]!;
    const end = ends.pop()!;
    const key = keys.pop()!;
    if (ends.length === 0) return top;
    let at = 0;
    for (let child = 1; child < ends.length; child = 2 * at + 1) {
      if (child + 1 < ends.length && ends[child + 1]! < ends[child]!) child++;
      if (ends[child]! >= end) break;
      ends[at] = ends[child]!;
      keys[at] = keys[child]!;
      at = child;
    }
    ends[at] = end;
    keys[at] = key;
    return top;
  }
}
