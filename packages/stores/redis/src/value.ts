// A value as the engine keeps it: the number of its write (8 bytes), CRC-32 of key name, number and bytes (4), the bytes.

import { crc32 } from "node:zlib";

const HEADER_BYTES = 12;
/** Sums below are not sums: see {@link SlotSums}. */
const SUM_MIN = 3;

/** Packs bytes for a key; they are copied. */
export function packValue(name: string, number: number, bytes: Uint8Array): { value: Buffer; sum: number } {
  const value = Buffer.allocUnsafe(HEADER_BYTES + bytes.length);
  value.writeUInt32BE(Math.floor(number / 2 ** 32), 0);
  value.writeUInt32BE(number % 2 ** 32, 4);
  value.set(bytes, HEADER_BYTES);
  const sum = sumOf(name, value);
  value.writeUInt32BE(sum, 8);
  return { value, sum };
}

/** The sum of a value that is whole, or `undefined`. */
export function intactSum(name: string, value: Buffer): number | undefined {
  if (value.length <= HEADER_BYTES) return undefined;
  const sum = sumOf(name, value);
  return value.readUInt32BE(8) === sum ? sum : undefined;
}

/** The bytes of a value. */
export function bytesOf(value: Buffer): Uint8Array {
  return value.subarray(HEADER_BYTES);
}

export function numberBytes(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeUInt32BE(Math.floor(number / 2 ** 32), 0);
  bytes.writeUInt32BE(number % 2 ** 32, 4);
  return bytes;
}

function sumOf(name: string, value: Buffer): number {
  const sum = crc32(value.subarray(HEADER_BYTES), crc32(value.subarray(0, 8), crc32(name)));
  return sum < SUM_MIN ? sum + SUM_MIN : sum;
}
