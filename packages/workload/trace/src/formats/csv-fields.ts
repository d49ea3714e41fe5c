// What the fields of a line hold.

import type { ByteHash } from "./byte-hash.js";
import { DOT, NEWLINE, QUOTE, textOf, ZERO } from "./line-decoder.js";
import { wideId } from "./text.js";

const HALF_DIGITS = 9;
const HALF_UNITS = 1e9;
/** Of a number below 2^64. */
const WIDE_DIGITS_MAX = 20;

/** The quote that ends the one at `start`, or the newline before which there is none. */
export function quoteEnd(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; ; at++) {
    if (bytes[at] === NEWLINE) return at;
    if (bytes[at] !== QUOTE) continue;
    if (bytes[at + 1] !== QUOTE) return at;
    at++;
  }
}

/**
 * The whole number below 2^53 that bytes[from..to) say; -1: none. In two halves, since arithmetic of up to nine digits
 * stays in integers, which is twice as fast.
 */
export function numberOf(bytes: Uint8Array, from: number, to: number): number {
  const middle = to - HALF_DIGITS;
  if (middle <= from) return digitsOf(bytes, from, to);
  if (to - from > 2 * HALF_DIGITS) return -1;
  const head = digitsOf(bytes, from, middle);
  const tail = digitsOf(bytes, middle, to);
  const value = head * HALF_UNITS + tail;
  return head >= 0 && tail >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : -1;
}

/** The number of one to nine digits; -1: it is none. */
function digitsOf(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit >>> 0 > 9) return -1;
    value = (Math.imul(value, 10) + digit) | 0;
  }
  return from < to ? value : -1;
}

/** Whole numbers as they are, other text hashed. */
export function keyOf(bytes: Uint8Array, from: number, to: number, hash: ByteHash): number {
  const first = bytes[from]! - ZERO;
  if (first >>> 0 <= 9 && (first > 0 || to - from === 1)) {
    const value = numberOf(bytes, from, to);
    if (value >= 0) return value;
    const wide = to - from <= WIDE_DIGITS_MAX ? wideId(textOf(bytes, from, to)) : undefined;
    if (wide !== undefined) return wide;
  }
  hash.clear();
  hash.add(bytes, from, to);
  return hash.value();
}

/** Times in decimal digits, of which there may be more than a double holds: up to 24 before the point, and any behind. */
export class TextTime {
  // head * 10^9 + tail + fraction
  #head = 0;
  #tail = 0;
  #fraction = 0;
  #isFirst = true;
  #firstHead = 0;
  #firstTail = 0;
  #firstFraction = 0;

  /** @returns `false`: no time */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    const middle = Math.max(from, to - HALF_DIGITS);
    this.#tail = digitsOf(bytes, middle, to);
    if (this.#tail < 0) return this.#readWithPoint(bytes, from, to);
    this.#head = middle === from ? 0 : numberOf(bytes, from, middle);
    this.#fraction = 0;
    return this.#head >= 0 || this.#readWithPoint(bytes, from, to);
  }

  #readWithPoint(bytes: Uint8Array, from: number, to: number): boolean {
    let point = from;
    while (point < to && bytes[point] !== DOT) point++;
    const middle = Math.max(from, point - HALF_DIGITS);
    this.#head = middle === from ? 0 : numberOf(bytes, from, middle);
    this.#tail = digitsOf(bytes, middle, point);
    this.#fraction = point === to ? 0 : fractionOf(bytes, point + 1, to);
    return this.#head >= 0 && this.#tail >= 0 && this.#fraction >= 0;
  }

  /** Units since the first time that was asked for. */
  sinceFirst(): number {
    if (this.#isFirst) {
      this.#isFirst = false;
      this.#firstHead = this.#head;
      this.#firstTail = this.#tail;
      this.#firstFraction = this.#fraction;
    }
    const whole = (this.#head - this.#firstHead) * HALF_UNITS + (this.#tail - this.#firstTail);
    return whole + (this.#fraction - this.#firstFraction);
  }
}

/** What digits behind a point are worth; -1: they are none. */
function fractionOf(bytes: Uint8Array, from: number, to: number): number {
  const end = Math.min(to, from + 2 * HALF_DIGITS);
  let value = 0;
  let unit = 1;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit >>> 0 > 9) return -1;
    if (at >= end) continue;
    value = value * 10 + digit;
    unit *= 10;
  }
  return value / unit;
}
