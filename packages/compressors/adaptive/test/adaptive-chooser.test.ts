import { PAGE_SIZE } from "@pagetier/base";
import { INCOMPRESSIBLE } from "@pagetier/compressor";
import { createLz4Compressor } from "@pagetier/compressor-lz4";
import { ZlibCompressor } from "@pagetier/compressor-zlib";
import { describe, expect, test } from "vitest";
import { ADAPTIVE_SCHEMA, AdaptiveChooser, type AdaptiveOptions, adaptive, plugin } from "../src/index.js";
import { heapPages, letters, mixedPages, noise, sparse, text, WITHOUT_HEAP } from "./pages.js";

/** Counts calls, to tell what was tried. */
class CountedZlib extends ZlibCompressor {
  calls = 0;
  override compress(length: number): number {
    this.calls++;
    return super.compress(length);
  }
}

function chooserWith(options: Partial<AdaptiveOptions> = {}) {
  const strong = new CountedZlib({ level: 1 });
  const chooser = new AdaptiveChooser(createLz4Compressor({ engine: "js" }), strong, options);
  const compress = (page: Uint8Array): number => {
    chooser.input.set(page);
    return chooser.compress();
  };
  return { chooser, strong, compress };
}

describe("a page that", () => {
  test("the fast codec makes short goes to it alone", () => {
    const { chooser, strong, compress } = chooserWith();
    expect(compress(sparse(1))).toBeLessThanOrEqual(1365);
    expect(chooser.chosen).toBe(0);
    expect(strong.calls).toBe(0);
    expect(chooser.counters()).toMatchObject({ pages: 1, fastPages: 1, strongTries: 0 });
  });

  test("the strong codec makes shorter by a step goes to it", () => {
    const { chooser, compress } = chooserWith();
    const fast = createLz4Compressor({ engine: "js" });
    fast.input.set(text(1));
    const length = compress(text(1));
    expect(chooser.chosen).toBe(1);
    expect(chooser.counters()).toMatchObject({
      pages: 1,
      strongPages: 1,
      strongTries: 1,
      strongSavedBytes: fast.compress(PAGE_SIZE) - length,
    });
  });

  test("the strong codec saves less than a step of stays with the fast one", () => {
    const { chooser, compress } = chooserWith({ stepBytes: PAGE_SIZE });
    compress(text(1));
    expect(chooser.chosen).toBe(0);
    expect(chooser.counters()).toMatchObject({ fastPages: 1, strongTries: 1, strongRejected: 1 });
  });

  test("only the strong codec compresses goes to it", () => {
    const { chooser, compress } = chooserWith();
    expect(compress(letters(1))).toBeLessThan(3400);
    expect(chooser.counters()).toMatchObject({ strongPages: 1 });
  });

  test("looks like noise is not tried", () => {
    const { chooser, strong, compress } = chooserWith();
    expect(compress(noise(1))).toBe(INCOMPRESSIBLE);
    expect(strong.calls).toBe(0);
    expect(chooser.counters()).toMatchObject({ pages: 1, rawBySample: 1 });
  });

  test("no codec makes shorter is raw", () => {
    const { chooser, compress } = chooserWith({ rawFromValues: 129 });
    expect(compress(noise(1))).toBe(INCOMPRESSIBLE);
    expect(chooser.counters()).toMatchObject({ rawTried: 1, strongTries: 1, strongRejected: 1 });
  });
});

