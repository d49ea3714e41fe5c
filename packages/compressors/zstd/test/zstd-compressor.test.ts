import { PAGE_SIZE, TierError } from "@pagetier/base";
import { samplePages } from "@pagetier/compressor/conformance";
import { decompress } from "fzstd";
import { describe, expect, test } from "vitest";
import {
  createZstdCompressor,
  hasNodeZstd,
  plugin,
  ZSTD_OPTIONS,
  ZstdNodeCompressor,
  ZstdWasmCompressor,
  zstd,
} from "../src/index.js";

/** Compresses all sample pages; `undefined` where a page is incompressible. */
function framesOf(codec: ZstdWasmCompressor | ZstdNodeCompressor): (Uint8Array | undefined)[] {
  return [...samplePages().values()].map((page) => {
    codec.input.set(page);
    const length = codec.compress(PAGE_SIZE);
    return length === 0 ? undefined : codec.output.slice(0, length);
  });
}

test("makes frames that another decoder reads", () => {
  const pages = [...samplePages().values()];
  for (const [index, frame] of framesOf(new ZstdWasmCompressor()).entries()) {
    if (frame !== undefined) expect(Buffer.compare(decompress(frame), pages[index]!)).toBe(0);
  }
});

test("keeps its buffers and its memory while pages of all kinds pass, at the highest level too", () => {
  const codec = new ZstdWasmCompressor({ level: 19 });
  const bytes = codec.memoryBytes();
  for (let round = 0; round < 20; round++) framesOf(codec);
  expect(codec.memoryBytes()).toBe(bytes);
});

test("a higher level makes text shorter", () => {
  const lengths = [1, 19].map((level) => {
    const codec = new ZstdWasmCompressor({ level });
    codec.input.set(samplePages().get("text")!);
    return codec.compress(PAGE_SIZE);
  });
  expect(lengths[1]).toBeLessThan(lengths[0]!);
});

describe("the engine", () => {
  test("is node:zlib where it knows zstd, else WebAssembly", () => {
    expect(createZstdCompressor()).toBeInstanceOf(hasNodeZstd() ? ZstdNodeCompressor : ZstdWasmCompressor);
    expect(createZstdCompressor({ engine: "wasm" })).toBeInstanceOf(ZstdWasmCompressor);
  });

  test.skipIf(hasNodeZstd())("says so when node:zlib is asked for and does not know zstd", () => {
    expect(() => createZstdCompressor({ engine: "node" })).toThrow(
      expect.toSatisfy((error: unknown) => TierError.is(error, "COMPRESSOR_UNAVAILABLE")),
    );
  });

  test.skipIf(!hasNodeZstd())("each reads the frames of the other (where node:zlib knows zstd)", () => {
    const pages = [...samplePages().values()];
    const engines = [new ZstdNodeCompressor(), new ZstdWasmCompressor()];
    for (const [from, to] of [engines, engines.toReversed()]) {
      for (const [index, frame] of framesOf(from!).entries()) {
        if (frame === undefined) continue;
        to!.input.set(frame);
        expect(to!.decompress(0, frame.length)).toBe(PAGE_SIZE);
        expect(Buffer.compare(to!.output, pages[index]!)).toBe(0);
      }
    }
  });
});

test("the plugin completes and checks its options, and makes what its recipe node names", () => {
  expect(ZSTD_OPTIONS.parse({})).toEqual({ level: 1, engine: "auto" });
  for (const level of [0, 20, 1.5, "6"]) expect(ZSTD_OPTIONS.safeParse({ level }).success).toBe(false);
  expect(zstd({ level: 3 })).toEqual({ use: plugin.name, level: 3 });
  expect(plugin.create({}, { level: 3, engine: "wasm" }).type).toBe(plugin.name);
});
