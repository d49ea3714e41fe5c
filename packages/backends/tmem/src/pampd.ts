// What tmem keeps of a page: two words that only the host understands, with one agreement between all hosts, the meta word.
//
//   bits 0 to 12    length: bytes that the page takes, 0..4096
//   bits 13 and 14  kind: local, marker or remote; 0 is no page
//   bit 15          in transit: being moved between here and another machine
//   bits 16 to 23   number of the codec that compressed it
//   bits 24 to 31   the host's own flags
//
// Kinds are disjoint by construction. (Linux' remote pampd shared a bit with its marker for zero-filled pages, so that the
// order of two tests decided what a page was.)

import { assert, PAGE_SIZE } from "@pagetier/base";

/** The word is a handle of the host's pool. */
export const LOCAL = 1;
/** The word is the content: a page of one repeated word. Nothing else is held. */
export const MARKER = 2;
/** Another machine has the page; the word is the host's note of it. */
export const REMOTE = 3;
export type PampdKind = typeof LOCAL | typeof MARKER | typeof REMOTE;

/** Flag of a meta word: the page is on its way to or from another machine. */
export const IN_TRANSIT = 1 << 15;
/** The first of eight flags that are the host's: `HOST_FLAG << n`, n 0..7. */
export const HOST_FLAG = 1 << 24;

/** A meta word. */
export type PampdMeta = number;

const LENGTH_MASK = 0x1fff;
const KIND_SHIFT = 13;
const KIND_MASK = 3;
const CODEC_SHIFT = 16;
const CODEC_MASK = 0xff;

/** Puts a meta word together. @param length 0..PAGE_SIZE @param codec 0..255 @param flags {@link IN_TRANSIT}, host flags */
export function pampdMeta(kind: PampdKind, length: number, codec = 0, flags = 0): PampdMeta {
  assert(length >= 0 && length <= PAGE_SIZE, "a page takes at most a page");
  assert(codec >= 0 && codec <= CODEC_MASK, "a codec's number is 0..255");
  return (length | (kind << KIND_SHIFT) | (codec << CODEC_SHIFT) | flags) >>> 0;
}

export function kindOf(meta: PampdMeta): PampdKind {
  return ((meta >>> KIND_SHIFT) & KIND_MASK) as PampdKind;
}

/** Bytes that the page takes where it lies; 0 for a marker. */
export function lengthOf(meta: PampdMeta): number {
  return meta & LENGTH_MASK;
}

export function codecOf(meta: PampdMeta): number {
  return (meta >>> CODEC_SHIFT) & CODEC_MASK;
}

export function isInTransit(meta: PampdMeta): boolean {
  return (meta & IN_TRANSIT) !== 0;
}
