// What an access to a page in memory costs through the whole stack, and what a fault that a pool serves costs beside its codec.
//
// The trace runs through a stack whose memory holds every page it touches, so that each access is resident: 8 bytes, or
// whole pages. Memory is in the state that it has in use: a frame here and there stays taken, so that frames are reused and not
// fetched from the operating system.
//
// For faults, all pages are sent into zswap and come back one after the other, into free memory: nothing is reclaimed meanwhile.
// Beside them the bare codec restores the same bytes, twice: every page over the last one, which never leaves the processor's
// first cache; and each into a frame of its own, as a fault must. The difference is what it costs to write to memory that is
// in no cache, and the codec's as well. Hence two numbers of pages: the frames of the fewer stay in the caches.

import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { ZSWAP_OPTIONS_DEFAULT, Zswap } from "@pagetier/backend-zswap";
import { assert, createPrng, PAGE_SIZE, realScheduler, UNCHARGED } from "@pagetier/base";
import type { Compressor } from "@pagetier/compressor";
import { Lz4WasmCompressor } from "@pagetier/compressor-lz4";
import { type Frame, NO_FRAME, PageFrames } from "@pagetier/frames";
import { FrontswapRegistry } from "@pagetier/frontswap";
import { type AnonSpace, MemoryManager, MM_OPTIONS_DEFAULT, type SwapStore } from "@pagetier/mm";
import { LruPolicy } from "@pagetier/policies/lru";
import { TwoListPolicy } from "@pagetier/policies/two-list";
import { ShrinkerRegistry } from "@pagetier/shrinker";
import { openTrace } from "@pagetier/trace";
import { cpuNs, type Row, rowOf, type Suite } from "../suite.js";

const ACCESSES_MAX = 500_000;
const PAGES_MAX = 20_000;
/** Half a MiB of frames, which a processor's caches hold, and 4 MiB, which they mostly do not. */
const FAULT_PAGES = [128, 1024];
const WARM_UP_ROUNDS = 10;
const ONE_PAGE = new Uint8Array(PAGE_SIZE);

type Policy = LruPolicy | TwoListPolicy;
const POLICIES: Readonly<Record<string, (pages: number) => Policy>> = {
  "two-list": (pages) => new TwoListPolicy(policyParts(pages)),
  lru: (pages) => new LruPolicy(policyParts(pages)),
};

export const stackSpeed: Suite = {
  name: "stack-speed",
  summary: "resident accesses through the whole stack, and faults served from a pool beside the bare codec",
  async run({ pages, trace, rounds }) {
    const ids = await idsOf(trace);
    const rows: Row[] = [];
    for (const [name, policy] of Object.entries(POLICIES)) rows.push(...(await resident(name, policy, ids, rounds)));
    for (const count of FAULT_PAGES) {
      const sample = pages.slice(0, count);
      rows.push(...(await faults(`${sample.length} pages`, sample, rounds)));
    }
    return rows;
  },
};

async function resident(
  name: string,
  policy: (pages: number) => Policy,
  ids: Uint32Array,
  rounds: number,
): Promise<Row[]> {
  const { mm } = await stack(PAGES_MAX * 2, policy);
  const space = mm.space({ name: "data", size: PAGES_MAX * PAGE_SIZE });
  const word = new Uint8Array(8);
  const page = new Uint8Array(PAGE_SIZE);
  for (let index = 0; index < PAGES_MAX; index++) await space.write(index, 0, page);
  const words: number[] = [];
  const wholes: number[] = [];
  for (let round = -2; round < rounds; round++) {
    const wordNs = cpuNs(() => readAll(space, ids, word));
    const wholeNs = cpuNs(() => readAll(space, ids, page));
    if (round < 0) continue; // Warms up.
    words.push((ids.length * 1e3) / wordNs);
    wholes.push((ids.length * 1e3) / wholeNs);
  }
  assert(mm.stats().faults.major === 0, "every access is to a page in memory");
  await mm.close();
  return [rowOf(`${name}: 8 bytes`, "M accesses/s", words), rowOf(`${name}: whole pages`, "M accesses/s", wholes)];
}

function readAll(space: AnonSpace, ids: Uint32Array, into: Uint8Array): void {
  for (let index = 0; index < ids.length; index++) space.readNow(ids[index]!, 0, into);
}

