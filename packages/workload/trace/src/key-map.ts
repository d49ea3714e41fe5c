// Keys to dense numbers.
//
// The key of a trace may be any integer up to 2^53; spaces, policies and tables want 0, 1, 2, … So keys are numbered in
// order of first appearance. The map is an open-addressing hash table (linear probing, at most three quarters full)
// whose slots hold a number and the lower 32 bits of its key side by side, so that a look-up touches one line of the
// processor's cache; beside it is one table of keys by number. Together 15 to 26 bytes a key, 4 more when some key needs
// more than 32 bits. A JavaScript Map takes three to six times that.

import { ChunkedWords, TierError } from "@pagetier/base";

const SLOTS_MIN = 1 << 10;

/** Numbers keys densely. A key is an integer 0..2^53 - 1. */
export class KeyMap {
  #slots = new Uint32Array(SLOTS_MIN * 2); // Pairs: number + 1, or 0 where it is free; bits 0..31 of the key.
  #growAt = (SLOTS_MIN / 4) * 3;
  #count = 0;
  readonly #low = new ChunkedWords();
  /** Bits 32.. of the keys; holds nothing until a key needs them. */
  readonly #high = new ChunkedWords();

  /** Keys numbered so far. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the tables. */
  memoryBytes(): number {
    return this.#slots.byteLength + this.#low.bytes + this.#high.bytes;
  }

  /**
   * The number of `key`; the next free one if it is new.
   *
   * @throws TierError TRACE_TOO_LARGE when there is no memory for another key
   */
  numberOf(key: number): number {
    const low = key >>> 0;
    const high = (key - low) / 4294967296;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const wide = this.#high.capacity > 0;
    for (let at = (hashOf(low, high) << 1) & mask; ; at = (at + 2) & mask) {
      const entry = slots[at]!;
      if (entry === 0) return this.#add(at, low, high);
      if (slots[at + 1] === low && (wide ? this.#high.get(entry - 1) : 0) === high) return entry - 1;
    }
  }

  /** Numbers keys[start..end) into numbers[start..end). */
  numberAll(keys: Float64Array, numbers: Uint32Array, start: number, end: number): void {
    let slots = this.#slots;
    let wide = this.#high.capacity > 0;
    for (let index = start; index < end; index++) {
      const key = keys[index]!;
      const low = key >>> 0;
      if (wide || low !== key) {
        numbers[index] = this.numberOf(key);
        slots = this.#slots;
        wide = this.#high.capacity > 0;
        continue;
      }
      // As in numberOf, for a key of 32 bits among others: half the time of reading a binary trace would go into calls.
      const mask = slots.length - 1;
      let at = (hashOf(low, 0) << 1) & mask;
      let entry = slots[at]!;
      while (entry !== 0 && slots[at + 1] !== low) {
        at = (at + 2) & mask;
        entry = slots[at]!;
      }
      if (entry !== 0) numbers[index] = entry - 1;
      else {
        numbers[index] = this.#add(at, low, 0);
        slots = this.#slots;
      }
    }
  }

  /** The key with a number 0..count - 1. */
  keyOf(number: number): number {
    const high = this.#high.capacity > 0 ? this.#high.get(number) : 0;
    return high * 4294967296 + this.#low.get(number);
  }

  #add(at: number, low: number, high: number): number {
    const number = this.#count++;
    this.#low.ensure(this.#count);
    this.#low.set(number, low);
    if (high !== 0 || this.#high.capacity > 0) {
      this.#high.ensure(this.#count);
      this.#high.set(number, high);
    }
    this.#slots[at] = number + 1;
    this.#slots[at + 1] = low;
    if (this.#count > this.#growAt) this.#grow();
    return number;
  }

  #grow(): void {
    const slots = roomFor(this.#slots.length * 2, this.#count);
    const mask = slots.length - 1;
    const wide = this.#high.capacity > 0;
    for (let number = 0; number < this.#count; number++) {
      const low = this.#low.get(number);
      let at = (hashOf(low, wide ? this.#high.get(number) : 0) << 1) & mask;
      while (slots[at] !== 0) at = (at + 2) & mask;
      slots[at] = number + 1;
      slots[at + 1] = low;
    }
    this.#slots = slots;
    this.#growAt = (slots.length / 8) * 3;
  }
}

function roomFor(length: number, count: number): Uint32Array<ArrayBuffer> {
  try {
    return new Uint32Array(length);
  } catch (error) {
    throw new TierError(
      "TRACE_TOO_LARGE",
      `The trace has more than ${count} distinct keys, for which there is no memory; read fewer requests, or a sample of its keys.`,
      { keys: count },
      { cause: error },
    );
  }
}

function hashOf(low: number, high: number): number {
  let hash = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

/**
 * Makes a key of a 64-bit id. Ids below 2^53 are kept; others are mixed to 53 bits, so that among n such ids two become
 * one key with a probability below n² / 2^54 (0.6 % for ten million).
 *
 * @param low lower 32 bits, as any 32-bit number
 * @param high upper 32 bits
 */
export function keyOfId(low: number, high: number): number {
  const top = high >>> 0;
  if (top < 0x200000) return top * 4294967296 + (low >>> 0);
  let a = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ low;
  a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  let b = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d) ^ high;
  b = Math.imul(b ^ (b >>> 12), 0x297a2d39) ^ a;
  a = Math.imul(a ^ (b >>> 15), 0x9e3779b1);
  return ((b ^ (b >>> 16)) >>> 11) * 4294967296 + ((a ^ (a >>> 15)) >>> 0);
}
