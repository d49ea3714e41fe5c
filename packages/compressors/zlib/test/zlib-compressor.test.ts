import { deflateRawSync, inflateRawSync } from "node:zlib";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { samplePages } from "@pagetier/compressor/conformance";
import { expect, test } from "vitest";
import { plugin, ZLIB_OPTIONS, ZlibCompressor, zlib } from "../src/index.js";

const corrupt = expect.toSatisfy((error: unknown) => TierError.is(error, "COMPRESSOR_CORRUPT"));

test("makes raw DEFLATE streams that any inflate reads", () => {
  const codec = new ZlibCompressor();
  for (const [name, page] of samplePages()) {
    codec.input.set(page);
    const length = codec.compress(PAGE_SIZE);
    if (length === 0) continue;
    expect(Buffer.compare(inflateRawSync(codec.output.subarray(0, length)), page), name).toBe(0);
  }
});

test.each([
  ["more than a page", PAGE_SIZE + 1],
  ["nothing", 0],
])("refuses a stream that holds %s", (_what, bytes) => {
  const codec = new ZlibCompressor();
  const stream = deflateRawSync(new Uint8Array(bytes));
  codec.input.set(stream);
  expect(() => codec.decompress(0, stream.length)).toThrow(corrupt);
});

test("a higher level makes text shorter", () => {
  const lengths = [1, 9].map((level) => {
    const codec = new ZlibCompressor({ level });
    codec.input.set(samplePages().get("text")!);
    return codec.compress(PAGE_SIZE);
  });
  expect(lengths[1]).toBeLessThan(lengths[0]!);
});

test("the plugin completes and checks its options, and makes what its recipe node names", () => {
  expect(ZLIB_OPTIONS.parse({})).toEqual({ level: 6 });
  for (const level of [0, 10, 1.5, "6"]) expect(ZLIB_OPTIONS.safeParse({ level }).success).toBe(false);
  expect(zlib({ level: 1 })).toEqual({ use: plugin.name, level: 1 });
  expect(plugin.create({}, { level: 1 }).type).toBe(plugin.name);
});
