// Traces of ARC (Megiddo and Modha), `.lis`: four numbers per line, separated by blanks.
//
//   start count ignored request      `count` blocks from `start` on; requests are numbered from 0
//
// The paper's caches hold blocks, whatever their size, so a key is a block. Those who want pages of 4096 bytes say
// `arc:unit=512`.

import { type BatchBuffer, REQUEST_OPS } from "../trace.js";
import type { FormatDefinition, OpenedFormat } from "./format.js";
import { wholeNumber } from "./format-options.js";
import { BLANK, HASH, LineDecoder, NEWLINE, NINE, RETURN, STAR, TAB, ZERO } from "./line-decoder.js";
import { DEVICE_BYTES_MAX, DEVICE_KEYS, pageOf, pagesTouched } from "./page-requests.js";

const NUMBERS = 4;
const LINE = /^\s*\d+([ \t]+\d+){3}\s*$/;
/** Blocks that one request may ask for: 2 GiB in blocks of 512 bytes. */
const COUNT_MAX = 2 ** 22;

class ArcDecoder extends LineDecoder {
  protected readonly grammar = "write start, count, a number that is ignored, and the request's number";
  readonly #unitBytes: number | undefined;
  #empty = 0;

  constructor(path: string, unitBytes: number | undefined) {
    super(path);
    this.#unitBytes = unitBytes;
  }

  protected parseLines(bytes: Uint8Array, start: number, end: number, batch: BatchBuffer): number {
    let at = start;
    while (at < end) {
      const lineStart = at;
      let byte = bytes[at]!;
      let first = 0;
      let count = 0;
      let numbers = 0;
      for (;;) {
        while (byte === BLANK || byte === TAB || byte === RETURN) byte = bytes[++at]!;
        if (byte < ZERO || byte > NINE) break;
        let value = 0;
        for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) value = value * 10 + (byte - ZERO);
        if (numbers === 0) first = value;
        else if (numbers === 1) count = value;
        numbers++;
      }
      if (numbers === 0 && (byte === HASH || byte === STAR)) {
        at = bytes.indexOf(NEWLINE, at);
        byte = NEWLINE;
      }
      if (byte !== NEWLINE || (numbers !== NUMBERS && numbers !== 0)) {
        throw this.badLine("does not hold four numbers", bytes, lineStart);
      }
      const room = numbers === 0 || this.#add(first, count, batch, bytes, lineStart);
      at++;
      this.line++;
      if (!room) return at;
    }
    return at;
  }

  override skipped(): Readonly<Record<string, number>> {
    return { ...super.skipped(), "empty requests": this.#empty };
  }

  #add(first: number, count: number, batch: BatchBuffer, bytes: Uint8Array, lineStart: number): boolean {
    if (count === 0) {
      this.#empty++;
      return true;
    }
    if (count > COUNT_MAX) throw this.badLine(`asks for more than ${COUNT_MAX} blocks`, bytes, lineStart);
    const unit = this.#unitBytes;
    const beyond = unit === undefined ? first + count > DEVICE_KEYS : (first + count) * unit > DEVICE_BYTES_MAX;
    if (beyond) throw this.badLine("asks for blocks beyond 4 PiB", bytes, lineStart);
    if (unit === undefined) return this.requests.add(batch, first, count, REQUEST_OPS.read, 0);
    const pages = pagesTouched(first * unit, count * unit);
    return this.requests.add(batch, pageOf(first * unit), pages, REQUEST_OPS.read, 0);
  }
}

export const arc: FormatDefinition = {
  summary: "ARC's .lis: start, count, ignored, number of the request",
  isText: true,
  options: { unit: "bytes of a block, to get pages; without it a key is a block" },
  isNamed: (name) => name.endsWith(".lis"),
  recognise: ({ lines }) =>
    lines?.[0] !== undefined && lines.slice(0, 3).every((line) => LINE.test(line)) ? "certain" : "no",
  open({ path, options }): OpenedFormat {
    const unitBytes = options.unit === undefined ? undefined : wholeNumber(path, "arc", options, "unit", 1);
    return { addresses: "blocks", times: false, decoder: () => new ArcDecoder(path, unitBytes) };
  },
};
