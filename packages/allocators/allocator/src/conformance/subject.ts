import assert from "node:assert/strict";
import { createPrng, PAGE_SIZE } from "@pagetier/base";
import { PageFrames } from "@pagetier/frames";
import { type Handle, NO_HANDLE, READ_AROUND_BYTES, type Zpool } from "../zpool.js";

/** Makes a pool on these page frames. */
export type ZpoolFactory = (frames: PageFrames) => Zpool;

/** A pool with the page frames below it. */
export interface Subject {
  readonly frames: PageFrames;
  readonly pool: Zpool;
}

const MIB = 1 << 20;

/** A fresh pool in a budget of `mib` MiB. */
export function makeSubject(create: ZpoolFactory, mib = 16): Subject {
  const frames = new PageFrames({ budgetBytes: mib * MIB });
  return { frames, pool: create(frames) };
}

/** Sizes at which size classes, chunks and frames end, as far as the pool accepts them. */
export function sampleSizes(pool: Zpool): number[] {
  const sizes = [1, 2, 7, 8, 9, 15, 16, 17, 24, 25, 31, 32, 33, 48, 63, 64, 65, 95, 96, 97, 128, 191, 192, 193];
  sizes.push(255, 256, 500, 512, 513, 1000, 1023, 1024, 1025, 1300, 1352, 1360, 1361, 1400, 1984, 2000, 2040, 2047);
  sizes.push(2048, 2049, 2500, 2712, 2720, 3000, 3256, 3264, 3500, 3624, 3625, 3900, 3967, 3968, 3969, 4088, 4095);
  sizes.push(PAGE_SIZE);
  return [...new Set([...sizes.filter((size) => size <= pool.maxSize), pool.maxSize])];
}

/** Bytes that differ from seed to seed and have no period. */
export function bytesOf(seed: number, length: number): Uint8Array {
  const prng = createPrng(seed);
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = prng.u32() >>> 24;
  return bytes;
}

/** Allocates, and fails the test when the pool cannot. */
export function mustMalloc(pool: Zpool, size: number): Handle {
  const handle = pool.malloc(size);
  assert.ok(handle > NO_HANDLE, `a pool with room takes ${size} bytes, and answered ${handle}`);
  return handle;
}

/** Allocates objects with the bytes of {@link bytesOf} their number. */
export function storeAll(pool: Zpool, sizes: readonly number[], seed = 1): Handle[] {
  return sizes.map((size, index) => {
    const handle = mustMalloc(pool, size);
    pool.write(handle, bytesOf(seed + index, size), 0, size);
    return handle;
  });
}

const GUARD = 0xa5;

/** Fails the test unless the object reads back as `bytes`, in both ways and into the middle of a buffer. */
export function assertHolds(pool: Zpool, handle: Handle, bytes: Uint8Array): void {
  const start = 5;
  const target = new Uint8Array(start + bytes.length + 9).fill(GUARD);
  assert.equal(pool.read(handle, target, start), bytes.length, "read answers the size of the object");
  assert.ok(Buffer.compare(target.subarray(start, start + bytes.length), bytes) === 0, "read gives what was written");
  assert.ok(
    target.every((byte, index) => byte === GUARD || (index >= start && index < start + bytes.length)),
    "read touches no byte beside the object",
  );
  const around = new Uint8Array(READ_AROUND_BYTES).fill(GUARD);
  const at = pool.readAround(handle, around);
  assert.ok(Number.isInteger(at) && at >= 0 && at + bytes.length <= around.length, "readAround answers a position");
  assert.ok(
    Buffer.compare(around.subarray(at, at + bytes.length), bytes) === 0,
    "readAround gives what was written, at the position it answers",
  );
}

/** A spread of sizes as compressors give them. */
export function mixedSizes(pool: Zpool, count: number, seed = 7): number[] {
  const prng = createPrng(seed);
  return Array.from({ length: count }, () => 1 + prng.below(pool.maxSize));
}

/** Fills the pool until it answers {@link NO_HANDLE}. */
export function fillUp(pool: Zpool, size: number): Handle[] {
  const handles: Handle[] = [];
  for (let handle = pool.malloc(size); handle !== NO_HANDLE; handle = pool.malloc(size)) {
    handles.push(handle);
    assert.ok(handles.length < 1e6, "a pool in a small budget becomes full");
  }
  return handles;
}
