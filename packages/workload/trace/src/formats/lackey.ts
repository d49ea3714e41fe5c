// valgrind's lackey, `valgrind --tool=lackey --trace-mem=yes`: one access per line.
//
//   I  0401ab70,3         an instruction was fetched: hexadecimal address, decimal bytes
//    S 1fff000768,8       store
//    L 1fff000a51,1       load
//    M 1fff000a58,4       modify: a load and a store of the same bytes
//   ==4711== …            valgrind talks; so do lines that begin with --, and SYSCALL lines of --trace-syscalls=yes
//
// An access is a request for each page that it touches. A program stays on a page for many accesses, so a run of them is
// one request: a write when one of them stored.

import { PAGE_SIZE } from "@pagetier/base";
import { type BatchBuffer, REQUEST_OPS } from "../trace.js";
import type { FormatDefinition, OpenedFormat } from "./format.js";
import { yesOrNo } from "./format-options.js";
import { BLANK, COMMA, LineDecoder, LOWER, NEWLINE, NINE, RETURN, textOf, ZERO } from "./line-decoder.js";

const LETTER_A = 97;
const LETTER_F = 102;
const FETCH = 73;
const LOAD = 76;
const MODIFY = 77;
const STORE = 83;
const LINE = /^(I {2}| [SLM] )[\da-f]+,\d+\s*$/i;
const TALK = /^(==|--)|^SYSCALL\[/;
/** Looked at to tell talk. */
const TALK_BYTES = 16;
const DIGITS_MAX = 16;
/** No instruction touches more. */
const ACCESS_BYTES_MAX = 2 ** 20;

class LackeyDecoder extends LineDecoder {
  protected readonly grammar =
    "a line is I, S, L or M, a hexadecimal address, a comma and a number of bytes, as in ' S 1fff000768,8'";
  readonly #withFetches: boolean;
  #fetches = 0;
  #merged = 0;
  // The run of accesses to one page that is in no batch yet. No page: -1.
  #page = -1;
  #op = 0;

  constructor(path: string, withFetches: boolean) {
    super(path);
    this.#withFetches = withFetches;
  }

  protected parseLines(bytes: Uint8Array, start: number, end: number, batch: BatchBuffer): number {
    let at = start;
    while (at < end) {
      const lineStart = at;
      const isFetch = bytes[at] === FETCH;
      if (isFetch && !this.#withFetches) {
        this.#fetches++;
        at = bytes.indexOf(NEWLINE, at) + 1;
        this.line++;
        continue;
      }
      const kind = isFetch ? FETCH : bytes[at + 1]!;
      const isData = bytes[at] === BLANK && (kind === LOAD || kind === STORE || kind === MODIFY);
      if (!(isFetch || isData) || bytes[at + 2] !== BLANK) {
        at = this.#passTalk(bytes, lineStart);
        continue;
      }
      at += 3;
      const digits = at;
      let page = 0; // Apart from the offset in it: an address has up to 64 bits.
      let offset = 0;
      let byte = bytes[at]!;
      for (let digit = hexDigit(byte); digit >= 0; digit = hexDigit(byte)) {
        page = page * 16 + (offset >> 8);
        offset = ((offset & 0xff) << 4) | digit;
        byte = bytes[++at]!;
      }
      const length = at - digits;
      let size = 0;
      if (byte === COMMA) {
        byte = bytes[++at]!;
        for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) size = size * 10 + (byte - ZERO);
      }
      while (byte === RETURN) byte = bytes[++at]!;
      if (byte !== NEWLINE || length < 1 || length > DIGITS_MAX || size < 1 || size > ACCESS_BYTES_MAX) {
        throw this.badLine("is no access", bytes, lineStart);
      }
      at++;
      this.line++;
      const op = kind === STORE || kind === MODIFY ? REQUEST_OPS.write : REQUEST_OPS.read;
      if (page === this.#page && offset + size <= PAGE_SIZE) {
        this.#op |= op;
        this.#merged++;
      } else if (!this.#leave(page, Math.floor((offset + size - 1) / PAGE_SIZE), op, batch)) return at;
    }
    return at;
  }

  protected override flush(batch: BatchBuffer): boolean {
    if (!super.flush(batch)) return false;
    if (this.#page < 0) return true;
    this.requests.add(batch, this.#page, 1, this.#op, 0);
    this.#page = -1;
    return true;
  }

  override skipped(): Readonly<Record<string, number>> {
    return { ...super.skipped(), "instruction fetches": this.#fetches, "further accesses of a run": this.#merged };
  }

  /**
   * Ends the run at an access to pages page .. page + further, whose last page begins the next run.
   *
   * @returns whether there is room for more
   */
  #leave(page: number, further: number, op: number, batch: BatchBuffer): boolean {
    let first = page;
    let room = true;
    if (this.#page >= 0) {
      if (page === this.#page) {
        this.#op |= op;
        this.#merged++;
        first++;
      }
      room = this.requests.add(batch, this.#page, 1, this.#op, 0);
    }
    this.#page = page + further;
    this.#op = op;
    return first < this.#page ? this.requests.add(batch, first, this.#page - first, op, 0) : room;
  }

  /** Passes a line that is no access. */
  #passTalk(bytes: Uint8Array, start: number): number {
    const newline = bytes.indexOf(NEWLINE, start);
    const text = textOf(bytes, start, Math.min(newline, start + TALK_BYTES)).trim();
    if (text !== "" && !TALK.test(text)) throw this.badLine("is no access", bytes, start);
    this.line++;
    return newline + 1;
  }
}

/** -1: it is none. */
function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= NINE) return byte - ZERO;
  const letter = byte | LOWER;
  return letter >= LETTER_A && letter <= LETTER_F ? letter - LETTER_A + 10 : -1;
}

export const lackey: FormatDefinition = {
  summary: "valgrind's lackey, --trace-mem=yes; a run of accesses to one page is one request",
  isText: true,
  options: { fetches: "yes: instruction fetches are requests too; default no" },
  recognise: ({ lines }) => (lines?.some((line) => LINE.test(line)) && lines.every(isOurs) ? "certain" : "no"),
  open({ path, options }): OpenedFormat {
    const withFetches = yesOrNo(path, "lackey", options, "fetches", false);
    return { addresses: "memory", times: false, decoder: () => new LackeyDecoder(path, withFetches) };
  },
};

function isOurs(line: string, index: number, lines: readonly string[]): boolean {
  return LINE.test(line) || TALK.test(line) || index === lines.length - 1;
}
