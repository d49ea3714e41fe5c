// Run-length coding in the manner of PackBits.
//
// A result is a list of packets. A control byte 0..127 announces that many + 1 literal bytes; 128..255 announces that many
// - 126 copies (2..129) of the byte that follows. Runs of two inside literals stay literals: a packet of their own would
// gain nothing.
//
// Cost: one pass, no tables. Good for pages of long runs (freshly zeroed, bitmaps), bad for everything else: text grows
// and is refused. Source: Apple's PackBits (Technical Note TN1023).

import { assert, PAGE_SIZE, type PluginNode } from "@pagetier/base";
import {
  COMPRESSOR_CONTRACT,
  COMPRESSOR_INPUT_BYTES,
  type Compressor,
  type CompressorPlugin,
  compressorCorrupt,
  INCOMPRESSIBLE,
} from "@pagetier/compressor";
import { z } from "zod";

const LITERALS_MAX = 128;
const RUN_MAX = 129;
/** Control byte of the shortest run. */
const RUN_BASE = 126;

export class RleCompressor implements Compressor {
  readonly type = "rle";
  readonly input = new Uint8Array(COMPRESSOR_INPUT_BYTES);
  readonly output = new Uint8Array(PAGE_SIZE);
  readonly #runMin: number;

  /** @param runMin shortest run that becomes a packet of its own, 3..129 bytes */
  constructor(runMin: number) {
    this.#runMin = runMin;
  }

  compress(length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec compresses 1..PAGE_SIZE bytes");
    const { input } = this;
    let target = 0;
    let literals = 0; // First byte that is in no packet yet.
    let at = 0;
    while (at < length) {
      const run = this.#runAt(at, length);
      if (run < this.#runMin) {
        at += run;
        continue;
      }
      target = this.#putLiterals(literals, at, target, length);
      if (target + 2 >= length) return INCOMPRESSIBLE;
      this.output[target++] = run + RUN_BASE;
      this.output[target++] = input[at]!;
      at += run;
      literals = at;
    }
    target = this.#putLiterals(literals, length, target, length);
    return target < length ? target : INCOMPRESSIBLE;
  }

  decompress(start: number, length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec decompresses 1..PAGE_SIZE bytes");
    assert(start >= 0 && start + length <= this.input.length, "the compressed bytes lie in the input");
    const { input, output } = this;
    const end = start + length;
    let target = 0;
    for (let at = start; at < end; ) {
      const control = input[at++]!;
      const isRun = control > LITERALS_MAX - 1;
      const count = isRun ? control - RUN_BASE : control + 1;
      if (target + count > PAGE_SIZE) throw compressorCorrupt(this.type, "it is longer than a page", length);
      if (at + (isRun ? 1 : count) > end) throw compressorCorrupt(this.type, "it ends inside a packet", length);
      if (isRun) output.fill(input[at++]!, target, target + count);
      else for (let index = 0; index < count; index++) output[target + index] = input[at++]!;
      target += count;
    }
    return target;
  }

  memoryBytes(): number {
    return this.input.length + this.output.length;
  }

  /** Length of the run that starts at `at`: 1..{@link RUN_MAX}. */
  #runAt(at: number, length: number): number {
    const { input } = this;
    const last = Math.min(length, at + RUN_MAX);
    let end = at + 1;
    while (end < last && input[end] === input[at]) end++;
    return end - at;
  }

  /** Puts `input[first .. end)` into packets. @returns where the next packet goes; `limit` when the result has no gain any more */
  #putLiterals(first: number, end: number, target: number, limit: number): number {
    let at = first;
    let next = target;
    while (at < end) {
      const count = Math.min(LITERALS_MAX, end - at);
      if (next + 1 + count >= limit) return limit;
      this.output[next++] = count - 1;
      for (let index = 0; index < count; index++) this.output[next++] = this.input[at++]!;
    }
    return next;
  }
}

const options = z.strictObject({ runMin: z.int().min(3).max(RUN_MAX).default(3) });

/** Run-length coding, in recipes: `{ use: "pagetier-example-plugin/rle" }`. */
export function rle(settings: z.input<typeof options> = {}): PluginNode {
  return { use: "pagetier-example-plugin/rle", ...settings };
}

export const plugin: CompressorPlugin<z.output<typeof options>> = {
  family: "compressor",
  contract: COMPRESSOR_CONTRACT,
  name: "rle",
  summary: "Run-length coding: for pages of long runs, and as an example.",
  options,
  create: (_parts, { runMin }) => new RleCompressor(runMin),
};
