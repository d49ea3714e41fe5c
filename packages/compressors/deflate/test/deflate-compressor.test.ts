import { inflateRawSync } from "node:zlib";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { samplePages } from "@pagetier/compressor/conformance";
import { deflateSync } from "fflate";
import { expect, test } from "vitest";
import { DEFLATE_OPTIONS, DeflateCompressor, deflate, plugin } from "../src/index.js";

const corrupt = expect.toSatisfy((error: unknown) => TierError.is(error, "COMPRESSOR_CORRUPT"));

test("makes raw DEFLATE streams that zlib reads", () => {
  const codec = new DeflateCompressor();
  for (const [name, page] of samplePages()) {
    codec.input.set(page);
    const length = codec.compress(PAGE_SIZE);
    if (length === 0) continue;
    expect(Buffer.compare(inflateRawSync(codec.output.subarray(0, length)), page), name).toBe(0);
  }
});

test("refuses a stream that holds one byte more than a page", () => {
  const codec = new DeflateCompressor();
  const stream = deflateSync(new Uint8Array(PAGE_SIZE + 1));
  codec.input.set(stream);
  expect(() => codec.decompress(0, stream.length)).toThrow(corrupt);
});

test("refuses a stream that holds nothing", () => {
  const codec = new DeflateCompressor();
  const stream = deflateSync(new Uint8Array(0));
  codec.input.set(stream);
  expect(() => codec.decompress(0, stream.length)).toThrow(corrupt);
});

test("a higher level makes text shorter", () => {
  const lengths = [1, 9].map((level) => {
    const codec = new DeflateCompressor({ level });
    codec.input.set(samplePages().get("text")!);
    return codec.compress(PAGE_SIZE);
  });
  expect(lengths[1]).toBeLessThan(lengths[0]!);
});

test("the plugin completes and checks its options, and makes what its recipe node names", () => {
  expect(DEFLATE_OPTIONS.parse({})).toEqual({ level: 6 });
  for (const level of [0, 10, 1.5, "6"]) expect(DEFLATE_OPTIONS.safeParse({ level }).success).toBe(false);
  expect(deflate({ level: 9 })).toEqual({ use: plugin.name, level: 9 });
  expect(plugin.create({}, { level: 9 }).type).toBe(plugin.name);
});
