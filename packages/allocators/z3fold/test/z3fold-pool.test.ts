import type { Handle } from "@pagetier/allocator";
import { bytesOf } from "@pagetier/allocator/conformance";
import { PageFrames } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import { plugin, Z3foldPool, z3fold } from "../src/index.js";

function poolOf(): Z3foldPool {
  return new Z3foldPool(new PageFrames({ budgetBytes: 64 << 20 }), { cpus: 1 });
}

function offsetOf(pool: Z3foldPool, handle: Handle): number {
  return pool.readAround(handle, new Uint8Array(8192));
}

function store(pool: Z3foldPool, size: number, seed: number): Handle {
  const handle = pool.malloc(size);
  pool.write(handle, bytesOf(seed, size), 0, size);
  return handle;
}

function expectHeld(pool: Z3foldPool, handle: Handle, size: number, seed: number): void {
  const target = new Uint8Array(size);
  expect(pool.read(handle, target, 0)).toBe(size);
  expect(Buffer.compare(target, bytesOf(seed, size))).toBe(0);
}

describe("a frame", () => {
  test("holds three objects: FIRST, LAST, MIDDLE", () => {
    const pool = poolOf();
    const [first, last, middle] = [1, 2, 3].map((seed) => store(pool, 1300, seed)) as [Handle, Handle, Handle];
    expect(pool.totalFrames()).toBe(1);
    expect(offsetOf(pool, first)).toBe(64);
    expect(offsetOf(pool, last)).toBe(4096 - 21 * 64);
    expect(offsetOf(pool, middle)).toBe(64 + 21 * 64);
    for (const [index, handle] of [first, last, middle].entries()) expectHeld(pool, handle, 1300, index + 1);
    pool.malloc(1);
    expect(pool.totalFrames()).toBe(2);
    pool.verify();
  });

  test("goes without header to an object above 3968 bytes", () => {
    const pool = poolOf();
    const handle = store(pool, 3969, 1);
    expect(offsetOf(pool, handle)).toBe(0);
    expect(pool.stats().overheadBytes).toBe(0);
    pool.malloc(1);
    expect(pool.totalFrames()).toBe(2);
    expectHeld(pool, handle, 3969, 1);
  });
});

describe("MIDDLE", () => {
  function three(pool: Z3foldPool, sizes: readonly [number, number, number]): [Handle, Handle, Handle] {
    const handles = sizes.map((size, index) => store(pool, size, index + 1)) as [Handle, Handle, Handle];
    expect(pool.totalFrames()).toBe(1);
    return handles;
  }

  test("becomes FIRST when it is alone, whichever neighbour went last", () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ] as const) {
      const pool = poolOf();
      const handles = three(pool, [1000, 1000, 1500]);
      for (const each of order) pool.free(handles[each]);
      expect(offsetOf(pool, handles[2])).toBe(64);
      expectHeld(pool, handles[2], 1500, 3);
      pool.verify();
      pool.malloc(39 * 64); // 63 chunks less 24.
      expect(pool.totalFrames()).toBe(1);
    }
  });

  test("10.4-d moves up to LAST when FIRST is freed, over itself if need be", () => {
    const pool = poolOf();
    const [first, last, middle] = three(pool, [640, 640, 2000]);
    pool.free(first);
    expect(offsetOf(pool, middle)).toBe(4096 - 640 - 2048);
    expectHeld(pool, middle, 2000, 3);
    expectHeld(pool, last, 640, 2);
    pool.verify();
    expect(offsetOf(pool, pool.malloc(21 * 64))).toBe(64); // The two holes are one now: 63 - 10 - 32 chunks.
  });

  test("moves down to FIRST when LAST is freed and the gap is worth it", () => {
    const pool = poolOf();
    const [first, last, middle] = three(pool, [640, 640, 2000]);
    pool.free(first); // MIDDLE lies against LAST.
    const small = store(pool, 128, 9); // FIRST again, with a gap of 19 chunks after it.
    pool.free(last);
    expect(offsetOf(pool, small)).toBe(64);
    expect(offsetOf(pool, middle)).toBe(64 + 128);
    expectHeld(pool, middle, 2000, 3);
    pool.verify();
  });

  test("stays when the gap is less than three chunks", () => {
    const pool = poolOf();
    const [, last, middle] = three(pool, [20 * 64, 21 * 64, 20 * 64]); // Two chunks between MIDDLE and LAST.
    pool.free(last);
    expect(offsetOf(pool, middle)).toBe(64 + 20 * 64);
    const again = pool.malloc(22 * 64);
    expect(offsetOf(pool, again)).toBe(4096 - 22 * 64);
    expect(pool.totalFrames()).toBe(1);
    pool.free(pool.malloc(1));
    pool.verify();
  });

  test("has the room before it filled only if it fits there", () => {
    const pool = poolOf();
    const [first, last, middle] = three(pool, [2 * 64, 64, 30 * 64]);
    pool.free(last); // 30 chunks after MIDDLE.
    pool.free(first); // MIDDLE is alone and becomes FIRST.
    expect(offsetOf(pool, middle)).toBe(64);
    const end = pool.malloc(30 * 64);
    expect(offsetOf(pool, end)).toBe(4096 - 30 * 64);
    expect(offsetOf(pool, pool.malloc(3 * 64))).toBe(64 + 30 * 64);
    expect(pool.totalFrames()).toBe(1);
    pool.verify();
  });
});

