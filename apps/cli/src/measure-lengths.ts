// Fills a pool with objects of recorded lengths and reads every one of them back: what `pagetier pool --lengths` measures.
//
// The compressed bytes are not recorded, so each object gets bytes of its own making, which have to come back. Speed is
// that of the pool alone, in bytes of pages, no codec included.

import { type Handle, NO_HANDLE, READ_AROUND_BYTES, TOO_LARGE, type Zpool } from "@pagetier/allocator";
import { createPrng, PAGE_SIZE, realScheduler, TierError } from "@pagetier/base";
import { PageFrames } from "@pagetier/frames";
import { isKeptRaw, type PoolRules } from "./kernel-profiles.js";
import type { PoolResult } from "./measure-pool.js";
import type { PreparedPart } from "./plugin-part.js";
import { DOES_NOT_FIT, type LengthFile, SAME_FILLED } from "./pool-lengths.js";

/** A row of `pool --lengths --json`: as a {@link PoolResult}, and what the kernel calls poor compression. */
export interface LengthsResult extends PoolResult {
  /** Rejected pages that the allocator found too large. The others did not fit the compressor's buffer. */
  readonly rejectCompressPoor: number;
}

/** Objects between two looks at Ctrl-C. */
const TURN_OBJECTS = 4096;
/** Memory beside the objects themselves: powers of two may take twice as much, slabs and tables more. */
const ROOM_PER_PAGE = 2 * PAGE_SIZE + 2048;
const ROOM_FIXED = 64 * 2 ** 20;

/** @throws TierError POOL_NO_ROOM when the memory, which has room for everything, did not suffice */
export async function measureLengths(
  file: LengthFile,
  allocator: PreparedPart<{ frames: PageFrames }, Zpool>,
  rules: PoolRules,
  progress: (done: number) => void,
  signal: AbortSignal,
): Promise<LengthsResult> {
  const { lengths } = file;
  const frames = new PageFrames({ budgetBytes: ROOM_FIXED + lengths.length * ROOM_PER_PAGE });
  const pool = allocator.create({ frames });
  const handles = new Uint32Array(lengths.length);
  const content = patternPage();
  const stamp = new DataView(content.buffer);
  const count = { sameFilled: 0, raw: 0, compressedBytes: 0, rawBytes: 0, poor: 0, rejected: 0 };
  let storeUs = 0;
  for (let from = 0; from < lengths.length; from += TURN_OBJECTS) {
    const to = Math.min(lengths.length, from + TURN_OBJECTS);
    const start = process.cpuUsage();
    for (let index = from; index < to; index++) {
      const length = lengths[index]!;
      if (length === SAME_FILLED) {
        count.sameFilled++;
        continue;
      }
      const raw = isKeptRaw(length, rules);
      if (length === DOES_NOT_FIT && !raw) {
        count.rejected++;
        continue;
      }
      const stored = raw ? PAGE_SIZE : length;
      const size = stored + rules.headerBytes;
      const handle = size > PAGE_SIZE ? TOO_LARGE : pool.malloc(size);
      if (handle === TOO_LARGE) {
        count.rejected++;
        count.poor++;
        continue;
      }
      if (handle === NO_HANDLE) {
        throw new TierError("POOL_NO_ROOM", `${allocator.name} got no frame for page ${index} of ${file.name}.`);
      }
      stamp.setUint32(0, index, true);
      pool.write(handle, content, 0, size);
      handles[index] = handle;
      if (raw) {
        count.raw++;
        count.rawBytes += stored;
      } else count.compressedBytes += stored;
    }
    storeUs += cpuUsSince(start);
    progress(to);
    await realScheduler.turn();
    signal.throwIfAborted();
  }
  pool.verify();
  const { loadUs, mismatches } = readBack(pool, handles, content);
  const storedPages = lengths.length - count.rejected;
  const poolPages = pool.totalFrames();
  const metadataBytes = pool.metadataBytes();
  pool.destroy();
  return {
    input: file.name,
    allocator: allocator.name,
    compressor: file.compressor,
    pages: lengths.length,
    storedPages,
    rejectedPages: count.rejected,
    sameFilledPages: count.sameFilled,
    incompressiblePages: count.raw,
    compressedBytes: count.compressedBytes,
    rawBytes: count.rawBytes,
    poolPages,
    metadataBytes,
    poolBytes: poolPages * PAGE_SIZE + metadataBytes,
    storeMBps: (lengths.length * PAGE_SIZE) / Math.max(1, storeUs),
    loadMBps: (storedPages * PAGE_SIZE) / Math.max(1, loadUs),
    mismatches,
    rejectCompressPoor: count.poor,
  };
}

/** Reads every object, and compares it outside the measured time. */
function readBack(
  pool: Zpool,
  handles: Uint32Array,
  content: Uint8Array,
): { readonly loadUs: number; readonly mismatches: number } {
  const target = new Uint8Array(READ_AROUND_BYTES);
  const stamp = new DataView(content.buffer);
  const start = process.cpuUsage();
  for (const handle of handles) if (handle !== 0) pool.readAround(handle as Handle, target);
  const loadUs = cpuUsSince(start);
  let mismatches = 0;
  for (let index = 0; index < handles.length; index++) {
    const handle = handles[index]! as Handle;
    if (handle === NO_HANDLE) continue;
    stamp.setUint32(0, index, true);
    const at = pool.readAround(handle, target);
    const size = pool.sizeOf(handle);
    if (Buffer.compare(target.subarray(at, at + size), content.subarray(0, size)) !== 0) mismatches++;
  }
  return { loadUs, mismatches };
}

/** Random bytes, the same in every run. */
function patternPage(): Uint8Array<ArrayBuffer> {
  const prng = createPrng(1);
  return new Uint8Array(PAGE_SIZE).map(() => prng.below(256));
}

function cpuUsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return user + system;
}
