import { TierError } from "@pagetier/base";
import type { BatchBuffer } from "../trace.js";
import type { TraceDecoder } from "./decoder.js";
import { PageRequests } from "./page-requests.js";

// The bytes that formats of text are made of.
export const TAB = 9;
export const NEWLINE = 10;
export const RETURN = 13;
export const BLANK = 32;
export const QUOTE = 34;
export const HASH = 35;
export const STAR = 42;
export const COMMA = 44;
export const DOT = 46;
export const ZERO = 48;
export const NINE = 57;
export const EQUALS = 61;
/** Set in lower case letters. */
export const LOWER = 32;

const LINE_BYTES_MAX = 4096;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const TEXT_SHOWN_MAX = 60;

/** What formats of text share: cutting the bytes into lines, counting them, and naming a bad one. */
export abstract class LineDecoder implements TraceDecoder {
  protected readonly requests = new PageRequests();
  /** Number of the line that is parsed next, from 1. */
  protected line = 1;
  protected readonly path: string;
  readonly #begun = new Uint8Array(LINE_BYTES_MAX + 1); // One more byte, for the newline that ends it.
  #begunLength = 0;
  #atStart = true;

  constructor(path: string) {
    this.path = path;
  }

  /** What a line looks like, to end a message with: `"write one key per line"`. */
  protected abstract readonly grammar: string;

  /**
   * Parses whole lines in bytes[start..end), of which the last byte is a newline, until the batch is full, and counts
   * them in {@link line}. The batch has room for one request.
   *
   * @returns the index behind the last line taken
   */
  protected abstract parseLines(bytes: Uint8Array, start: number, end: number, batch: BatchBuffer): number;

  decode(bytes: Uint8Array, start: number, batch: BatchBuffer): number {
    if (!this.requests.drain(batch)) return start;
    let at = start;
    if (this.#atStart) {
      this.#atStart = false;
      if (BYTE_ORDER_MARK.every((byte, index) => bytes[at + index] === byte)) at += BYTE_ORDER_MARK.length;
    }
    if (this.#begunLength > 0) {
      const newline = bytes.indexOf(NEWLINE, at);
      at = this.#keep(bytes, at, newline < 0 ? bytes.length : newline + 1);
      if (newline < 0) return at;
      this.parseLines(this.#begun, 0, this.#begunLength, batch);
      this.#begunLength = 0;
      if (batch.length === batch.capacity) return at;
    }
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (at < end) at = this.parseLines(bytes, at, end, batch);
    if (at < end) return at;
    return this.#keep(bytes, at, bytes.length);
  }

  finish(batch: BatchBuffer): boolean {
    if (!this.requests.drain(batch)) return false;
    if (this.#begunLength > 0) {
      this.#begun[this.#begunLength] = NEWLINE;
      this.parseLines(this.#begun, 0, this.#begunLength + 1, batch);
      this.#begunLength = 0;
    }
    return this.flush(batch);
  }

  /**
   * Adds what the decoder holds back for lines to come, and what waits.
   *
   * @returns `false` when the batch became full before all was in it
   */
  protected flush(batch: BatchBuffer): boolean {
    return this.requests.drain(batch);
  }

  skipped(): Readonly<Record<string, number>> {
    return { frees: this.requests.frees };
  }

  /** @param start where the line begins in `bytes` */
  protected badLine(what: string, bytes: Uint8Array, start: number): TierError {
    const newline = bytes.indexOf(NEWLINE, start);
    const text = textOf(bytes, start, Math.min(newline < 0 ? bytes.length : newline, start + TEXT_SHOWN_MAX)).trimEnd();
    return new TierError(
      "TRACE_BAD_LINE",
      `Line ${this.line} of the trace ${this.path} ${what}: ${JSON.stringify(text)}; ${this.grammar}.`,
      { path: this.path, line: this.line, text },
    );
  }

  #keep(bytes: Uint8Array, start: number, end: number): number {
    if (this.#begunLength + (end - start) > LINE_BYTES_MAX) {
      throw this.badLine(`is longer than ${LINE_BYTES_MAX} bytes`, bytes, start);
    }
    for (let at = start; at < end; at++) this.#begun[this.#begunLength++] = bytes[at]!;
    return end;
  }
}

/** Bytes as text, one character each. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.slice(start, end));
}

/** The index behind a word: of the next blank, control byte, comma or newline. */
export function wordEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  for (let byte = bytes[at]!; byte > BLANK && byte !== COMMA; ) byte = bytes[++at]!;
  return at;
}

/** Tells whether bytes at the start of a file can be text: printable, line ends and tabs. */
export function looksLikeText(head: Uint8Array): boolean {
  for (const byte of head) {
    if (byte === TAB || byte === NEWLINE || byte === RETURN) continue;
    if (byte < BLANK || byte === 127) return false;
  }
  return head.length > 0;
}
