// fio's iolog, versions 2 and 3.
//
//   fio version 2 iolog            the first line
//   FILE add|open|close
//   FILE read|write|trim OFFSET LENGTH        bytes
//   FILE sync|datasync [OFFSET LENGTH]
//   FILE wait OFFSET LENGTH                   a pause of OFFSET microseconds since the wait before
//
// Version 3 puts microseconds since the start of the run before each line, and has no wait. Files are devices, numbered
// in order of appearance.

import { TierError } from "@pagetier/base";
import { type BatchBuffer, REQUEST_OPS } from "../trace.js";
import { ByteHash } from "./byte-hash.js";
import type { FormatDefinition, Head, OpenedFormat, Recognition } from "./format.js";
import { BLANK, LineDecoder, NEWLINE, RETURN, TAB, textOf, ZERO } from "./line-decoder.js";
import { DEVICE_BYTES_MAX, DEVICES_MAX, Devices, pageOf, pagesTouched } from "./page-requests.js";

const HEADER = /^fio version ([23]) iolog\s*$/;
const NS_PER_US = 1e3;
const WORDS_MAX = 5;

// What an action is, beside REQUEST_OPS.
const SYNC = 3;
const WAIT = 4;
const NOTHING = 5;
const ACTIONS = Object.entries({
  read: REQUEST_OPS.read,
  write: REQUEST_OPS.write,
  trim: REQUEST_OPS.free,
  sync: SYNC,
  datasync: SYNC,
  wait: WAIT,
  add: NOTHING,
  open: NOTHING,
  close: NOTHING,
}).map(([word, action]) => ({ word: Buffer.from(word), action }));

class FioDecoder extends LineDecoder {
  protected readonly grammar: string;
  readonly #version: number;
  readonly #devices = new Devices();
  readonly #name = new ByteHash();
  #startUs = -1;
  #waitedUs = 0;
  #syncs = 0;
  #empty = 0;
  // Where the words of the line begin and end.
  readonly #starts = new Uint32Array(WORDS_MAX + 1);
  readonly #ends = new Uint32Array(WORDS_MAX + 1);

  constructor(path: string, version: number) {
    super(path);
    this.#version = version;
    const time = version === 3 ? "MICROSECONDS " : "";
    this.grammar = `write ${time}FILE read|write|trim OFFSET LENGTH, or ${time}FILE add|open|close|sync`;
  }

  protected parseLines(bytes: Uint8Array, start: number, end: number, batch: BatchBuffer): number {
    let at = start;
    while (at < end) {
      const lineStart = at;
      let words = 0;
      let byte = bytes[at]!;
      while (byte !== NEWLINE) {
        if (byte === BLANK || byte === TAB || byte === RETURN) {
          byte = bytes[++at]!;
          continue;
        }
        if (words > WORDS_MAX) break;
        this.#starts[words] = at;
        while (byte > BLANK) byte = bytes[++at]!;
        this.#ends[words++] = at;
        if (byte < BLANK && byte !== NEWLINE && byte !== TAB && byte !== RETURN) break;
      }
      if (byte !== NEWLINE) throw this.badLine("is no action of fio", bytes, lineStart);
      at++;
      const room = words === 0 || this.#isHeader(bytes, lineStart, at) || this.#act(bytes, lineStart, words, batch);
      this.line++;
      if (!room) return at;
    }
    return at;
  }

  override skipped(): Readonly<Record<string, number>> {
    return { ...super.skipped(), syncs: this.#syncs, "empty requests": this.#empty };
  }

  #isHeader(bytes: Uint8Array, start: number, end: number): boolean {
    return this.line === 1 && HEADER.test(textOf(bytes, start, end));
  }

  /** @returns whether there is room for more */
  #act(bytes: Uint8Array, lineStart: number, words: number, batch: BatchBuffer): boolean {
    const fileWord = this.#version - 2;
    const us = this.#version === 3 ? this.#number(bytes, lineStart, 0) : this.#waitedUs;
    const left = words - fileWord;
    const action = left < 2 ? undefined : actionOf(bytes, this.#starts[fileWord + 1]!, this.#ends[fileWord + 1]!);
    if (action === undefined || left > 4) throw this.badLine("is no action of fio", bytes, lineStart);
    if (action === NOTHING) return true;
    if (action === SYNC) {
      this.#syncs++;
      return true;
    }
    if (left !== 4) throw this.badLine("lacks offset and length", bytes, lineStart);
    const offset = this.#number(bytes, lineStart, fileWord + 2);
    const length = this.#number(bytes, lineStart, fileWord + 3);
    if (action === WAIT) {
      if (this.#version === 2) this.#waitedUs += offset;
      return true;
    }
    if (length === 0) {
      this.#empty++;
      return true;
    }
    if (offset + length > DEVICE_BYTES_MAX) throw this.badLine("asks for bytes beyond 4 PiB", bytes, lineStart);
    this.#name.clear();
    this.#name.add(bytes, this.#starts[fileWord]!, this.#ends[fileWord]!);
    const base = this.#devices.baseOf(this.#name);
    if (base < 0) throw this.badLine(`names more than ${DEVICES_MAX} files`, bytes, lineStart);
    if (this.#startUs < 0) this.#startUs = us;
    const time = (us - this.#startUs) * NS_PER_US;
    return this.requests.add(batch, base + pageOf(offset), pagesTouched(offset, length), action, time);
  }

  #number(bytes: Uint8Array, lineStart: number, word: number): number {
    const end = this.#ends[word]!;
    let value = 0;
    for (let at = this.#starts[word]!; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) throw this.badLine("holds a number that is none", bytes, lineStart);
      value = value * 10 + digit;
    }
    return value;
  }
}

function actionOf(bytes: Uint8Array, start: number, end: number): number | undefined {
  for (const { word, action } of ACTIONS) {
    if (word.length !== end - start) continue;
    let same = 0;
    while (same < word.length && word[same] === bytes[start + same]) same++;
    if (same === word.length) return action;
  }
  return undefined;
}

function recognise({ lines }: Head): Recognition {
  return lines?.[0] !== undefined && HEADER.test(lines[0]) ? "certain" : "no";
}

export const fio: FormatDefinition = {
  summary: "fio's iolog, version 2 or 3",
  isText: true,
  isNamed: (name) => name.endsWith(".iolog"),
  recognise,
  open({ path, head: { lines } }): OpenedFormat {
    const version = Number(HEADER.exec(lines?.[0] ?? "")?.[1]);
    if (!(version > 0)) {
      throw new TierError(
        "TRACE_FORMAT",
        `The trace ${path} does not begin with "fio version 2 iolog" or "fio version 3 iolog"; state its format.`,
        { path },
      );
    }
    const times = version === 3 || (lines?.some((line) => / wait \d/.test(line)) ?? false);
    return { addresses: "blocks", times, decoder: () => new FioDecoder(path, version) };
  },
};
