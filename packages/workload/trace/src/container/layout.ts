// The fixed parts of a container file: its header, the headers of its blocks, its trailer. docs/container-format.md is
// the reference; the names here are those of its tables.

import { crc32 } from "node:zlib";
import { PAGE_SIZE } from "@pagetier/base";

/** A byte that is no text, "PTT", and line ends that a transfer as text would change. */
export const MAGIC: Uint8Array = Uint8Array.of(0x89, 0x50, 0x54, 0x54, 0x0d, 0x0a, 0x1a, 0x0a);
const TRAILER_MAGIC: Uint8Array = Uint8Array.of(0x50, 0x54, 0x54, 0x45, 0x4e, 0x44, 0x0d, 0x0a); // "PTTEND\r\n"

export const VERSION_MAJOR = 1;
export const VERSION_MINOR = 0;

export const HEADER_BYTES = 32;
export const BLOCK_HEADER_BYTES = 24;
export const TRAILER_BYTES = 16;

/** Bytes of a block's payload, at most, packed or not. */
export const BLOCK_BYTES_MAX = 2 ** 20;
/** Operations in a block, at most. */
export const BLOCK_OPERATIONS_MAX = 8192;
/** Slots of the window of contents, at most: 256 MiB of pages. */
export const WINDOW_PAGES_MAX = 2 ** 16;
/** Pages of a space, at most. */
export const SPACE_PAGES_MAX = 2 ** 32 - 1;
export const SPACES_MAX = 2 ** 16 - 1;
/** Length of a space's name, at most. */
export const SPACE_NAME_BYTES_MAX = 255;
/** Length of the "about" text, at most. */
export const ABOUT_BYTES_MAX = 2 ** 16;

export const BLOCK = { about: 1, spaces: 2, contents: 3, operations: 4, end: 255 } as const;
/** Blocks of these types and above, but for the end, may be skipped by those who do not know them. */
export const BLOCK_SKIPPABLE = 128;
export const CODEC = { plain: 0, deflate: 1 } as const;
export const CONTENT = { fill: 0, plain: 1, delta: 2 } as const;

/** What an operation does. */
export const CONTAINER_OPS = {
  read: 1,
  write: 2,
  writePart: 3,
  alloc: 4,
  free: 5,
  truncate: 6,
  fsync: 7,
  exit: 8,
  preset: 9,
} as const;
export const OPS_END = 10;

export type SpaceKind = "anon" | "file";
/** Place in the list is the code in the file. */
export const SPACE_KINDS: readonly SpaceKind[] = ["anon", "file"];

export interface Header {
  readonly major: number;
  readonly minor: number;
  readonly pageBytes: number;
  /** Slots of the window of contents. */
  readonly windowPages: number;
}

export interface BlockHeader {
  readonly type: number;
  readonly codec: number;
  readonly items: number;
  readonly rawBytes: number;
  readonly storedBytes: number;
  readonly crc: number;
}

export function encodeHeader(windowPages: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint16(8, VERSION_MAJOR, true);
  view.setUint16(10, VERSION_MINOR, true);
  view.setUint32(12, PAGE_SIZE, true);
  view.setUint32(16, windowPages, true);
  view.setUint32(28, crc32(bytes.subarray(0, 28)), true);
  return bytes;
}

/** @returns what the header says, or what is wrong with it */
export function decodeHeader(bytes: Uint8Array): Header | string {
  if (!startsWithMagic(bytes)) return "does not begin as a container does";
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (view.getUint32(28, true) !== crc32(bytes.subarray(0, 28))) return "the header's checksum is wrong";
  const windowPages = view.getUint32(16, true);
  if (windowPages < 1 || windowPages > WINDOW_PAGES_MAX) return `a window of ${windowPages} pages is not allowed`;
  return {
    major: view.getUint16(8, true),
    minor: view.getUint16(10, true),
    pageBytes: view.getUint32(12, true),
    windowPages,
  };
}

/** Whether bytes begin as a container does. */
export function startsWithMagic(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, index) => bytes[index] === byte);
}

export function encodeBlockHeader(header: BlockHeader): Uint8Array {
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, header.type);
  view.setUint8(1, header.codec);
  view.setUint32(4, header.items, true);
  view.setUint32(8, header.rawBytes, true);
  view.setUint32(12, header.storedBytes, true);
  view.setUint32(16, header.crc, true);
  view.setUint32(20, crc32(bytes.subarray(0, 20)), true);
  return bytes;
}

/** @returns what the header says, or what is wrong with it */
export function decodeBlockHeader(bytes: Uint8Array): BlockHeader | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, BLOCK_HEADER_BYTES);
  if (view.getUint32(20, true) !== crc32(bytes.subarray(0, 20))) return "the checksum of a block's header is wrong";
  const header: BlockHeader = {
    type: view.getUint8(0),
    codec: view.getUint8(1),
    items: view.getUint32(4, true),
    rawBytes: view.getUint32(8, true),
    storedBytes: view.getUint32(12, true),
    crc: view.getUint32(16, true),
  };
  if (view.getUint16(2, true) !== 0) return "reserved bytes of a block's header are not zero";
  if (header.rawBytes > BLOCK_BYTES_MAX) return `a block of ${header.rawBytes} bytes is too large`;
  if (header.codec === CODEC.plain ? header.storedBytes !== header.rawBytes : header.storedBytes > header.rawBytes) {
    return `a block of ${header.rawBytes} bytes cannot take ${header.storedBytes}`;
  }
  return header;
}

/** @param endAt byte at which the end block begins */
export function encodeTrailer(endAt: number): Uint8Array {
  const bytes = new Uint8Array(TRAILER_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(endAt), true);
  bytes.set(TRAILER_MAGIC, 8);
  return bytes;
}

/** @returns where the end block begins; `undefined` when these bytes are no trailer */
export function decodeTrailer(bytes: Uint8Array): number | undefined {
  if (!TRAILER_MAGIC.every((byte, index) => bytes[8 + index] === byte)) return undefined;
  return Number(new DataView(bytes.buffer, bytes.byteOffset, TRAILER_BYTES).getBigUint64(0, true));
}
