import { PAGE_SIZE, TierError } from "@pagetier/base";
import { randomBytes } from "@pagetier/compressor/conformance";
import { describe, expect, test } from "vitest";
import { BROKEN_BLOCK, checkBlock } from "../src/block-check.js";
import { Lz4jsCompressor, lz4js, plugin } from "../src/index.js";

describe("the traps of lz4js", () => {
  test("a page without a match is incompressible, not 0 bytes long", () => {
    const codec = new Lz4jsCompressor();
    for (const length of [1, 12, 13, PAGE_SIZE]) {
      codec.input.set(randomBytes(length, length));
      expect(codec.compress(length)).toBe(0);
    }
  });

  test("a block longer than the page is incompressible", () => {
    const codec = new Lz4jsCompressor();
    const page = randomBytes(PAGE_SIZE, 3);
    page.copyWithin(2000, 1000, 1005); // One match; it does not pay for the literals' lengths.
    codec.input.set(page);
    expect(codec.compress(PAGE_SIZE)).toBe(0);
  });

  test("a stale hash table makes no match of offset 0", () => {
    const codec = new Lz4jsCompressor();
    const page = Uint8Array.from({ length: PAGE_SIZE }, (_, index) => (index % 64 < 60 ? 0 : index >> 6));
    for (let round = 0; round < 3; round++) {
      codec.input.set(page);
      const block = codec.output.slice(0, codec.compress(PAGE_SIZE));
      codec.input.set(block);
      expect(codec.decompress(0, block.length)).toBe(PAGE_SIZE);
      expect(Buffer.compare(codec.output, page)).toBe(0);
    }
  });
});

describe("the check before decoding", () => {
  const check = (...bytes: number[]) => checkBlock(Uint8Array.from(bytes), 0, bytes.length, PAGE_SIZE);

  test.each([
    ["literals only", [0x30, 1, 2, 3], 3],
    ["a match, then literals", [0x12, 7, 1, 0, 0x50, 1, 2, 3, 4, 5], 12],
    ["a long match", [0x1f, 7, 1, 0, 255, 0, 0x50, 1, 2, 3, 4, 5], 1 + 15 + 255 + 4 + 5],
    ["literals that the block does not have", [0x30, 1, 2], BROKEN_BLOCK],
    ["a length without its last byte", [0xf0, 255], BROKEN_BLOCK],
    ["an offset cut in two", [0x10, 7, 1], BROKEN_BLOCK],
    ["offset 0", [0x12, 7, 0, 0, 0x10, 1], BROKEN_BLOCK],
    ["an offset before the page", [0x12, 7, 2, 0, 0x10, 1], BROKEN_BLOCK],
    ["no last literals", [0x12, 7, 1, 0], BROKEN_BLOCK],
    ["a match length without its last byte", [0x1f, 7, 1, 0, 255], BROKEN_BLOCK],
    ["more than a page", [0x1f, 7, 1, 0, ...new Array(17).fill(255), 0, 0x10, 1], BROKEN_BLOCK],
  ])("%s", (_name, bytes, expected) => {
    expect(check(...bytes)).toBe(expected);
  });

  test("a broken block is COMPRESSOR_CORRUPT", () => {
    const codec = new Lz4jsCompressor();
    codec.input.set([0x12, 7, 0, 0, 0x10, 1]);
    expect(() => codec.decompress(0, 6)).toThrow(
      expect.toSatisfy((error: unknown) => TierError.is(error, "COMPRESSOR_CORRUPT")),
    );
  });
});

test("the recipe node names the plugin", () => {
  expect(lz4js()).toEqual({ use: plugin.name });
  expect(plugin.create({}, {}).type).toBe(plugin.name);
});
