// What valgrind's lackey says of a program, `--trace-mem=yes --trace-syscalls=yes`, as calls of a listener.
//
//   I  0401ab70,3                                                    an instruction of 3 bytes
//    S 1fff000768,8     L 1fff000a51,1     M 1fff000a58,4            store, load, modify: address and bytes
//   SYSCALL[71,1](9) sys_mmap ( 0x0, 8192, 3, 34, 4294967295, 0 ) --> [pre-success] Success(0x4835000)
//   SYSCALL[71,1](28) sys_madvise ( 0x4a2b000, 8192, 4 ) --> [async] ...
//   SYSCALL[71,1](28) ... [async] --> Success(0x0)
//   ==71== …                                                         valgrind talks
//
// Lines of accesses are parsed where they lie, since there are millions a second; all others as text.

import { TierError } from "@pagetier/base";

/** A system call that succeeded. */
export interface SystemCall {
  /** As valgrind has it, without `sys_`: `"mmap"`. */
  readonly name: string;
  readonly args: readonly number[];
  readonly result: number;
}

export interface LackeyListener {
  /** @param isStore whether bytes were written (a modify is a store) */
  access(address: number, bytes: number, isStore: boolean): void;
  call(call: SystemCall): void;
}

const LINE_BYTES_MAX = 65_536;
/** No instruction touches more. */
const ACCESS_BYTES_MAX = 2 ** 20;
const NEWLINE = 10;
const BLANK = 32;
const COMMA = 44;
const DASH = 45;
const ZERO = 48;
const NINE = 57;
const LETTER_A = 97;
const LETTER_F = 102;
const FETCH = 73;
const LOAD = 76;
const MODIFY = 77;
const STORE = 83;
/** `I  `, eight digits, a comma and a digit: no line of an instruction ends before. */
const FETCH_BYTES_MIN = 13;

const TALK = /^(==|--|\*\*)/;
const CALL = /^SYSCALL\[\d+,(\d+)\]\( *\d+\) (?:sys_)?(\w+) ?\((.*?)\) ?(.*)$/;
const ENDED = /^SYSCALL\[\d+,(\d+)\]\( *\d+\) \.\.\. \[async\](.*)$/;
const SUCCESS = /Success\((0x[\da-f]+)\)/;

export class LackeyParser {
  /** Instructions so far: the program's own time. */
  instructions = 0;
  /** Loads, stores and modifies so far. */
  accesses = 0;
  readonly #name: string;
  readonly #listener: LackeyListener;
  readonly #begun = new Uint8Array(LINE_BYTES_MAX);
  #begunLength = 0;
  #line = 1;
  /** Calls that have begun and not ended, by thread. */
  readonly #waiting = new Map<string, { readonly name: string; readonly args: readonly number[] }>();

  /** @param name of what is parsed, for messages */
  constructor(name: string, listener: LackeyListener) {
    this.#name = name;
    this.#listener = listener;
  }

  /** The next bytes. @throws TierError TRACE_BAD_LINE */
  push(bytes: Uint8Array): void {
    let at = 0;
    if (this.#begunLength > 0) {
      const newline = bytes.indexOf(NEWLINE);
      at = newline < 0 ? bytes.length : newline + 1;
      this.#keep(bytes, 0, at);
      if (newline < 0) return;
      const length = this.#begunLength;
      this.#begunLength = 0;
      this.#parseLines(this.#begun, 0, length);
    }
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (at < end) this.#parseLines(bytes, at, end);
    this.#keep(bytes, Math.max(at, end), bytes.length);
  }

  /** No more bytes. A line that was begun is dropped: the program was ended in it. */
  finish(): void {
    this.#begunLength = 0;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    if (this.#begunLength + (end - start) > LINE_BYTES_MAX) throw this.#badLine(this.#begun, 0, this.#begunLength);
    this.#begun.set(bytes.subarray(start, end), this.#begunLength);
    this.#begunLength += end - start;
  }

