import type { Handle } from "@pagetier/allocator";
import { PageFrames } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import { plugin, SlubPool, slub } from "../src/index.js";

function poolOf() {
  return new SlubPool(new PageFrames({ budgetBytes: 64 << 20 }), { classBytes: 64, cpus: 4 });
}

describe("a slab", () => {
  test("is eight frames that one live object holds", () => {
    const pool = poolOf();
    const handles = Array.from({ length: 23 }, () => pool.malloc(1400)); // Class 1408: 23 objects.
    expect(pool.totalFrames()).toBe(8);
    const group = pool.groupOf(handles[0]!);
    expect(pool.groupFrames(group)).toBe(8);
    expect(pool.groupHandles(group, new Uint32Array(32))).toBe(23);
    for (const handle of handles.slice(1)) pool.free(handle);
    expect(pool.totalFrames()).toBe(8);
    expect(pool.compact(Number.POSITIVE_INFINITY)).toBe(0);
    pool.free(handles[0]!);
    expect(pool.totalFrames()).toBe(0);
  });

  test("that has a free object again is used before a new one is made", () => {
    const pool = poolOf();
    const handles: Handle[] = Array.from({ length: 46 }, () => pool.malloc(1400));
    pool.free(handles[3]!);
    pool.free(handles[30]!);
    pool.malloc(1400);
    pool.malloc(1390);
    expect(pool.totalFrames()).toBe(16);
    pool.malloc(1400);
    expect(pool.totalFrames()).toBe(24);
  });
});

describe("the plugin", () => {
  test("completes and refuses options", async () => {
    const options = await plugin.options["~standard"].validate({});
    expect(options).toMatchObject({ value: { classBytes: 64, cpus: 4 } });
    for (const bad of [{ classBytes: 24 }, { classBytes: 8 }, { cpus: 0 }, { orders: 3 }]) {
      expect(await plugin.options["~standard"].validate(bad)).toHaveProperty("issues");
    }
    expect(slub({ classBytes: 32 })).toEqual({ use: "slub", classBytes: 32 });
  });
});
