// What the fields of a line hold.

import { hashOfBytes } from "./byte-hash.js";
import { DOT, NEWLINE, QUOTE, textOf, ZERO } from "./line-decoder.js";
import { wideId } from "./text.js";

/** Digits of a number that a double holds whatever they are. */
const SAFE_DIGITS = 15;

/** The quote that ends the one at `start`, or the newline before which there is none. */
export function quoteEnd(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; ; at++) {
    if (bytes[at] === NEWLINE) return at;
    if (bytes[at] !== QUOTE) continue;
    if (bytes[at + 1] !== QUOTE) return at;
    at++;
  }
}

/** -1: no whole number below 2^53. */
export function numberOf(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return from < to && value <= Number.MAX_SAFE_INTEGER ? value : -1;
}

/** Whole numbers as they are, other text hashed. */
export function keyOf(bytes: Uint8Array, from: number, to: number): number {
  const isCanonical = bytes[from] !== ZERO || to - from === 1;
  const value = isCanonical ? numberOf(bytes, from, to) : -1;
  if (value >= 0) return value;
  return (isCanonical ? wideId(textOf(bytes, from, to)) : undefined) ?? hashOfBytes(bytes, from, to);
}

/** Times in decimal digits, of which there may be more than a double holds. */
export class TextTime {
  // whole * scale + rest + fraction
  #whole = 0;
  #scale = 1;
  #rest = 0;
  #fraction = 0;
  #isFirst = true;
  #firstWhole = 0;
  #firstScale = 1;
  #firstRest = 0;
  #firstFraction = 0;

  /** @returns `false`: no time */
  read(bytes: Uint8Array, from: number, to: number): boolean {
    let at = from;
    let whole = 0;
    let rest = 0;
    let scale = 1;
    for (; at < to; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      if (at - from < SAFE_DIGITS) whole = whole * 10 + digit;
      else {
        rest = rest * 10 + digit;
        scale *= 10;
      }
    }
    if (at === from || scale > 10 ** SAFE_DIGITS) return false;
    let fraction = 0;
    if (bytes[at] === DOT && at < to) {
      let unit = 1;
      for (at++; at < to; at++) {
        const digit = bytes[at]! - ZERO;
        if (digit < 0 || digit > 9) return false;
        fraction = fraction * 10 + digit;
        unit *= 10;
      }
      fraction /= unit;
    }
    if (at < to) return false;
    this.#whole = whole;
    this.#scale = scale;
    this.#rest = rest;
    this.#fraction = fraction;
    return true;
  }

  /** Units since the first time that was asked for. */
  sinceFirst(): number {
    if (this.#isFirst) {
      this.#isFirst = false;
      this.#firstWhole = this.#whole;
      this.#firstScale = this.#scale;
      this.#firstRest = this.#rest;
      this.#firstFraction = this.#fraction;
    }
    const whole =
      this.#scale === this.#firstScale
        ? (this.#whole - this.#firstWhole) * this.#scale
        : this.#whole * this.#scale - this.#firstWhole * this.#firstScale;
    return whole + (this.#rest - this.#firstRest) + (this.#fraction - this.#firstFraction);
  }
}
