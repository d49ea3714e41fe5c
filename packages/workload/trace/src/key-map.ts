// Keys to dense numbers.
//
// The key of a trace may be any integer up to 2^53; spaces, policies and tables want 0, 1, 2, … So keys are numbered in
// order of first appearance. The map is an open-addressing hash table of numbers (linear probing, at most three
// quarters full) beside one table of keys by number: 4 to 11 bytes of slots and 4 bytes of key each, 8 when some key
// needs more than 32 bits. A JavaScript Map takes about ten times that.

import { ChunkedWords } from "@pagetier/base";

const SLOTS_MIN = 1 << 10;

/** Numbers keys densely. A key is an integer 0..2^53 - 1. */
export class KeyMap {
  #slots = new Uint32Array(SLOTS_MIN); // 0: free; else number + 1.
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

  /** The number of `key`; the next free one if it is new. */
  numberOf(key: number): number {
    const low = key >>> 0;
    const high = (key - low) / 4294967296;
    const mask = this.#slots.length - 1;
    const wide = this.#high.capacity > 0;
    for (let slot = hashOf(low, high) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]!;
      if (entry === 0) return this.#add(slot, low, high);
      if (this.#low.get(entry - 1) === low && (wide ? this.#high.get(entry - 1) : 0) === high) return entry - 1;
    }
  }

  /** Numbers keys[start..end) into numbers[start..end). */
  numberAll(keys: Float64Array, numbers: Uint32Array, start: number, end: number): void {
    for (let index = start; index < end; index++) numbers[index] = this.numberOf(keys[index]!);
  }

  /** The key with a number 0..count - 1. */
  keyOf(number: number): number {
    const high = this.#high.capacity > 0 ? this.#high.get(number) : 0;
    return high * 4294967296 + this.#low.get(number);
  }

  #add(slot: number, low: number, high: number): number {
    const number = this.#count++;
    this.#low.ensure(this.#count);
    this.#low.set(number, low);
    if (high !== 0 || this.#high.capacity > 0) {
      this.#high.ensure(this.#count);
      this.#high.set(number, high);
    }
    this.#slots[slot] = number + 1;
    if (this.#count > this.#growAt) this.#grow();
    return number;
  }

  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    const wide = this.#high.capacity > 0;
    for (let number = 0; number < this.#count; number++) {
      let slot = hashOf(this.#low.get(number), wide ? this.#high.get(number) : 0) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
    this.#growAt = (slots.length / 4) * 3;
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