describe("compact", () => {
  test("moves single objects into holes of other frames and keeps their handles", () => {
    const pool = poolOf();
    const handles = Array.from({ length: 300 }, (_, index) => store(pool, 1200, index));
    expect(pool.totalFrames()).toBe(100);
    const left: [Handle, number][] = [];
    for (const [index, handle] of handles.entries()) {
      if (index % 3 === 0) left.push([handle, index]);
      else pool.free(handle);
    }
    expect(pool.totalFrames()).toBe(100);
    expect(pool.compact(10)).toBe(10);
    pool.verify();
    expect(pool.compact(Number.POSITIVE_INFINITY)).toBe(56);
    expect(pool.totalFrames()).toBe(34);
    for (const [handle, seed] of left) expectHeld(pool, handle, 1200, seed);
    pool.verify();
  });

  test("leaves objects that fit nowhere", () => {
    const pool = poolOf();
    for (let count = 0; count < 5; count++) pool.malloc(3000);
    expect(pool.compact(Number.POSITIVE_INFINITY)).toBe(0);
    pool.verify();
  });

  test("10.4-e a moved object outlives the frame it came from", () => {
    const pool = poolOf();
    const target = store(pool, 2000, 1);
    const filler = store(pool, 2000, 2);
    const moved = store(pool, 1900, 3);
    expect(pool.totalFrames()).toBe(2);
    pool.free(filler);
    expect(pool.compact(1)).toBe(1);
    expect(pool.groupOf(moved)).toBe(pool.groupOf(target));
    const reuse = store(pool, 3000, 4); // Takes the record and the frame that moved came from.
    expectHeld(pool, moved, 1900, 3);
    expectHeld(pool, target, 2000, 1);
    expectHeld(pool, reuse, 3000, 4);
    pool.verify();
  });
});

describe("processors", () => {
  test("fill each other's frames only exactly", () => {
    const frames = new PageFrames({ budgetBytes: 64 << 20 });
    const pool = new Z3foldPool(frames, { cpus: 2 });
    for (let count = 0; count < 1024; count++) pool.malloc(2000); // 32 chunks: 31 are free in each frame.
    expect(pool.totalFrames()).toBe(1024);
    pool.malloc(1900); // The other processor's turn: 30 chunks.
    expect(pool.totalFrames()).toBe(1025);
    pool.malloc(1984); // 31 chunks.
    expect(pool.totalFrames()).toBe(1025);
    pool.verify();
  });
});

describe("the plugin", () => {
  test("has one processor unless told otherwise", async () => {
    expect(await plugin.options["~standard"].validate({})).toMatchObject({ value: { cpus: 1 } });
    expect(await plugin.options["~standard"].validate({ cpus: 0 })).toHaveProperty("issues");
    expect(await plugin.options["~standard"].validate({ chunks: 64 })).toHaveProperty("issues");
    expect(z3fold({ cpus: 2 })).toEqual({ use: "z3fold", cpus: 2 });
  });
});
