import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { ZSWAP_OPTIONS_DEFAULT, Zswap } from "@pagetier/backend-zswap";
import { PAGE_SIZE, realScheduler } from "@pagetier/base";
import type { CodecChooser, Compressor } from "@pagetier/compressor";
import { createLz4Compressor } from "@pagetier/compressor-lz4";
import { ZlibCompressor } from "@pagetier/compressor-zlib";
import { ZstdWasmCompressor } from "@pagetier/compressor-zstd";
import { PageFrames } from "@pagetier/frames";
import type { SwapWriteback } from "@pagetier/frontswap";
import { ShrinkerRegistry } from "@pagetier/shrinker";
import { expect, test } from "vitest";
import { AdaptiveChooser } from "../src/index.js";
import { heapPages, letters, mixedPages, noise, sparse, text, WITHOUT_HEAP } from "./pages.js";

const NO_WRITEBACK: SwapWriteback = {
  claim: () => "noMemory",
  track: (work) => work,
  release: () => undefined,
  submit: () => undefined,
  flush: () => Promise.resolve(),
};
const AREA = 0;

function zswapWith(compressor: Compressor | CodecChooser): { backend: Zswap; frames: PageFrames } {
  const frames = new PageFrames({ budgetBytes: 16 << 20 });
  const pool = new ZsmallocPool(frames, { chainPages: 8, classes: "kernel-6.18" });
  const options = { ...ZSWAP_OPTIONS_DEFAULT, maxPoolPercent: 100, poolFull: "refuse" } as const;
  const backend = new Zswap(frames, pool, compressor, NO_WRITEBACK, new ShrinkerRegistry(), realScheduler, options);
  backend.init(AREA);
  return { backend, frames };
}

function storeAll(backend: Zswap, pages: readonly Uint8Array[], from = 1): void {
  for (const [index, page] of pages.entries()) {
    expect(backend.store(AREA, from + index, page, "only")).toBe("stored");
  }
}

function expectAll(backend: Zswap, pages: readonly Uint8Array[], from = 1): void {
  const into = new Uint8Array(PAGE_SIZE);
  for (const [index, page] of pages.entries()) {
    expect(backend.load(AREA, from + index, into)).toBe("hit");
    expect(Buffer.compare(into, page), `page ${from + index}`).toBe(0);
  }
}

test("pages of all kinds come back, each by its own codec, and each page is decided once", () => {
  const chooser = new AdaptiveChooser(createLz4Compressor(), new ZstdWasmCompressor());
  const { backend } = zswapWith(chooser);
  const heap = WITHOUT_HEAP === undefined ? heapPages(8) : [];
  const pages = [...mixedPages(300, 2), ...heap];
  storeAll(backend, pages);
  expectAll(backend, pages);
  backend.verify();
  const stored = backend.counters();
  const decided = chooser.counters();
  expect(decided.pages).toBe(stored.stores! - stored.sameFilledPages!);
  expect(decided.rawBySample! + decided.rawRemembered! + decided.rawTried!).toBe(stored.incompressiblePages);
  for (const count of ["rawBySample", "fastPages", "strongPages"]) expect(decided[count], count).toBeGreaterThan(0);
});

test("stores and loads by turns", () => {
  const { backend } = zswapWith(new AdaptiveChooser(createLz4Compressor(), new ZlibCompressor({ level: 1 })));
  const pages = mixedPages(200, 3);
  for (const [index, page] of pages.entries()) {
    storeAll(backend, [page], index + 1);
    const earlier = (index * 7) % (index + 1);
    expectAll(backend, [pages[earlier]!], earlier + 1);
  }
  backend.verify();
});

test("codecs and choosers take each other's place while pages are stored", () => {
  const { backend } = zswapWith(createLz4Compressor());
  const kinds = [text(1), letters(1), sparse(1), noise(1)];
  storeAll(backend, kinds, 1);
  backend.changeCompressor(new AdaptiveChooser(createLz4Compressor(), new ZstdWasmCompressor()));
  storeAll(backend, kinds, 11);
  backend.changeCompressor(new ZlibCompressor());
  storeAll(backend, kinds, 21);
  backend.changeCompressor(new AdaptiveChooser(new ZlibCompressor({ level: 1 }), createLz4Compressor()));
  storeAll(backend, kinds, 31);
  for (const from of [1, 11, 21, 31]) expectAll(backend, kinds, from);
  backend.verify();
});

test("codecs that no page needs are let go, however often they are changed", () => {
  const { backend, frames } = zswapWith(createLz4Compressor());
  const kinds = [text(1), letters(1), sparse(1), noise(1)];
  const change = (times: number): number => {
    for (let time = 0; time < times; time++) {
      backend.changeCompressor(new AdaptiveChooser(new ZlibCompressor(), new ZlibCompressor()));
      storeAll(backend, kinds);
    }
    return frames.chargedBytes;
  };
  expect(change(300)).toBe(change(3));
  expectAll(backend, kinds);
  expect(backend.metadataBytes()).toBeLessThanOrEqual(frames.chargedBytes);
});
