// Plain text: one request per line.
//
//   line   = key [separator op]        blank lines and lines that begin with # or * are skipped
//   key    = decimal digits, or 0x and hexadecimal digits; up to 64 bits
//   op     = r, w, or f for a page that is freed, upper or lower case; without it a request is a read
//   blanks, tabs and commas separate; LF or CRLF ends a line; the last line may lack its end
//
// The traces of LIRS are of this form.

import { keyOfId } from "../key-map.js";
import { type BatchBuffer, REQUEST_OPS } from "../trace.js";
import type { FormatDefinition } from "./format.js";
import {
  BLANK,
  COMMA,
  HASH,
  LineDecoder,
  LOWER,
  NEWLINE,
  NINE,
  RETURN,
  STAR,
  TAB,
  textOf,
  wordEnd,
  ZERO,
} from "./line-decoder.js";

const LETTER_F = 102;
const LETTER_R = 114;
const LETTER_W = 119;
const LETTER_X = 120;
const LINE = /^\s*(\d+|0x[\da-f]+)([\s,]+[rwf])?\s*$/i;

export class TextDecoder extends LineDecoder {
  protected readonly grammar = "write one key (a whole number) per line, and r, w or f behind it if you like";

  protected parseLines(bytes: Uint8Array, start: number, end: number, batch: BatchBuffer): number {
    const { keys, writes, capacity } = batch;
    const plain = batch.ops === undefined;
    let at = start;
    while (at < end && batch.length < capacity) {
      const lineStart = at;
      let byte = bytes[at]!;
      while (byte === BLANK || byte === TAB || byte === RETURN) byte = bytes[++at]!;
      if (byte === HASH || byte === STAR) {
        at = bytes.indexOf(NEWLINE, at) + 1;
        this.line++;
        continue;
      }
      if (byte === NEWLINE) {
        at++;
        this.line++;
        continue;
      }
      const digits = at;
      let key = 0;
      for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) key = key * 10 + (byte - ZERO);
      if (at === digits) throw this.badLine("does not begin with a key", bytes, lineStart);
      if (key > Number.MAX_SAFE_INTEGER || (byte | LOWER) === LETTER_X) {
        at = wordEnd(bytes, at);
        byte = bytes[at]!;
        key = this.#wideKey(bytes, digits, at);
      }
      while (byte === BLANK || byte === TAB || byte === COMMA) byte = bytes[++at]!;
      let op = 0;
      if (byte !== NEWLINE && byte !== RETURN) {
        op = opOf(byte | LOWER);
        if (op < 0) throw this.badLine("is not a key and r, w or f", bytes, lineStart);
        byte = bytes[++at]!;
      }
      while (byte === BLANK || byte === TAB || byte === RETURN) byte = bytes[++at]!;
      if (byte !== NEWLINE) throw this.badLine("is not a key and r, w or f", bytes, lineStart);
      at++;
      this.line++;
      if (plain && op < REQUEST_OPS.free) {
        keys[batch.length] = key;
        writes[batch.length++] = op;
      } else this.requests.add(batch, key, 1, op, 0);
    }
    return at;
  }

  /** A key in hexadecimal digits, or of more than 53 bits. */
  #wideKey(bytes: Uint8Array, start: number, end: number): number {
    const id = wideId(textOf(bytes, start, end));
    if (id === undefined) throw this.badLine("does not begin with a key of at most 64 bits", bytes, start);
    return id;
  }
}

/** The key of an id of at most 64 bits, in decimal digits or `0x` and hexadecimal ones; `undefined`: it is none. */
export function wideId(text: string): number | undefined {
  if (!/^(\d{1,20}|0x[\da-f]{1,16})$/i.test(text)) return undefined;
  const id = BigInt(text);
  return id < 2n ** 64n ? keyOfId(Number(id & 0xffffffffn), Number(id >> 32n)) : undefined;
}

function opOf(letter: number): number {
  if (letter === LETTER_R) return REQUEST_OPS.read;
  if (letter === LETTER_W) return REQUEST_OPS.write;
  return letter === LETTER_F ? REQUEST_OPS.free : -1;
}

export const text: FormatDefinition = {
  summary: "one key per line, r, w or f behind it if you like; LIRS's traces",
  isText: true,
  recognise: ({ lines }) => (lines?.[0] !== undefined && LINE.test(lines[0]) ? "certain" : "no"),
  open: ({ path }) => ({ addresses: "keys", times: false, decoder: () => new TextDecoder(path) }),
};