describe("incompressible pages are remembered", () => {
  test("so that the same page is not tried again, until the verdict is old", () => {
    const { chooser, strong, compress } = chooserWith({ rawFromValues: 129, retryAfterPages: 10 });
    for (let round = 0; round < 12; round++) expect(compress(noise(1))).toBe(INCOMPRESSIBLE);
    expect(strong.calls).toBe(2);
    expect(chooser.counters()).toMatchObject({ pages: 12, rawTried: 2, rawRemembered: 10 });
  });

  test("as many as there is room for", () => {
    const { chooser, compress } = chooserWith({ rawFromValues: 129, rememberPages: 0 });
    for (let round = 0; round < 3; round++) compress(noise(1));
    expect(chooser.counters()).toMatchObject({ rawTried: 3, rawRemembered: 0 });
    const bytes = (rememberPages: number) => chooserWith({ rememberPages }).chooser.memoryBytes();
    expect(bytes(1) - bytes(0)).toBe(8);
    expect(bytes(1000), "rounded up to a power of two").toBe(bytes(1024));
  });

  test("a page that merely looks like one costs density until then, and never a page", () => {
    const { chooser, compress } = chooserWith({ rawFromValues: 129, retryAfterPages: 3 });
    const seen = noise(1);
    const similar = new Uint8Array(PAGE_SIZE);
    for (let index = 0; index < 128; index++) {
      const at = index * 32 + ((index * 13) & 31);
      similar[at] = seen[at]!;
    }
    compress(seen);
    for (let round = 0; round < 3; round++) expect(compress(similar)).toBe(INCOMPRESSIBLE);
    const length = compress(similar);
    expect(length).toBeLessThan(1500);
    const codec = chooser.codecs[chooser.chosen]!;
    codec.input.set(codec.output.slice(0, length));
    codec.decompress(0, length);
    expect(Buffer.compare(codec.output, similar)).toBe(0);
  });
});

test("the counters add up", () => {
  const { chooser, strong, compress } = chooserWith({ rawFromValues: 101, stepBytes: 512 });
  for (const page of mixedPages(800, 1)) compress(page);
  const counters = chooser.counters();
  const { rawBySample, rawRemembered, rawTried, fastPages, strongPages } = counters as Record<string, number>;
  expect(counters.pages).toBe(rawBySample! + rawRemembered! + rawTried! + fastPages! + strongPages!);
  expect(counters.strongTries).toBe(counters.strongPages! + counters.strongRejected!);
  expect(counters.strongTries).toBe(strong.calls);
  for (const [name, value] of Object.entries(counters)) expect(value, name).toBeGreaterThan(0);
});

test.skipIf(WITHOUT_HEAP !== undefined)(
  "a heap becomes shorter than by the fast codec alone, and is not all tried",
  () => {
    const { chooser, compress } = chooserWith();
    const fast = createLz4Compressor({ engine: "js" });
    let byFast = 0;
    let chosen = 0;
    for (const page of heapPages(8)) {
      fast.input.set(page);
      byFast += fast.compress(PAGE_SIZE) || PAGE_SIZE;
      chosen += compress(page) || PAGE_SIZE;
    }
    expect(chosen).toBeLessThan(0.9 * byFast);
    const { pages, strongTries } = chooser.counters();
    expect(strongTries).toBeLessThan(0.8 * pages!);
  },
);

test("pages that are settled without the strong codec make no garbage", () => {
  const { compress } = chooserWith({ rawFromValues: 100 });
  const pages = [noise(1), noise(2), sparse(1), sparse(2)];
  const work = (rounds: number): void => {
    for (let round = 0; round < rounds; round++) for (const page of pages) compress(page);
  };
  work(4000);
  // The least of several: compiling and the test runner take memory too.
  const growths = Array.from({ length: 4 }, () => {
    const before = process.memoryUsage();
    work(2000);
    const after = process.memoryUsage();
    return after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
  });
  expect(Math.min(...growths), "bytes for 8000 pages").toBeLessThan(50_000);
});

test("two positions that hold one codec are refused", () => {
  const codec = createLz4Compressor();
  expect(() => new AdaptiveChooser(codec, codec)).toThrow(/buffers of their own/);
});

test("the plugin completes and checks its options, and makes what its recipe node names", () => {
  const completed = plugin.options["~standard"].validate({});
  expect(completed).toEqual({
    value: { strongAboveBytes: 1365, stepBytes: 64, rawFromValues: 92, rememberPages: 1024, retryAfterPages: 16384 },
  });
  for (const wrong of [{ stepBytes: 0 }, { rawFromValues: 130 }, { rememberPages: 1.5 }, { retryAfterPages: 0 }]) {
    expect(ADAPTIVE_SCHEMA.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
  }
  expect(adaptive({ strong: "zlib", stepBytes: 128 })).toEqual({ use: plugin.name, strong: "zlib", stepBytes: 128 });
  const parts = { fast: createLz4Compressor(), strong: new ZlibCompressor() };
  expect(plugin.create(parts, ADAPTIVE_SCHEMA.parse({})).type).toBe(plugin.name);
});
