import { PageFrames } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import { KmallocPool, kmalloc, plugin } from "../src/index.js";

function poolOf(): KmallocPool {
  return new KmallocPool(new PageFrames({ budgetBytes: 64 << 20 }));
}

describe("caches", () => {
  test.each([
    [1, 8],
    [8, 8],
    [9, 16],
    [65, 96],
    [96, 96],
    [97, 128],
    [129, 192],
    [193, 256],
    [1025, 2048],
    [2048, 2048],
    [2049, 4096],
    [4096, 4096],
  ])("of %i bytes are those of %i", (size, cache) => {
    const pool = poolOf();
    pool.malloc(size);
    expect(pool.stats().classes.map((each) => each.size)).toEqual([cache]);
    expect(pool.totalFrames()).toBe(1);
  });

  test("cut a frame into as many objects as fit", () => {
    const pool = poolOf();
    for (let count = 0; count < 42; count++) pool.malloc(96);
    expect(pool.totalFrames()).toBe(1);
    expect(pool.stats().overheadBytes).toBe(4096 - 42 * 96);
    pool.malloc(96);
    expect(pool.totalFrames()).toBe(2);
  });

  test("keep small objects apart", () => {
    const pool = poolOf();
    const handles = [1, 2, 3].map((value) => {
      const handle = pool.malloc(7);
      pool.write(handle, new Uint8Array(64).fill(value), 0, 7);
      return handle;
    });
    const target = new Uint8Array(7);
    for (const [index, handle] of handles.entries()) {
      pool.read(handle, target, 0);
      expect([...target]).toEqual(new Array(7).fill(index + 1));
    }
  });
});

test("nothing moves", () => {
  const pool = poolOf();
  const handles = Array.from({ length: 40 }, () => pool.malloc(2000));
  for (const [index, handle] of handles.entries()) if (index % 2 === 0) pool.free(handle);
  expect(pool.compact(Number.POSITIVE_INFINITY)).toBe(0);
  expect(pool.totalFrames()).toBe(20);
});

test("the plugin takes no options", async () => {
  expect(await plugin.options["~standard"].validate({ sizes: 64 })).toHaveProperty("issues");
  expect(kmalloc()).toEqual({ use: "kmalloc" });
});
