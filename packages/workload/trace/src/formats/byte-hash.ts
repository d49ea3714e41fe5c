// Names to numbers of 53 bits: among n different names two get one number with a probability below n² / 2^54.

const LOW_START = 0x811c9dc5;
const HIGH_START = 0x9747b28c;
const LOW_FACTOR = 0x01000193; // FNV-1a's.
const HIGH_FACTOR = 0x5bd1e995;

/** Hashes bytes[start..end). */
export function hashOfBytes(bytes: Uint8Array, start: number, end: number): number {
  let low = LOW_START;
  let high = HIGH_START;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    low = Math.imul(low ^ byte, LOW_FACTOR);
    high = Math.imul(high ^ byte, HIGH_FACTOR);
    high ^= high >>> 15;
  }
  return finished(low, high);
}

/** Mixes a hash into another: of two columns that are one name together. */
export function combined(first: number, second: number): number {
  const low = Math.imul(first | 0, HIGH_FACTOR) ^ second;
  const high = Math.imul(Math.floor(first / 2 ** 32) ^ low, LOW_FACTOR) ^ Math.floor(second / 2 ** 32);
  return finished(low, high);
}

function finished(low: number, high: number): number {
  let a = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ high;
  a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  let b = Math.imul(high ^ (high >>> 16), 0x7feb352d) ^ a;
  b = Math.imul(b ^ (b >>> 15), 0x846ca68b);
  a ^= b >>> 16;
  return ((b ^ (b >>> 16)) >>> 11) * 2 ** 32 + (a >>> 0);
}
