// Long random histories of all allocators leave nothing behind.

import { type Handle, NO_HANDLE, type Zpool } from "@pagetier/allocator";
import { KmallocPool } from "@pagetier/allocator-kmalloc";
import { SlubPool } from "@pagetier/allocator-slub";
import { Z3foldPool } from "@pagetier/allocator-z3fold";
import { ZbudPool } from "@pagetier/allocator-zbud";
import { createPrng, PAGE_SIZE } from "@pagetier/base";
import { PageFrames } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import { ZsmallocPool } from "../src/index.js";

const STEPS = 1_000_000;
const VERIFY_EVERY = 50_000;
const MARK_BYTES = 8;

const POOLS: Record<string, (frames: PageFrames) => Zpool> = {
  zsmalloc: (frames) => new ZsmallocPool(frames, { chainPages: 8, classes: "kernel-6.18" }),
  kmalloc: (frames) => new KmallocPool(frames),
  zbud: (frames) => new ZbudPool(frames),
  z3fold: (frames) => new Z3foldPool(frames, { cpus: 1 }),
  slub: (frames) => new SlubPool(frames, { classBytes: 64, cpus: 4 }),
};

describe.each(Object.entries(POOLS))("%s", (_name, create) => {
  test("holds nothing after a million random steps", () => {
    const frames = new PageFrames({ budgetBytes: 8 << 20 });
    const pool = create(frames);
    const prng = createPrng(99);
    const handles = new Uint32Array(1 << 16);
    const marks = new Uint32Array(handles.length);
    const source = new Uint8Array(PAGE_SIZE);
    const target = new Uint8Array(2 * PAGE_SIZE);
    const words = new DataView(source.buffer);
    let live = 0;
    let growing = true;

    const check = (index: number): void => {
      const handle = handles[index]! as Handle;
      const at = pool.readAround(handle, target);
      const mark = (target[at]! | (target[at + 1]! << 8) | (target[at + 2]! << 16) | (target[at + 3]! << 24)) >>> 0;
      if (mark !== marks[index]!) expect.unreachable("an object holds what was written");
    };
    const free = (index: number): void => {
      check(index);
      pool.free(handles[index]! as Handle);
      live--;
      handles[index] = handles[live]!;
      marks[index] = marks[live]!;
    };

    for (let step = 1; step <= STEPS; step++) {
      const choice = prng.below(100);
      if (choice < (growing ? 60 : 40)) {
        // Mostly like compressed pages, sometimes anything.
        const most = choice % 8 === 0 ? pool.maxSize : 2200;
        const size = MARK_BYTES + prng.below(most - MARK_BYTES + 1);
        const handle = pool.malloc(size);
        if (handle <= NO_HANDLE || live === handles.length) {
          growing = false;
          if (handle > NO_HANDLE) pool.free(handle);
          continue;
        }
        words.setUint32(0, step, true);
        pool.write(handle, source, 0, MARK_BYTES + prng.below(size - MARK_BYTES + 1));
        handles[live] = handle;
        marks[live++] = step;
      } else if (live > 0) {
        free(prng.below(live));
        if (live < 100) growing = true;
      }
      if (step % 10_000 === 0) pool.compact(prng.below(200));
      if (step % 15_000 === 0) frames.compact(prng.below(500));
      if (step % VERIFY_EVERY === 0) {
        pool.verify();
        frames.verify();
        expect(frames.used).toBe(pool.totalFrames());
      }
    }
    while (live > 0) free(live - 1);
    expect(pool.totalFrames()).toBe(0);
    expect(frames.used).toBe(0);
    pool.verify();
    frames.verify();
    pool.destroy();
    expect(frames.chargedBytes).toBe(0);
  });
});
