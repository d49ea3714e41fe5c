// Packs the pages of a file into one pool and reads every one of them back: what `pagetier pool` measures.
//
// The pages go through zswap, which knows same-filled and incompressible pages, with a memory that has room for all and
// nothing else to do. Speed is CPU time of the whole path, hashing and comparing left out.

import type { Zpool } from "@pagetier/allocator";
import { ZSWAP_OPTIONS_DEFAULT, Zswap } from "@pagetier/backend-zswap";
import { PAGE_SIZE, realScheduler, TierError } from "@pagetier/base";
import type { CodecChooser, Compressor } from "@pagetier/compressor";
import { PageFrames } from "@pagetier/frames";
import type { SwapWriteback } from "@pagetier/frontswap";
import { ShrinkerRegistry } from "@pagetier/shrinker";
import type { PageFile } from "@pagetier/trace";
import type { PreparedPart } from "./plugin-part.js";

/** One row of `pool --json`. */
export interface PoolResult {
  readonly input: string;
  readonly allocator: string;
  readonly compressor: string;
  /** `storedPages + rejectedPages`. */
  readonly pages: number;
  readonly storedPages: number;
  readonly rejectedPages: number;
  /** Subsets of the stored pages. */
  readonly sameFilledPages: number;
  readonly incompressiblePages: number;
  /** Sum over stored pages that are neither. */
  readonly compressedBytes: number;
  /** Sum over incompressible pages. */
  readonly rawBytes: number;
  /** Frames. */
  readonly poolPages: number;
  readonly metadataBytes: number;
  /** `poolPages × PAGE_SIZE + metadataBytes`. */
  readonly poolBytes: number;
  /** Millions of bytes of pages per CPU second. */
  readonly storeMBps: number;
  readonly loadMBps: number;
  /** Stored pages that did not come back equal. */
  readonly mismatches: number;
}

/** Nothing is ever written back: there is room for everything. */
const NO_WRITEBACK: SwapWriteback = {
  claim: () => "noMemory",
  track: (work) => work,
  release: () => undefined,
  submit: () => undefined,
  flush: () => Promise.resolve(),
};

const AREA = 0;
/** Pages between two looks at Ctrl-C. */
const TURN_PAGES = 512;
/** Memory beside the pages themselves: frame records, tables, a few frames per size class. */
const ROOM_PER_PAGE = PAGE_SIZE + 1024;
const ROOM_FIXED = 64 * 2 ** 20;

/** @throws TierError POOL_NO_ROOM when even this memory is too small for the plugins' buffers */
export async function measurePool(
  pages: PageFile,
  allocator: PreparedPart<{ frames: PageFrames }, Zpool>,
  compressor: PreparedPart<object, Compressor | CodecChooser>,
  progress: (done: number) => void,
  signal: AbortSignal,
): Promise<PoolResult> {
  // Powers of two may take two frames' worth for a page that does not fit one.
  const frames = new PageFrames({ budgetBytes: ROOM_FIXED + 2 * pages.pages * ROOM_PER_PAGE });
  const pool = allocator.create({ frames });
  const options = { ...ZSWAP_OPTIONS_DEFAULT, maxPoolPercent: 100, poolFull: "refuse" } as const;
  const zswap = new Zswap(
    frames,
    pool,
    compressor.create({}),
    NO_WRITEBACK,
    new ShrinkerRegistry(),
    realScheduler,
    options,
  );
  zswap.init(AREA);
  const page = new Uint8Array(PAGE_SIZE);
  const stored = new Uint8Array(pages.pages);
  let storeUs = 0;
  for (let from = 0; from < pages.pages; from += TURN_PAGES) {
    const to = Math.min(pages.pages, from + TURN_PAGES);
    const start = process.cpuUsage();
    for (let index = from; index < to; index++) {
      page.set(pageAt(pages, index));
      stored[index] = zswap.store(AREA, index + 1, page, "only") === "stored" ? 1 : 0;
    }
    storeUs += cpuUsSince(start);
    progress(to);
    await realScheduler.turn();
    signal.throwIfAborted();
  }
  zswap.verify();
  let mismatches = 0;
  let loadUs = 0;
  const batch = Array.from({ length: TURN_PAGES }, () => new Uint8Array(PAGE_SIZE));
  for (let from = 0; from < pages.pages; from += TURN_PAGES) {
    const to = Math.min(pages.pages, from + TURN_PAGES);
    const start = process.cpuUsage();
    for (let index = from; index < to; index++) {
      if (stored[index] === 1 && zswap.load(AREA, index + 1, batch[index - from]!) === "miss")
        batch[index - from]!.fill(0);
    }
    loadUs += cpuUsSince(start);
    for (let index = from; index < to; index++) {
      if (stored[index] === 1 && Buffer.compare(batch[index - from]!, pageAt(pages, index)) !== 0) mismatches++;
    }
    await realScheduler.turn();
    signal.throwIfAborted();
  }
  const counters = zswap.counters();
  const storedPages = counters.storedPages ?? 0;
  const poolPages = pool.totalFrames();
  const metadataBytes = zswap.metadataBytes();
  if (storedPages === 0 && pages.pages > 0 && counters.rejectCompressPoor === 0) {
    throw new TierError("POOL_NO_ROOM", `${allocator.name} took none of ${pages.pages} pages.`);
  }
  await zswap.close();
  pool.destroy();
  return {
    input: pages.name,
    allocator: allocator.name,
    compressor: compressor.name,
    pages: pages.pages,
    storedPages,
    rejectedPages: pages.pages - storedPages,
    sameFilledPages: counters.sameFilledPages ?? 0,
    incompressiblePages: counters.incompressiblePages ?? 0,
    compressedBytes: counters.compressedBytes ?? 0,
    rawBytes: counters.rawBytes ?? 0,
    poolPages,
    metadataBytes,
    poolBytes: poolPages * PAGE_SIZE + metadataBytes,
    storeMBps: (pages.pages * PAGE_SIZE) / Math.max(1, storeUs),
    loadMBps: (storedPages * PAGE_SIZE) / Math.max(1, loadUs),
    mismatches,
  };
}

function pageAt(pages: PageFile, index: number): Uint8Array {
  return pages.bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE);
}

function cpuUsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return user + system;
}
