import { createPrng, PAGE_SIZE, TierError } from "@pagetier/base";
import { type Compressor, INCOMPRESSIBLE } from "@pagetier/compressor";
import { randomBytes, SAMPLE_LENGTHS, samplePages } from "@pagetier/compressor/conformance";
import { describe, expect, test } from "vitest";
import { Lz4PlainCompressor, Lz4WasmCompressor } from "../src/index.js";
import { CORPORA, pagesOf, WITHOUT_CORPORA } from "./corpus.js";

const wasm = new Lz4WasmCompressor();
const plain = new Lz4PlainCompressor();

/** Compresses with both engines, throws unless both give the same bytes, and answers a copy of them. */
function compressedByBoth(page: Uint8Array): Uint8Array {
  wasm.input.set(page);
  plain.input.set(page);
  const length = wasm.compress(page.length);
  if (plain.compress(page.length) !== length) throw new Error("the lengths differ");
  const block = wasm.output.slice(0, length);
  if (Buffer.compare(plain.output.subarray(0, length), block) !== 0) throw new Error("the bytes differ");
  return block;
}

function lengthOrCorrupt(codec: Compressor, length: number): number | "corrupt" {
  try {
    return codec.decompress(0, length);
  } catch (error) {
    if (TierError.is(error, "COMPRESSOR_CORRUPT")) return "corrupt";
    throw error;
  }
}

/** Decompresses with both engines; throws unless both answer the same; answers what. */
function restoredByBoth(block: Uint8Array): number | "corrupt" {
  wasm.input.set(block);
  plain.input.set(block);
  const length = lengthOrCorrupt(wasm, block.length);
  if (lengthOrCorrupt(plain, block.length) !== length) throw new Error("one engine finds it corrupt");
  if (length === "corrupt") return length;
  if (Buffer.compare(plain.output.subarray(0, length), wasm.output.subarray(0, length)) !== 0) {
    throw new Error("the restored bytes differ");
  }
  return length;
}

/** Checks the two end-of-block rules: the last match starts 12 bytes before the end, the last 5 bytes are literals. */
function keepsTheEndRules(block: Uint8Array, length: number): boolean {
  let at = 0;
  let restored = 0;
  let lastMatch = 0;
  const extended = (nibble: number): number => {
    let sum = nibble;
    if (nibble === 15) {
      let more: number;
      do {
        more = block[at++]!;
        sum += more;
      } while (more === 255);
    }
    return sum;
  };
  while (true) {
    const token = block[at++]!;
    const literals = extended(token >> 4);
    at += literals;
    restored += literals;
    if (at === block.length) return restored === length && literals >= 5 && length - lastMatch >= 12;
    lastMatch = restored;
    at += 2;
    restored += extended(token & 15) + 4;
  }
}

describe("WebAssembly and plain JavaScript", () => {
  test("give the same blocks for sample pages of all lengths, by the rules of the format", () => {
    for (const [name, page] of samplePages()) {
      for (const length of SAMPLE_LENGTHS) {
        const block = compressedByBoth(page.subarray(0, length));
        if (block.length === INCOMPRESSIBLE) continue;
        expect(keepsTheEndRules(block, length), `${length} bytes of ${name}`).toBe(true);
        expect(restoredByBoth(block)).toBe(length);
      }
    }
  });

  test("give the same blocks for patterned and random pages of any length", () => {
    const prng = createPrng(11);
    for (let round = 0; round < 3000; round++) {
      const page = randomBytes(1 + prng.below(PAGE_SIZE), round);
      const values = 1 + prng.below(8);
      for (let index = 0; index < page.length; index++) page[index]! %= values * values;
      for (let copies = prng.below(20); copies > 0; copies--) {
        const from = prng.below(page.length);
        page.copyWithin(prng.below(page.length), from, from + prng.below(300));
      }
      const block = compressedByBoth(page);
      if (block.length > 0) expect(restoredByBoth(block)).toBe(page.length);
    }
  });

  test.for(CORPORA)("give the same blocks for every page of %s, and restore it", (corpus, { skip }) => {
    skip(WITHOUT_CORPORA !== undefined, WITHOUT_CORPORA);
    for (const page of pagesOf(corpus)) {
      const block = compressedByBoth(page);
      if (block.length === INCOMPRESSIBLE) continue;
      if (!keepsTheEndRules(block, PAGE_SIZE)) throw new Error("a block breaks the end-of-block rules");
      if (restoredByBoth(block) !== PAGE_SIZE || Buffer.compare(wasm.output, page) !== 0)
        throw new Error("not restored");
    }
  });

  test("find the same blocks corrupt", () => {
    const prng = createPrng(12);
    const answers = { corrupt: 0, restored: 0 };
    const count = (answer: number | "corrupt") => answers[answer === "corrupt" ? "corrupt" : "restored"]++;
    for (const [, page] of samplePages()) {
      const block = compressedByBoth(page);
      if (block.length === INCOMPRESSIBLE) continue;
      for (let round = 0; round < 300; round++) {
        const damaged = block.slice(0, round % 3 === 0 ? 1 + prng.below(block.length) : block.length);
        for (let flips = prng.below(3); flips >= 0; flips--) damaged[prng.below(damaged.length)]! ^= 1 << prng.below(8);
        count(restoredByBoth(damaged));
      }
    }
    for (let round = 0; round < 5000; round++) {
      const bytes = randomBytes(1 + prng.below(60), round);
      if (round % 2 === 0) for (let index = 1; index < bytes.length; index += 3) bytes[index] = index & 1; // Small offsets.
      count(restoredByBoth(bytes));
    }
    expect(answers.corrupt).toBeGreaterThan(1000);
    expect(answers.restored).toBeGreaterThan(1000);
  });
});
