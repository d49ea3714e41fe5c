// What storing and loading a page costs beside the codec alone.
//
// The bare codec is the contract's own calls on ordinary buffers: the page is copied to `input`, compressed, and the result
// kept in an ordinary buffer of its own; on the way back the kept bytes are copied to `input`, decompressed, and the page is
// copied out. The stack does the same and, between, asks the registry, finds room, and keeps books. Both work on the same pages in
// the same order, by turns within one process, so that a busy machine slows both.
//
// The pool is in the state that it has in use: every fourth page stays for good, the others come and go, so that frames
// are reused rather than fetched from the operating system.

import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { ZSWAP_OPTIONS_DEFAULT, Zswap } from "@pagetier/backend-zswap";
import { PAGE_SIZE, realScheduler } from "@pagetier/base";
import type { Compressor } from "@pagetier/compressor";
import { Lz4WasmCompressor } from "@pagetier/compressor-lz4";
import { Lz4jsCompressor } from "@pagetier/compressor-lz4js";
import { NullCompressor } from "@pagetier/compressor-null";
import { PageFrames } from "@pagetier/frames";
import { FrontswapRegistry, type SwapWriteback } from "@pagetier/frontswap";
import { ShrinkerRegistry } from "@pagetier/shrinker";
import { cpuNs, type Row, rowOf, type Suite } from "../suite.js";

const NO_WRITEBACK: SwapWriteback = {
  claim: () => "noMemory",
  track: (work) => work,
  release: () => undefined,
  submit: () => undefined,
  flush: () => Promise.resolve(),
};
const AREA = 0;
/** Slots of the pages that stay. */
const STAYING = 1 << 20;

const CODECS: Readonly<Record<string, () => Compressor>> = {
  lz4: () => new Lz4WasmCompressor(),
  lz4js: () => new Lz4jsCompressor(),
  null: () => new NullCompressor(),
};

/** Calls over which growth of the heap is measured. */
const HEAP_CALLS = 1_000_000;

export const poolPath: Suite = {
  name: "pool-path",
  summary: "store and load through frontswap + zswap + zsmalloc, beside the bare codec",
  async run({ pages, rounds }) {
    const rows: Row[] = [];
    const bareTimes = new Map<string, number[][]>();
    for (const [name, create] of Object.entries(CODECS)) {
      const times = measure(pages, create, rounds);
      bareTimes.set(name, [times.bareStore, times.bareLoad]);
      rows.push(
        rowOf(`${name}: bare compress`, "ns/page", times.bareStore),
        rowOf(`${name}: store`, "ns/page", times.store),
        rowOf(`${name}: bare decompress`, "ns/page", times.bareLoad),
        rowOf(`${name}: load`, "ns/page", times.load),
        rowOf(`${name}: store / bare speed`, "ratio", ratios(times.bareStore, times.store)),
        rowOf(`${name}: load / bare speed`, "ratio", ratios(times.bareLoad, times.load)),
        rowOf(`${name}: heap growth`, "bytes/call", [heapGrowth(pages, create)]),
      );
    }
    for (const [index, word] of ["compressing", "decompressing"].entries()) {
      const values = ratios(bareTimes.get("lz4js")![index]!, bareTimes.get("lz4")![index]!);
      rows.push(rowOf(`lz4 / lz4js speed, ${word}`, "ratio", values));
    }
    return rows;
  },
};

interface Times {
  readonly bareStore: number[];
  readonly store: number[];
  readonly bareLoad: number[];
  readonly load: number[];
}

function measure(pages: readonly Uint8Array[], create: () => Compressor, rounds: number): Times {
  const hook = hookWith(pages.length, create());
  const bare = create();
  const compressed = pages.map((page) => compressedBy(bare, page));
  // What a program would do that keeps compressed pages by itself: one buffer per page, allocated beforehand.
  const kept = compressed.map((bytes) => new Uint8Array(bytes.length));
  const results = compressed.map((bytes) => bare.output.subarray(0, bytes.length));
  const into = new Uint8Array(PAGE_SIZE);
  const times: Times = { bareStore: [], store: [], bareLoad: [], load: [] };
  fill(hook, pages);
  const perPage = (work: () => void): number => cpuNs(work) / pages.length;
  for (let round = -2; round < rounds; round++) {
    const bareStore = perPage(() => {
      for (let index = 0; index < pages.length; index++) {
        bare.input.set(pages[index]!);
        bare.compress(PAGE_SIZE);
        kept[index]!.set(results[index]!);
      }
    });
    const store = perPage(() => {
      for (let index = 0; index < pages.length; index++) hook.store(AREA, index + 1, pages[index]!, "only");
    });
    const bareLoad = perPage(() => {
      for (const bytes of kept) {
        bare.input.set(bytes);
        if (bytes.length < PAGE_SIZE) bare.decompress(0, bytes.length);
        into.set(bare.output);
      }
    });
    const load = perPage(() => {
      for (let index = 0; index < pages.length; index++) hook.load(AREA, index + 1, into);
    });
    for (let index = 0; index < pages.length; index++) hook.invalidatePage(AREA, index + 1);
    if (round < 0) continue; // Warms up.
    times.bareStore.push(bareStore);
    times.store.push(store);
    times.bareLoad.push(bareLoad);
    times.load.push(load);
  }
  return times;
}

/** Bytes by which the heap grows per store and load, garbage collected before and after. */
function heapGrowth(pages: readonly Uint8Array[], create: () => Compressor): number {
  const sample = pages.slice(0, 256);
  const hook = hookWith(sample.length, create());
  const into = new Uint8Array(PAGE_SIZE);
  const calls = (count: number): void => {
    for (let call = 0; call < count; call += 2) {
      const index = (call >> 1) % sample.length;
      hook.store(AREA, index + 1, sample[index]!, "only");
      hook.load(AREA, index + 1, into);
    }
  };
  fill(hook, sample);
  calls(HEAP_CALLS / 10);
  const before = heapUsed();
  calls(HEAP_CALLS);
  return Math.max(0, heapUsed() - before) / HEAP_CALLS;
}

function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function hookWith(pages: number, compressor: Compressor): FrontswapRegistry {
  const frames = new PageFrames({ budgetBytes: (32 << 20) + pages * 3 * PAGE_SIZE });
  const pool = new ZsmallocPool(frames, { chainPages: 8, classes: "kernel-6.18" });
  const options = { ...ZSWAP_OPTIONS_DEFAULT, maxPoolPercent: 100 };
  const zswap = new Zswap(frames, pool, compressor, NO_WRITEBACK, new ShrinkerRegistry(), realScheduler, options);
  const hook = new FrontswapRegistry({ writeThrough: false });
  hook.swapOn(AREA);
  hook.register(zswap);
  return hook;
}

/** Stores everything, a quarter of it for good. */
function fill(hook: FrontswapRegistry, pages: readonly Uint8Array[]): void {
  for (let index = 0; index < pages.length; index++) {
    hook.store(AREA, index + 1, pages[index]!, "only");
    if (index % 4 === 0) hook.store(AREA, STAYING + index, pages[index]!, "only");
  }
  for (let index = 0; index < pages.length; index++) hook.invalidatePage(AREA, index + 1);
}

function compressedBy(codec: Compressor, page: Uint8Array): Uint8Array {
  codec.input.set(page);
  const length = codec.compress(PAGE_SIZE);
  return length === 0 || length >= PAGE_SIZE ? page : codec.output.slice(0, length);
}

/** How fast `measured` is as a share of `reference`, round by round. */
function ratios(reference: readonly number[], measured: readonly number[]): number[] {
  return reference.map((time, index) => time / measured[index]!);
}
