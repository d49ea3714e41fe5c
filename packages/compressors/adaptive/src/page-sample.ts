// A cheap look at a page: 128 of its bytes.
//
// One byte from each 32 bytes, each time from another place among the 32, so that the same field of every word or record is
// not all that is seen. Two things are made of them. How many different values there are tells noise from anything else:
// 128 random bytes hold 101 values (a standard deviation of 4 either way), text and machine code at most about 85. And a
// fingerprint: pages with equal samples are taken for the same page by those to whom a mistake costs little.

import { PAGE_SIZE } from "@pagetier/base";

/** Bytes in a sample. */
export const SAMPLE_BYTES = 128;

const STRIDE = PAGE_SIZE / SAMPLE_BYTES;
/** Odd, so that each place among the stride's bytes has its turn. */
const STEP = 13;

/** Takes samples, one at a time. */
export class PageSample {
  /** By byte value: the number of the sample that held it last. */
  readonly #seen = new Uint32Array(256);
  #sample = 0;
  #distinct = 0;
  #fingerprint = 0;

  /** Different byte values in the last sample, 1..{@link SAMPLE_BYTES}. */
  get distinct(): number {
    return this.#distinct;
  }

  /** 32 bits of the last sample, as a signed number: unsigned ones beyond 2^31 would be objects. */
  get fingerprint(): number {
    return this.#fingerprint;
  }

  get memoryBytes(): number {
    return this.#seen.byteLength;
  }

  /** Samples the page at the beginning of `bytes`. */
  take(bytes: Uint8Array): void {
    const seen = this.#seen;
    const sample = (this.#sample + 1) >>> 0;
    let distinct = 0;
    let fingerprint = 0;
    for (let index = 0; index < SAMPLE_BYTES; index++) {
      const byte = bytes[index * STRIDE + ((index * STEP) & (STRIDE - 1))]!;
      if (seen[byte] !== sample) {
        seen[byte] = sample;
        distinct++;
      }
      fingerprint = Math.imul(fingerprint ^ byte, 0x01000193); // FNV-1a
    }
    this.#sample = sample;
    this.#distinct = distinct;
    this.#fingerprint = fingerprint ^ (fingerprint >>> 15);
  }
}
