// A 64-bit fingerprint of a page, fast in JavaScript.
//
// Four lanes of 32 bits take every fourth word: xor, multiply by an odd constant, rotate. Each step is a bijection of
// the lane, so a change of one word always shows; lanes differ in constants and the steps do not commute, so it also
// shows where a word stands. Changes of several words cancel with probability 2^-32 within one lane, 2^-64 across
// lanes. Not for adversaries.

import { WORDS_PER_PAGE } from "@pagetier/base";

/** Hashes pages. The halves of the last hash are in `low` and `high`, so that a call allocates nothing. */
export class PageHash {
  low = 0;
  high = 0;

  /** @param words one page as 32-bit words */
  update(words: Int32Array): void {
    let a = 0x243f6a88;
    let b = 0x13198a2e | 0;
    let c = 0xa4093822 | 0;
    let d = 0x299f31d0;
    for (let index = 0; index < WORDS_PER_PAGE; index += 4) {
      a = Math.imul(a ^ words[index]!, 0x9e3779b1);
      a = (a << 13) | (a >>> 19);
      b = Math.imul(b ^ words[index + 1]!, 0x85ebca77);
      b = (b << 15) | (b >>> 17);
      c = Math.imul(c ^ words[index + 2]!, 0xc2b2ae3d);
      c = (c << 17) | (c >>> 15);
      d = Math.imul(d ^ words[index + 3]!, 0x27d4eb2f);
      d = (d << 11) | (d >>> 21);
    }
    this.low = close(close(close(close(0x165667b1, a), b), c), d) >>> 0;
    this.high = close(close(close(close(0x2c1b3c6d, d), b ^ (a << 7)), a), c) >>> 0;
  }
}

function close(hash: number, lane: number): number {
  let mixed = Math.imul(hash ^ lane, 0x85ebca6b);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 13);
}
