import { PAGE_SIZE, TierError } from "@pagetier/base";
import { INCOMPRESSIBLE } from "@pagetier/compressor";
import { RleCompressor } from "pagetier-example-plugin";
import { expect, test } from "vitest";

/** Compresses a page, restores it, and answers how long it was in between. */
function roundTrip(page: Uint8Array): number {
  const codec = new RleCompressor(3);
  codec.input.set(page);
  const length = codec.compress(page.length);
  if (length === INCOMPRESSIBLE) return length;
  codec.input.set(codec.output.slice(0, length), 100);
  expect(codec.decompress(100, length)).toBe(page.length);
  expect(codec.output.slice(0, page.length)).toEqual(page);
  return length;
}

test("a page of zeroes is 32 packets", () => {
  expect(roundTrip(new Uint8Array(PAGE_SIZE))).toBe(2 * Math.ceil(PAGE_SIZE / 129));
});

test("runs and literals take turns", () => {
  const page = new Uint8Array(PAGE_SIZE).map((_, index) => (index % 64 < 40 ? 7 : (index * 37) & 255));
  expect(roundTrip(page)).toBeLessThan(PAGE_SIZE / 2);
});

test("a page without runs is incompressible", () => {
  expect(roundTrip(new Uint8Array(PAGE_SIZE).map((_, index) => (index * 37) & 255))).toBe(INCOMPRESSIBLE);
});

test("bytes that end inside a packet, or are longer than a page, are corrupt", () => {
  const codec = new RleCompressor(3);
  for (const bytes of [[5, 1, 2], [200], new Array(80).fill(255)]) {
    codec.input.set(bytes);
    let error: unknown;
    try {
      codec.decompress(0, bytes.length);
    } catch (thrown) {
      error = thrown;
    }
    expect(TierError.is(error, "COMPRESSOR_CORRUPT")).toBe(true);
  }
});
