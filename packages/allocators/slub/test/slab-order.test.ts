import { PAGE_SIZE } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { slabClasses, slabOrder } from "../src/index.js";

describe("slab orders", () => {
  // Object size, objects per slab, bytes wasted: the kernel's on four processors, always in slabs of eight pages.
  test.each([
    [1368, 23, 1304],
    [1600, 20, 768],
    [2064, 15, 1808],
    [2344, 13, 2296],
    [2728, 12, 32],
    [2736, 11, 2672],
    [3072, 10, 2048],
    [3264, 10, 128],
    [4096, 8, 0],
  ])("for objects of %i bytes hold %i and waste %i", (size, objects, waste) => {
    const bytes = PAGE_SIZE << slabOrder(size, 4);
    expect(bytes).toBe(8 * PAGE_SIZE);
    expect(Math.floor(bytes / size)).toBe(objects);
    expect(bytes % size).toBe(waste);
  });

  test("grow with the objects and with the processors", () => {
    expect(slabOrder(64, 4)).toBe(0);
    expect(slabOrder(512, 4)).toBe(1);
    expect(slabOrder(1024, 4)).toBe(2);
    expect(slabOrder(256, 1)).toBe(0);
    expect(slabOrder(256, 1024)).toBe(2);
  });
});

describe("slab classes", () => {
  test("lie as far apart as the option says and end with a page", () => {
    const sizes = slabClasses({ classBytes: 64, cpus: 4 }).map(({ size }) => size);
    expect(sizes.slice(0, 3)).toEqual([64, 128, 192]);
    expect(sizes.at(-1)).toBe(PAGE_SIZE);
    expect(sizes).toHaveLength(64);
    expect(slabClasses({ classBytes: 16, cpus: 4 })).toHaveLength(255);
    expect(slabClasses({ classBytes: 48, cpus: 4 }).at(-1)!.size).toBe(PAGE_SIZE);
  });
});
