// Names to numbers of 53 bits: among n different names two get one number with a probability below n² / 2^54.

const LOW_START = 0x811c9dc5 | 0;
const HIGH_START = 0x9747b28c | 0;
const LOW_FACTOR = 0x01000193; // FNV-1a's.
const HIGH_FACTOR = 0x5bd1e995;
/** Stands between two names that are one together. */
const BETWEEN = 0x100;

/** Hashes bytes. In two halves, since numbers of more than 31 bits cost an allocation each. */
export class ByteHash {
  low = LOW_START;
  high = HIGH_START;

  clear(): void {
    this.low = LOW_START;
    this.high = HIGH_START;
  }

  /** Hashes bytes[start..end), and that they end here. */
  add(bytes: Uint8Array, start: number, end: number): void {
    let { low, high } = this;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      low = Math.imul(low ^ byte, LOW_FACTOR);
      high = Math.imul((high ^ byte) + (high >>> 15), HIGH_FACTOR);
    }
    this.low = Math.imul(low ^ BETWEEN, LOW_FACTOR);
    this.high = Math.imul(high ^ BETWEEN, HIGH_FACTOR);
  }

  /** The number. */
  value(): number {
    let a = Math.imul(this.low ^ (this.low >>> 16), 0x85ebca6b) ^ this.high;
    a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
    let b = Math.imul(this.high ^ (this.high >>> 16), 0x7feb352d) ^ a;
    b = Math.imul(b ^ (b >>> 15), 0x846ca68b);
    a ^= b >>> 16;
    return ((b ^ (b >>> 16)) >>> 11) * 2 ** 32 + (a >>> 0);
  }
}
