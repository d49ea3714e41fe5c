import { type Group, type Handle, NO_GROUP, NO_HANDLE } from "@pagetier/allocator";
import { createPrng, PAGE_SIZE } from "@pagetier/base";
import { PageFrames } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import { type ZsmallocOptions, ZsmallocPool } from "../src/index.js";

function poolOf(options: Partial<ZsmallocOptions> = {}, budgetBytes = 64 << 20) {
  const frames = new PageFrames({ budgetBytes });
  return { frames, pool: new ZsmallocPool(frames, { chainPages: 8, classes: "kernel-6.18", ...options }) };
}

/** A pattern that tells every object from every other. */
function patternOf(seed: number, length: number): Uint8Array {
  const prng = createPrng(seed);
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = prng.u32();
  return bytes;
}

function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.compare(actual, expected)).toBe(0);
}

function mallocAll(pool: ZsmallocPool, sizes: readonly number[]): Handle[] {
  return sizes.map((size) => {
    const handle = pool.malloc(size);
    expect(handle).toBeGreaterThan(NO_HANDLE);
    return handle;
  });
}

describe("10.3-k requests", () => {
  // Payload, class with a chain of 4, class with a chain of 8.
  test.each([
    [24, [32, 1, 128], [32, 1, 128]],
    [1352, [1360, 1, 3], [1360, 1, 3]],
    [1360, [1488, 4, 11], [1424, 8, 23]],
    [1528, [1536, 3, 8], [1536, 3, 8]],
    [2040, [2048, 1, 2], [2048, 1, 2]],
    [2048, [2336, 4, 7], [2176, 8, 15]],
    [2712, [2720, 2, 3], [2720, 2, 3]],
    [2720, [3072, 3, 4], [2864, 7, 10]],
    [3256, [3264, 4, 5], [3264, 4, 5]],
    [3264, [4096, 1, 1], [3408, 5, 6]],
    [3624, [4096, 1, 1], [3632, 8, 9]],
    [3625, [4096, 1, 1], [4096, 1, 1]],
    [4096, [4096, 1, 1], [4096, 1, 1]],
  ])("of %i bytes land in the kernel's class", (size, chain4, chain8) => {
    for (const [chainPages, [slotSize, frames, slots]] of [
      [4, chain4],
      [8, chain8],
    ] as const) {
      const { pool } = poolOf({ chainPages });
      pool.malloc(size);
      expect(pool.stats().classes).toMatchObject([
        { size: slotSize, framesPerGroup: frames, objectsPerGroup: slots, groups: 1, objects: 1 },
      ]);
      expect(pool.totalFrames()).toBe(frames);
    }
  });

  test("split the frames as the 4 and 8 page kernels do", () => {
    for (const [size, chain4, chain8] of [
      [1300, 3334, 3334],
      [1400, 3640, 3480],
      [2000, 5000, 5000],
      [2100, 5716, 5336],
      [2700, 6668, 6668],
    ] as const) {
      for (const [chainPages, expected] of [
        [4, chain4],
        [8, chain8],
      ] as const) {
        const { pool } = poolOf({ chainPages });
        for (let count = 0; count < 10_000; count++) pool.malloc(size);
        expect(pool.totalFrames()).toBe(expected);
        pool.destroy();
      }
    }
  });
});

describe("10.4-a objects that straddle two frames", () => {
  test.each([2712, 1500, 3600, 3250, 100])("of %i bytes keep their bytes", (size) => {
    const { pool } = poolOf();
    const handles = mallocAll(pool, new Array<number>(64).fill(size));
    const source = new Uint8Array(PAGE_SIZE); // One buffer for all, as a compressor's output is.
    for (const [index, handle] of handles.entries()) {
      source.set(patternOf(index, size));
      pool.write(handle, source, 0, size);
    }
    const target = new Uint8Array(2 * PAGE_SIZE);
    for (const [index, handle] of handles.entries()) {
      expect(pool.read(handle, target, 3)).toBe(size);
      expectBytes(target.subarray(3, 3 + size), patternOf(index, size));
      const at = pool.readAround(handle, target);
      expectBytes(target.subarray(at, at + size), patternOf(index, size));
    }
  });
});

