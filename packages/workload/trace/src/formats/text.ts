// Plain text: one request per line.
//
//   line   = key [separator op]        blank lines and lines that begin with # or * are skipped
//   key    = decimal digits, or 0x and hexadecimal digits; up to 64 bits
//   op     = r or w, upper or lower case; without it a request is a read
//   blanks, tabs and commas separate; LF or CRLF ends a line; the last line may lack its end

import { TierError } from "@pagetier/base";
import { keyOfId } from "../key-map.js";
import type { BatchBuffer } from "../trace.js";
import type { TraceDecoder } from "./decoder.js";

const LINE_BYTES_MAX = 4096;
const NEWLINE = 10;
const RETURN = 13;
const TAB = 9;
const BLANK = 32;
const COMMA = 44;
const HASH = 35;
const STAR = 42;
const ZERO = 48;
const NINE = 57;
const LOWER = 32; // Set in lower case letters.
const LETTER_R = 114;
const LETTER_W = 119;
const LETTER_X = 120;

export class TextDecoder implements TraceDecoder {
  readonly #path: string;
  readonly #begun = new Uint8Array(LINE_BYTES_MAX + 1); // One more byte, for the newline that ends it.
  #begunLength = 0;
  #line = 1;

  constructor(path: string) {
    this.#path = path;
  }

  decode(bytes: Uint8Array, start: number, batch: BatchBuffer): number {
    let at = start;
    if (this.#begunLength > 0) {
      if (batch.length === batch.capacity) return at;
      const newline = bytes.indexOf(NEWLINE, at);
      at = this.#keep(bytes, at, newline < 0 ? bytes.length : newline + 1);
      if (newline < 0) return at;
      this.#parseLines(this.#begun, 0, this.#begunLength, batch);
      this.#begunLength = 0;
    }
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (at < end) at = this.#parseLines(bytes, at, end, batch);
    if (at < end || batch.length === batch.capacity) return at;
    return this.#keep(bytes, at, bytes.length);
  }

  finish(batch: BatchBuffer): void {
    if (this.#begunLength === 0) return;
    this.#begun[this.#begunLength] = NEWLINE;
    this.#parseLines(this.#begun, 0, this.#begunLength + 1, batch);
    this.#begunLength = 0;
  }

  #keep(bytes: Uint8Array, start: number, end: number): number {
    if (this.#begunLength + (end - start) > LINE_BYTES_MAX) {
      throw this.#badLine(`is longer than ${LINE_BYTES_MAX} bytes`, bytes, start);
    }
    for (let at = start; at < end; at++) this.#begun[this.#begunLength++] = bytes[at]!;
    return end;
  }

  /** Parses whole lines in bytes[start..end), of which the last byte is a newline, until the batch is full. */
  #parseLines(bytes: Uint8Array, start: number, end: number, batch: BatchBuffer): number {
    const { keys, writes, capacity } = batch;
    let at = start;
    let length = batch.length;
    while (at < end && length < capacity) {
      const lineStart = at;
      let byte = bytes[at]!;
      while (byte === BLANK || byte === TAB || byte === RETURN) byte = bytes[++at]!;
      if (byte === HASH || byte === STAR) {
        at = bytes.indexOf(NEWLINE, at) + 1;
        this.#line++;
        continue;
      }
      if (byte === NEWLINE) {
        at++;
        this.#line++;
        continue;
      }
      const digits = at;
      let key = 0;
      for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) key = key * 10 + (byte - ZERO);
      if (at === digits) throw this.#badLine("does not begin with a key", bytes, lineStart);
      if (key > Number.MAX_SAFE_INTEGER || (byte | LOWER) === LETTER_X) {
        at = tokenEnd(bytes, at);
        byte = bytes[at]!;
        key = this.#wideKey(bytes, digits, at);
      }
      while (byte === BLANK || byte === TAB || byte === COMMA) byte = bytes[++at]!;
      let write = 0;
      if (byte !== NEWLINE && byte !== RETURN) {
        const letter = byte | LOWER;
        if (letter !== LETTER_R && letter !== LETTER_W)
          throw this.#badLine("is not a key and r or w", bytes, lineStart);
        write = letter === LETTER_W ? 1 : 0;
        byte = bytes[++at]!;
      }
      while (byte === BLANK || byte === TAB || byte === RETURN) byte = bytes[++at]!;
      if (byte !== NEWLINE) throw this.#badLine("is not a key and r or w", bytes, lineStart);
      at++;
      keys[length] = key;
      writes[length] = write;
      length++;
      this.#line++;
    }
    batch.length = length;
    return at;
  }

  /** A key in hexadecimal digits, or of more than 53 bits. */
  #wideKey(bytes: Uint8Array, start: number, end: number): number {
    const text = textOf(bytes, start, end);
    const id = /^(\d{1,20}|0x[\da-f]{1,16})$/i.test(text) ? BigInt(text) : -1n;
    if (id < 0n || id >= 2n ** 64n) throw this.#badLine("does not begin with a key of at most 64 bits", bytes, start);
    return keyOfId(Number(id & 0xffffffffn), Number(id >> 32n));
  }

  #badLine(what: string, bytes: Uint8Array, start: number): TierError {
    const newline = bytes.indexOf(NEWLINE, start);
    const text = textOf(bytes, start, Math.min(newline < 0 ? bytes.length : newline, start + 40)).trimEnd();
    return new TierError(
      "TRACE_BAD_LINE",
      `Line ${this.#line} of the trace ${this.#path} ${what}: ${JSON.stringify(text)}; ` +
        "write one key (a whole number) per line, and r or w behind it if you like.",
      { path: this.#path, line: this.#line, text },
    );
  }
}

function tokenEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let byte = bytes[at]!; byte > BLANK && byte !== COMMA; ) byte = bytes[++at]!;
  return at;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.slice(start, end));
}

/** Tells whether bytes at the start of a file can be text: printable ASCII, line ends and tabs. */
export function looksLikeText(head: Uint8Array): boolean {
  for (const byte of head) {
    if (byte === TAB || byte === NEWLINE || byte === RETURN) continue;
    if (byte < BLANK || byte > 126) return false;
  }
  return head.length > 0;
}
