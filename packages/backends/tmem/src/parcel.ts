// A zpage as it travels and as its holder keeps it:
//
//   byte 0       version of this layout
//   byte 1       kind: 1 persistent, 2 ephemeral, 3 tombstone
//   bytes 2-7    sequence of the put (or of the flush that a tombstone remembers), most significant byte first
//   bytes 8-11   CRC-32 of the key's name, the eight bytes before, and the zpage
//   bytes 12-    the zpage
//
// The sequence makes a parcel one put's and no other's. A holder may have lost its memory, been replaced by a copy of itself that
// is behind, or have come back from before: whatever it answers is the page if, and only if, it is the parcel of the last put. A
// holder compares sequences without looking further.

import { crc32 } from "node:zlib";
import { assert, PAGE_SIZE } from "@pagetier/base";
import { type RemoteKey, type RemoteKind, remoteKeyName } from "./remote-memory.js";

const VERSION = 1;
const HEADER_BYTES = 12;
const SEQUENCE_MAX = 2 ** 48 - 1;
const PERSISTENT = 1;
const EPHEMERAL = 2;
const TOMBSTONE = 3;

/** Bytes that a parcel is longer than its zpage. */
export const PARCEL_BYTES = HEADER_BYTES;
/** Where a holder finds the sequence: the first of six bytes, and the last. */
export const PARCEL_SEQUENCE_FIRST = 2;
export const PARCEL_SEQUENCE_LAST = 7;

/** Packs a zpage of 1..PAGE_SIZE bytes; they are copied. */
export function sealParcel(key: RemoteKey, kind: RemoteKind, sequence: number, bytes: Uint8Array): Uint8Array {
  assert(bytes.length >= 1 && bytes.length <= PAGE_SIZE, "a zpage is 1 to PAGE_SIZE bytes");
  const parcel = new Uint8Array(HEADER_BYTES + bytes.length);
  parcel.set(bytes, HEADER_BYTES);
  seal(parcel, key, kind === "persistent" ? PERSISTENT : EPHEMERAL, sequence);
  return parcel;
}

/** What stands in the place of a page that was flushed while an earlier put of it may still arrive. It is no page. */
export function tombstone(key: RemoteKey, sequence: number): Uint8Array {
  const parcel = new Uint8Array(HEADER_BYTES);
  seal(parcel, key, TOMBSTONE, sequence);
  return parcel;
}

/**
 * Unpacks the parcel of one put.
 *
 * @param into at least PAGE_SIZE bytes
 * @returns bytes copied; 0 when it is not that put's parcel, or damaged: nothing was copied
 */
export function openParcel(parcel: Uint8Array, key: RemoteKey, sequence: number, into: Uint8Array): number {
  const length = parcel.length - HEADER_BYTES;
  if (length < 1 || length > PAGE_SIZE || parcel[0] !== VERSION) return 0;
  const { view, sum } = read(parcel);
  if (sequenceIn(view) !== sequence || sumOf(parcel, key) !== sum) return 0;
  into.set(parcel.subarray(HEADER_BYTES));
  return length;
}

/** Whether a holder's bytes are a page, and not a tombstone. */
export function isPage(parcel: Uint8Array): boolean {
  return parcel.length > HEADER_BYTES;
}

/** The sequence that a holder's bytes have, 0 when they are no parcel. */
export function parcelSequence(parcel: Uint8Array): number {
  return parcel.length < HEADER_BYTES ? 0 : sequenceIn(new DataView(parcel.buffer, parcel.byteOffset));
}

/** The sequence of a parcel as six bytes, for holders that compare. */
export function sequenceBytes(sequence: number): Uint8Array {
  const bytes = new Uint8Array(6);
  writeSequence(new DataView(bytes.buffer), 0, sequence);
  return bytes;
}

function seal(parcel: Uint8Array, key: RemoteKey, kind: number, sequence: number): void {
  assert(sequence >= 0 && sequence <= SEQUENCE_MAX, "a sequence is 0..2^48 - 1");
  parcel[0] = VERSION;
  parcel[1] = kind;
  const view = new DataView(parcel.buffer, parcel.byteOffset);
  writeSequence(view, PARCEL_SEQUENCE_FIRST, sequence);
  view.setUint32(8, sumOf(parcel, key));
}

function writeSequence(view: DataView, start: number, sequence: number): void {
  view.setUint16(start, Math.floor(sequence / 2 ** 32));
  view.setUint32(start + 2, sequence % 2 ** 32);
}

function read(parcel: Uint8Array): { readonly view: DataView; readonly sum: number } {
  const view = new DataView(parcel.buffer, parcel.byteOffset);
  return { view, sum: view.getUint32(8) };
}

function sequenceIn(view: DataView): number {
  return view.getUint16(PARCEL_SEQUENCE_FIRST) * 2 ** 32 + view.getUint32(PARCEL_SEQUENCE_FIRST + 2);
}

function sumOf(parcel: Uint8Array, key: RemoteKey): number {
  const head = crc32(parcel.subarray(0, 8), crc32(remoteKeyName(key)));
  return crc32(parcel.subarray(HEADER_BYTES), head);
}