describe("compact", () => {
  test("10.4-g frees nothing in a class with one zspage", () => {
    const { pool } = poolOf();
    const handles = mallocAll(pool, [2712, 2712, 2712]);
    pool.free(handles[1]!);
    expect(pool.compactableFrames()).toBe(0);
    expect(pool.compact(Number.POSITIVE_INFINITY)).toBe(0);
    pool.verify();
  });

  test("frees what it promised, moves bytes whole and keeps handles", () => {
    const { pool } = poolOf();
    const prng = createPrng(7);
    const live = new Map<Handle, Uint8Array>();
    for (let count = 0; count < 3000; count++) {
      const bytes = patternOf(count, 1 + prng.below(PAGE_SIZE));
      const handle = pool.malloc(bytes.length);
      pool.write(handle, bytes, 0, bytes.length);
      live.set(handle, bytes);
    }
    for (const handle of [...live.keys()]) {
      if (prng.below(4) === 0) continue;
      pool.free(handle);
      live.delete(handle);
    }
    const promised = pool.compactableFrames();
    const before = pool.totalFrames();
    expect(promised).toBeGreaterThan(0);
    expect(pool.compact(Number.POSITIVE_INFINITY)).toBe(promised);
    expect(pool.totalFrames()).toBe(before - promised);
    expect(pool.compactableFrames()).toBe(0);
    pool.verify();
    const target = new Uint8Array(PAGE_SIZE);
    for (const [handle, bytes] of live) {
      expect(pool.read(handle, target, 0)).toBe(bytes.length);
      expectBytes(target.subarray(0, bytes.length), bytes);
    }
  });

  // A reader copies, so it can hold nothing while objects move; but it comes between any two steps.
  test("10.4-b leaves every object readable between its steps", () => {
    const { pool } = poolOf();
    const live = new Map<Handle, Uint8Array>();
    for (let count = 0; count < 600; count++) {
      const bytes = patternOf(count, count % 2 === 0 ? 1300 : 2712);
      const handle = pool.malloc(bytes.length);
      pool.write(handle, bytes, 0, bytes.length);
      live.set(handle, bytes);
    }
    for (const [index, handle] of [...live.keys()].entries()) {
      if (index % 3 === 0) continue;
      pool.free(handle);
      live.delete(handle);
    }
    const target = new Uint8Array(PAGE_SIZE);
    let steps = 0;
    while (pool.compact(8) > 0) {
      steps++;
      for (const [handle, bytes] of live) {
        expect(pool.read(handle, target, 0)).toBe(bytes.length);
        expectBytes(target.subarray(0, bytes.length), bytes);
      }
    }
    expect(steps).toBeGreaterThan(10);
  });

  test("stops at its budget", () => {
    const { pool } = poolOf();
    const handles = mallocAll(pool, new Array<number>(300).fill(1300));
    for (const [index, handle] of handles.entries()) if (index % 3 !== 0) pool.free(handle);
    expect(pool.compact(5)).toBe(5);
    pool.verify();
    expect(pool.compact(0)).toBe(0);
  });
});

describe("groups", () => {
  test("are zspages: freeing all objects of one returns its frames", () => {
    const { pool } = poolOf();
    const handles = mallocAll(pool, new Array<number>(9).fill(2712));
    const group = pool.groupOf(handles[4]!);
    const into = new Uint32Array(16);
    expect(pool.groupFrames(group)).toBe(2);
    expect(pool.groupHandles(group, into)).toBe(3);
    expect([...into.subarray(0, 3)].sort()).toEqual([...handles.slice(3, 6)].sort());
    const before = pool.totalFrames();
    for (const handle of into.subarray(0, 3)) pool.free(handle as Handle);
    expect(pool.totalFrames()).toBe(before - 2);
    expect(pool.groupFrames(group)).toBe(0);
    expect(pool.groupHandles(group, into)).toBe(0);
    expect(pool.groupFrames(NO_GROUP)).toBe(0);
    expect(pool.groupFrames(99_999 as Group)).toBe(0);
  });
});

describe("allocation", () => {
  test("fills the fullest zspage that has room", () => {
    const { pool } = poolOf();
    const handles = mallocAll(pool, new Array<number>(32).fill(1020)); // Four per frame: class 1040 is merged into 1056(8,31).
    const { objectsPerGroup } = pool.stats().classes[0]!;
    expect(objectsPerGroup).toBe(31);
    for (const handle of handles.slice(1, 4)) pool.free(handle); // The first zspage now has 28, the second 1.
    const full = pool.groupOf(handles[0]!);
    expect(pool.groupOf(pool.malloc(1020))).toBe(full);
  });

  test("takes all frames of a zspage or none", () => {
    const { frames, pool } = poolOf({}, 1 << 20);
    const handles: Handle[] = [];
    for (let handle = pool.malloc(1400); handle !== NO_HANDLE; handle = pool.malloc(1400)) handles.push(handle);
    expect(frames.available("reclaim")).toBeLessThan(8);
    const before = pool.totalFrames();
    expect(pool.malloc(1400)).toBe(NO_HANDLE);
    expect(pool.totalFrames()).toBe(before);
    pool.verify();
    frames.verify();
    for (const handle of handles) pool.free(handle);
    expect(pool.totalFrames()).toBe(0);
    expect(frames.used).toBe(0);
  });
});

describe("the frames of a pool", () => {
  test("move when the page frames ask for it", () => {
    const { frames, pool } = poolOf();
    const source = patternOf(1, 2712);
    const handles = mallocAll(pool, new Array<number>(1500).fill(2712));
    for (const handle of handles) pool.write(handle, source, 0, source.length);
    for (const handle of handles.slice(0, 1200)) pool.free(handle);
    expect(frames.compact(Number.POSITIVE_INFINITY)).toBe(200);
    frames.verify();
    pool.verify();
    const target = new Uint8Array(PAGE_SIZE);
    for (const handle of handles.slice(1200)) {
      expect(pool.read(handle, target, 0)).toBe(source.length);
      expectBytes(target.subarray(0, source.length), source);
    }
  });
});
