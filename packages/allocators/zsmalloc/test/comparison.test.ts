// The allocators side by side: 10 000 zpages of known sizes, as computed from the kernel's algorithms.

import { NO_HANDLE, TOO_LARGE, type Zpool } from "@pagetier/allocator";
import { KmallocPool } from "@pagetier/allocator-kmalloc";
import { SlubPool } from "@pagetier/allocator-slub";
import { Z3foldPool } from "@pagetier/allocator-z3fold";
import { ZbudPool } from "@pagetier/allocator-zbud";
import { createPrng } from "@pagetier/base";
import { PageFrames } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import { ZsmallocPool } from "../src/index.js";

const ZPAGES = 10_000;
const frames = (): PageFrames => new PageFrames({ budgetBytes: 128 << 20 });

const POOLS: Record<string, () => Zpool> = {
  zbud: () => new ZbudPool(frames()),
  z3fold: () => new Z3foldPool(frames(), { cpus: 1 }),
  "zsmalloc, chain of 4": () => new ZsmallocPool(frames(), { chainPages: 4, classes: "kernel-6.18" }),
  "zsmalloc, chain of 8": () => new ZsmallocPool(frames(), { chainPages: 8, classes: "kernel-6.18" }),
  kmalloc: () => new KmallocPool(frames()),
};

/** Stores zpages whose sizes `sizeOf` gives, and counts frames and refusals. */
function storeAll(pool: Zpool, sizeOf: () => number): { frames: number; refused: number } {
  let refused = 0;
  for (let count = 0; count < ZPAGES; count++) {
    const handle = pool.malloc(sizeOf());
    if (handle === NO_HANDLE) expect.unreachable("the budget has room for all");
    if (handle === TOO_LARGE) refused++;
  }
  return { frames: pool.totalFrames(), refused };
}

describe("zpages of one size take exactly", () => {
  test.each([
    [1300, [5000, 3334, 3334, 3334, 5000]],
    [1400, [5000, 5000, 3640, 3480, 5000]],
    [2000, [10000, 10000, 5000, 5000, 5000]],
    [2100, [10000, 10000, 5716, 5336, 10000]],
    [2700, [10000, 10000, 6668, 6668, 10000]],
  ])("%i bytes", (size, expected) => {
    const measured = Object.values(POOLS).map((create) => storeAll(create(), () => size).frames);
    expect(measured).toEqual(expected);
  });
});

describe("zpages of spread sizes take, within one per cent,", () => {
  test.each([
    [1366, 2048, [5000, 5000, 4388, 4317, 5000]],
    [2049, 3968, [10000, 10000, 8019, 7660, 10000]],
    [1366, 4096, [7332, 7792, 7207, 6973, 8757]],
  ])("%i to %i bytes", (least, most, expected) => {
    for (const [index, create] of Object.values(POOLS).entries()) {
      const prng = createPrng(17);
      const { frames: held, refused } = storeAll(create(), () => least + prng.below(most - least + 1));
      expect(Math.abs(held / expected[index]! - 1)).toBeLessThan(0.01);
      if (most > 3968 && index === 0) expect(Math.abs(refused / 459 - 1)).toBeLessThan(0.15);
      else expect(refused).toBe(0);
    }
  });
});

describe("slub", () => {
  test("is about as dense as zsmalloc while it grows", () => {
    const prng = createPrng(17);
    const pool = new SlubPool(frames(), { classBytes: 16, cpus: 4 });
    const { frames: held } = storeAll(pool, () => 1366 + prng.below(683));
    expect(held / 4317).toBeGreaterThan(0.97);
    expect(held / 4317).toBeLessThan(1.05);
  });

  test("keeps most frames when nine of ten zpages are freed at random, where zsmalloc compacts", () => {
    const left: number[] = [];
    for (const pool of [
      new SlubPool(frames(), { classBytes: 64, cpus: 4 }),
      new ZsmallocPool(frames(), { chainPages: 8, classes: "kernel-6.18" }),
    ]) {
      const prng = createPrng(17);
      const handles = Array.from({ length: ZPAGES }, () => pool.malloc(1366 + prng.below(683)));
      const full = pool.totalFrames();
      for (const handle of handles) if (prng.below(10) > 0) pool.free(handle);
      pool.compact(Number.POSITIVE_INFINITY);
      left.push(pool.totalFrames() / full);
    }
    expect(left[0]).toBeGreaterThan(0.75);
    expect(left[1]).toBeLessThan(0.15);
  });
});
