import assert from "node:assert/strict";
import { PAGE_SIZE } from "@pagetier/base";

/** A page whose bytes follow from `seed`; different seeds give pages that differ almost everywhere. */
export function makePage(seed: number): Uint8Array {
  const words = new Uint32Array(PAGE_SIZE / 4);
  let state = Math.imul(seed, 0x9e3779b1) + 0x243f6a88 || 1;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13; // xorshift32 by George Marsaglia
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer);
}

/** What a buffer holds before something is read into it: neither zeroes nor any page. */
export function untouchedPage(): Uint8Array {
  return new Uint8Array(PAGE_SIZE).fill(0xa5);
}

export const ZEROES: Uint8Array = new Uint8Array(PAGE_SIZE);

export function assertSameBytes(actual: Uint8Array, expected: Uint8Array, claim: string): void {
  assert.ok(Buffer.compare(actual, expected) === 0, claim);
}
