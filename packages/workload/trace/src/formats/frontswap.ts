// Frontswap operations of a kernel, as text: what swap asked of frontswap, in order, and what it was answered.
//
//   us,op,type,offset,ok     the first line
//   # name                   begins a phase
//   12345,S,0,17,1           microseconds, operation, swap area, slot, answer
//
//   S store page     1 stored, 0 refused         I invalidate page     no answer
//   L load page      1 filled, 0 not there       A invalidate area     no answer
//   W the write to the device that follows a refused store; no answer

import { TierError } from "@pagetier/base";
import { type Input, openInput } from "../input.js";
import type { Compression } from "../input-error.js";

export const FRONTSWAP_OPS = { store: 0, load: 1, invalidatePage: 2, invalidateArea: 3, deviceWrite: 4 } as const;

/** Some operations, one array per field. Entries 0..length - 1 count, until the next batch is asked for. */
export interface FrontswapBatch {
  /** The phase that all of them belong to: the text of the last mark, or `""`. */
  readonly phase: string;
  readonly length: number;
  /** Microseconds since some moment. */
  readonly us: Float64Array;
  /** Of {@link FRONTSWAP_OPS}. */
  readonly ops: Uint8Array;
  /** Swap areas, 0..31. */
  readonly types: Uint8Array;
  /** Slots, 0..2^26 - 1. */
  readonly offsets: Uint32Array;
  /** 1 for stored or filled, 0 for refused or not there, and for operations without an answer. */
  readonly ok: Uint8Array;
}

/** Recorded frontswap operations, readable from the start as often as needed. */
export interface FrontswapTrace extends AsyncIterable<FrontswapBatch> {
  /** Path. */
  readonly name: string;
  readonly compression: Compression;
}

const HEADER = "us,op,type,offset,ok";
const LETTERS = "SLIAW";
const LINE = /^(\d{1,15}),([SLIAW]),(\d{1,2}),(\d{1,8}),([01]?)$/;
const TYPE_MAX = 31;
const OFFSET_MAX = 2 ** 26 - 1;
const BATCH_OPS = 8192;
const LINE_CHARACTERS_MAX = 4096;

/**
 * Opens recorded frontswap operations, plain or compressed with gzip or zstd.
 *
 * @throws TierError `TRACE_OPEN`, `TRACE_EMPTY`, `TRACE_CORRUPT`; while reading also `TRACE_FORMAT` when the first line is
 *   another, and `TRACE_BAD_LINE`
 */
export async function openFrontswapTrace(path: string): Promise<FrontswapTrace> {
  return new FrontswapFile(await openInput(path, "trace"));
}

class FrontswapFile implements FrontswapTrace {
  readonly name: string;
  readonly compression: Compression;
  readonly #input: Input;

  constructor(input: Input) {
    this.name = input.path;
    this.compression = input.compression;
    this.#input = input;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FrontswapBatch, void, undefined> {
    const batch = new Buffers();
    let number = 0;
    for await (const line of this.#lines()) {
      if (++number === 1) {
        if (line === HEADER) continue;
        throw new TierError(
          "TRACE_FORMAT",
          `The trace ${this.name} does not begin with ${HEADER}; give recorded frontswap operations.`,
          { path: this.name, line },
        );
      }
      if (line === "") continue;
      if (line.startsWith("#")) {
        if (batch.length > 0) yield batch;
        batch.begin(line.slice(1).trim());
        continue;
      }
      if (!batch.add(line)) throw this.#badLine(number, line);
      if (batch.length < BATCH_OPS) continue;
      yield batch;
      batch.length = 0;
    }
    if (batch.length > 0) yield batch;
  }

  async *#lines(): AsyncGenerator<string, void, undefined> {
    let begun = "";
    for await (const chunk of this.#input.chunks()) {
      const lines = (begun + Buffer.from(chunk).toString("latin1")).split("\n");
      begun = lines.pop()!;
      if (begun.length > LINE_CHARACTERS_MAX) begun = begun.slice(0, LINE_CHARACTERS_MAX); // No line of ours; told when it ends.
      for (const line of lines) yield line.trimEnd();
    }
    if (begun !== "") yield begun.trimEnd();
  }

  #badLine(number: number, line: string): TierError {
    const text = line.slice(0, 40);
    return new TierError(
      "TRACE_BAD_LINE",
      `Line ${number} of the trace ${this.name} is no frontswap operation: ${JSON.stringify(text)}; ` +
        `write ${HEADER}, with op one of ${[...LETTERS].join(" ")}, and ok 0 or 1 for S and L only.`,
      { path: this.name, line: number, text },
    );
  }
}

/** The arrays behind a {@link FrontswapBatch}. */
class Buffers implements FrontswapBatch {
  phase = "";
  length = 0;
  readonly us = new Float64Array(BATCH_OPS);
  readonly ops = new Uint8Array(BATCH_OPS);
  readonly types = new Uint8Array(BATCH_OPS);
  readonly offsets = new Uint32Array(BATCH_OPS);
  readonly ok = new Uint8Array(BATCH_OPS);

  begin(phase: string): void {
    this.phase = phase;
    this.length = 0;
  }

  /** @returns `false` when the line is no operation */
  add(line: string): boolean {
    const match = LINE.exec(line);
    if (match === null) return false;
    const [, us, letter, type, offset, ok] = match;
    const op = LETTERS.indexOf(letter!);
    const hasAnswer = op === FRONTSWAP_OPS.store || op === FRONTSWAP_OPS.load;
    if (Number(type) > TYPE_MAX || Number(offset) > OFFSET_MAX || hasAnswer === (ok === "")) return false;
    this.us[this.length] = Number(us);
    this.ops[this.length] = op;
    this.types[this.length] = Number(type);
    this.offsets[this.length] = Number(offset);
    this.ok[this.length++] = ok === "1" ? 1 : 0;
    return true;
  }
}