async function faults(name: string, pages: readonly Uint8Array[], rounds: number): Promise<Row[]> {
  const { mm } = await stack(pages.length * 4, POLICIES["two-list"]!);
  const space = mm.space({ name: "data", size: pages.length * PAGE_SIZE });
  const codec = new Lz4WasmCompressor();
  const compressed = pages.map((page) => {
    codec.input.set(page);
    const length = codec.compress(PAGE_SIZE);
    return length > 0 && length < PAGE_SIZE ? codec.output.slice(0, length) : page;
  });
  const onePage = pages.map(() => ONE_PAGE);
  const ownPages = framesFor(pages.length);
  const word = new Uint8Array(8);
  const times = { fault: [] as number[], onePage: [] as number[], ownPages: [] as number[] };
  for (const [index, page] of pages.entries()) await space.write(index, 0, page);
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    await mm.shrink(Number.POSITIVE_INFINITY);
    const before = mm.stats().faults.majorFrom.pool;
    const fault = cpuNs(() => {
      for (let index = 0; index < pages.length; index++) space.readNow(index, 0, word);
    });
    assert(mm.stats().faults.majorFrom.pool === before + pages.length, "every access is a fault that the pool serves");
    const codecs = [onePage, ownPages].map((into) => cpuNs(() => restoreAll(codec, compressed, into)));
    if (round < 0) continue;
    times.fault.push(fault / pages.length);
    times.onePage.push(codecs[0]! / pages.length);
    times.ownPages.push(codecs[1]! / pages.length);
  }
  await mm.close();
  const ratio = (floor: readonly number[]): number[] => times.fault.map((fault, round) => fault / floor[round]!);
  return [
    rowOf(`${name}: fault`, "ns", times.fault),
    rowOf(`${name}: codec, all into one page`, "ns", times.onePage),
    rowOf(`${name}: codec, each into a frame`, "ns", times.ownPages),
    rowOf(`${name}: fault / codec into one page`, "ratio", ratio(times.onePage), "lower"),
    rowOf(`${name}: fault / codec into frames`, "ratio", ratio(times.ownPages), "lower"),
  ];
}

/** What the codec alone takes: compressed bytes to its input, the page from its output to where it belongs. */
function restoreAll(codec: Compressor, compressed: readonly Uint8Array[], into: readonly Uint8Array[]): void {
  for (let index = 0; index < compressed.length; index++) {
    const bytes = compressed[index]!;
    codec.input.set(bytes);
    if (bytes.length < PAGE_SIZE) codec.decompress(0, bytes.length);
    into[index]!.set(codec.output);
  }
}

/** Frames of a memory of their own, touched once. */
function framesFor(pages: number): Uint8Array[] {
  const memory = new PageFrames({ budgetBytes: pages * 2 * PAGE_SIZE + (8 << 20) });
  const owner = memory.register({ name: "codec" });
  return Array.from({ length: pages }, () => memory.view(memory.take("user", owner)).fill(1));
}

async function stack(frames: number, policy: (pages: number) => Policy): Promise<{ readonly mm: MemoryManager }> {
  const memory = new PageFrames({ budgetBytes: frames * PAGE_SIZE + (8 << 20) });
  const frontswap = new FrontswapRegistry({ writeThrough: false });
  const shrinkers = new ShrinkerRegistry();
  const stores = [{ store: UNUSED, priority: 0, io: "async" }] as const;
  const mm = new MemoryManager(memory, frontswap, policy(frames), shrinkers, stores, realScheduler, MM_OPTIONS_DEFAULT);
  const pool = new ZsmallocPool(memory, { chainPages: 8, classes: "kernel-6.18" });
  const options = { ...ZSWAP_OPTIONS_DEFAULT, maxPoolPercent: 100 };
  frontswap.register(new Zswap(memory, pool, new Lz4WasmCompressor(), mm, shrinkers, realScheduler, options));
  await mm.open();
  keepSegments(memory, frames);
  return { mm };
}

/** Gives pages slots; the pool takes them all, so nothing is written. */
const UNUSED: SwapStore["store"] = {
  type: "unused",
  durable: false,
  capacity: 2 ** 20,
  memoryBytes: () => 0,
  open: async () => undefined,
  readPages: async () => assert(false, "nothing lies on the device") as never,
  writePages: async () => assert(false, "nothing is written to the device") as never,
  discard: async () => undefined,
  flush: async () => undefined,
  close: async () => undefined,
  counters: () => ({}),
};

/** Takes every frame once, and keeps one in each MiB. */
function keepSegments(memory: PageFrames, frames: number): void {
  const owner = memory.register({ name: "kept" });
  const taken: Frame[] = [];
  for (let frame = memory.take("user", owner); frame !== NO_FRAME && taken.length < frames; ) {
    taken.push(frame);
    frame = memory.take("user", owner);
  }
  for (const [index, frame] of taken.entries()) {
    memory.view(frame).fill(1);
    if (index % 256 !== 0) memory.give(frame);
  }
}

function policyParts(pages: number) {
  return { capacity: Number.POSITIVE_INFINITY, expectedPages: pages, prng: createPrng(1), accountant: UNCHARGED };
}

/** The first accesses of a trace, on as many pages as the space has. */
async function idsOf(path: string): Promise<Uint32Array> {
  const ids = new Uint32Array(ACCESSES_MAX);
  let length = 0;
  for await (const batch of await openTrace(path)) {
    for (let index = 0; index < batch.length && length < ACCESSES_MAX; index++)
      ids[length++] = batch.pages[index]! % PAGES_MAX;
    if (length === ACCESSES_MAX) break;
  }
  return ids.slice(0, length);
}