  /** Whole lines in bytes[start..end), of which the last byte is a newline. */
  #parseLines(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const first = bytes[at]!;
      if (first === FETCH && bytes[at + 1] === BLANK) {
        let newline = at + FETCH_BYTES_MIN;
        while (bytes[newline] !== NEWLINE && newline < end) newline++;
        this.instructions++;
        at = newline + 1;
      } else if (first === BLANK && bytes[at + 1] !== DASH) at = this.#parseAccess(bytes, at, end);
      else at = this.#parseText(bytes, at);
      this.#line++;
    }
  }

  #parseAccess(bytes: Uint8Array, start: number, end: number): number {
    const kind = bytes[start + 1];
    let at = start + 3;
    let address = 0;
    for (let byte = bytes[at]!; at < end; byte = bytes[++at]!) {
      if (byte >= ZERO && byte <= NINE) address = address * 16 + (byte - ZERO);
      else if (byte >= LETTER_A && byte <= LETTER_F) address = address * 16 + (byte - LETTER_A + 10);
      else break;
    }
    const digits = at - start - 3;
    let size = 0;
    if (bytes[at] === COMMA) {
      for (let byte = bytes[++at]!; byte >= ZERO && byte <= NINE; byte = bytes[++at]!) size = size * 10 + (byte - ZERO);
    }
    const isKnown = kind === LOAD || kind === STORE || kind === MODIFY;
    const isAccess = isKnown && bytes[start + 2] === BLANK && bytes[at] === NEWLINE;
    if (!isAccess || digits < 1 || size < 1 || size > ACCESS_BYTES_MAX || address > Number.MAX_SAFE_INTEGER) {
      throw this.#badLine(bytes, start, end);
    }
    this.accesses++;
    this.#listener.access(address, size, kind !== LOAD);
    return at + 1;
  }

  #parseText(bytes: Uint8Array, start: number): number {
    const newline = bytes.indexOf(NEWLINE, start);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, newline - start)
      .toString("latin1")
      .trimEnd();
    if (text.startsWith("SYSCALL[")) this.#parseCall(text);
    // What a call prints may stand in a line of its own: " --> [pre-fail] Failure(0x26)".
    else if (text !== "" && !TALK.test(text) && !text.startsWith(" -->")) throw this.#badLine(bytes, start, newline);
    return newline + 1;
  }

  #parseCall(text: string): void {
    const ended = ENDED.exec(text);
    if (ended !== null) {
      const [, thread = "", outcome = ""] = ended;
      const call = this.#waiting.get(thread);
      this.#waiting.delete(thread);
      if (call !== undefined) this.#tell(call.name, call.args, outcome);
      return;
    }
    const begun = CALL.exec(text);
    if (begun === null) return; // A call that valgrind has no words for: none that matters here.
    const [, thread = "", name = "", list = "", outcome = ""] = begun;
    const args = list.split(",").map((text) => Number.parseInt(text.trim(), text.includes("0x") ? 16 : 10));
    if (outcome.includes("[async] ...")) this.#waiting.set(thread, { name, args });
    else this.#tell(name, args, outcome);
  }

  #tell(name: string, args: readonly number[], outcome: string): void {
    const result = SUCCESS.exec(outcome)?.[1];
    if (result !== undefined) this.#listener.call({ name, args, result: Number(result) });
  }

  #badLine(bytes: Uint8Array, start: number, end: number): TierError {
    const text = String.fromCharCode(...bytes.slice(start, Math.min(start + 60, end))).split("\n", 1)[0]!;
    return new TierError(
      "TRACE_BAD_LINE",
      `Line ${this.#line} of ${this.#name} is nothing that valgrind's lackey says: ${JSON.stringify(text)}; ` +
        "record with --tool=lackey --trace-mem=yes --trace-syscalls=yes, and keep the program's own output apart.",
      { name: this.#name, line: this.#line, text },
    );
  }
}
