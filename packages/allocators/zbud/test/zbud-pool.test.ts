import { type Handle, TOO_LARGE } from "@pagetier/allocator";
import { PageFrames } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import { plugin, ZbudPool, zbud } from "../src/index.js";

function poolOf(): ZbudPool {
  return new ZbudPool(new PageFrames({ budgetBytes: 64 << 20 }));
}

/** Bytes from the frame's start to the object. */
function offsetOf(pool: ZbudPool, handle: Handle): number {
  return pool.readAround(handle, new Uint8Array(8192));
}

describe("buddies", () => {
  test("lie after the header and at the end of the frame", () => {
    const pool = poolOf();
    const first = pool.malloc(1000);
    const last = pool.malloc(1000);
    expect(pool.groupOf(first)).toBe(pool.groupOf(last));
    expect(offsetOf(pool, first)).toBe(64);
    expect(offsetOf(pool, last)).toBe(4096 - 1024);
  });

  test.each([
    [2000, 2000, 2], // 32 + 32 chunks of 63.
    [1984, 2048, 1], // 31 + 32.
    [64, 3968, 1],
    [65, 3968, 2],
    [1, 3904, 1],
  ])("10.3-l of %i and %i bytes take %i frames", (a, b, frames) => {
    const pool = poolOf();
    pool.malloc(a);
    pool.malloc(b);
    expect(pool.totalFrames()).toBe(frames);
    pool.verify();
  });

  test("are never more than two", () => {
    const pool = poolOf();
    for (let count = 0; count < 100; count++) pool.malloc(1);
    expect(pool.totalFrames()).toBe(50);
  });

  test("go to the tightest frame that fits, newest first", () => {
    const pool = poolOf();
    const large = pool.malloc(3000); // Leaves 16 chunks.
    const older = pool.malloc(2500); // Leaves 23.
    const newer = pool.malloc(2500);
    expect(pool.groupOf(pool.malloc(1025))).toBe(pool.groupOf(newer)); // 17 chunks.
    expect(pool.groupOf(pool.malloc(1024))).toBe(pool.groupOf(large)); // 16.
    expect(pool.groupOf(pool.malloc(64))).toBe(pool.groupOf(older));
    expect(pool.totalFrames()).toBe(3);
  });

  test("leave a place that a later object takes, FIRST or LAST", () => {
    const pool = poolOf();
    const first = pool.malloc(1500);
    const last = pool.malloc(1500);
    pool.free(first);
    const next = pool.malloc(2000);
    expect(offsetOf(pool, next)).toBe(64);
    expect(pool.groupOf(next)).toBe(pool.groupOf(last));
    pool.free(last);
    expect(offsetOf(pool, pool.malloc(640))).toBe(4096 - 640);
    expect(pool.totalFrames()).toBe(1);
  });
});

test("sizes above 3968 never fit", () => {
  const pool = poolOf();
  expect(pool.maxSize).toBe(3968);
  expect(pool.malloc(3969)).toBe(TOO_LARGE);
});

test("nothing moves", () => {
  const pool = poolOf();
  const handles = Array.from({ length: 40 }, () => pool.malloc(1500));
  for (const [index, handle] of handles.entries()) if (index % 2 === 0) pool.free(handle);
  expect(pool.compact(Number.POSITIVE_INFINITY)).toBe(0);
  expect(pool.totalFrames()).toBe(20);
});

test("the plugin takes no options", async () => {
  expect(await plugin.options["~standard"].validate({ chunks: 64 })).toHaveProperty("issues");
  expect(zbud()).toEqual({ use: "zbud" });
});
