import assert from "node:assert/strict";
import { PAGE_SIZE } from "@pagetier/base";
import { type Handle, NO_HANDLE, TOO_LARGE } from "../zpool.js";
import type { ConformanceRunner } from "./runner.js";
import {
  assertHolds,
  bytesOf,
  fillUp,
  makeSubject,
  mustMalloc,
  sampleSizes,
  storeAll,
  type ZpoolFactory,
} from "./subject.js";

const UNIT = 2 ** 32;

/** Which sizes are taken, what a handle is, and that a refusal changes nothing. */
export function allocation({ describe, test }: ConformanceRunner, create: ZpoolFactory): void {
  describe("allocation", () => {
    test("the type is a name that recipes can write", () => {
      assert.match(makeSubject(create).pool.type, /^[a-z0-9][a-z0-9-]*$/);
    });

    test("takes every size up to maxSize and remembers it exactly", () => {
      const { pool } = makeSubject(create);
      assert.ok(pool.maxSize >= 1 && pool.maxSize <= PAGE_SIZE, "maxSize is 1 to PAGE_SIZE");
      for (const size of sampleSizes(pool)) assert.equal(pool.sizeOf(mustMalloc(pool, size)), size);
      pool.verify();
    });

    test("says TOO_LARGE of sizes that never fit, and changes nothing", () => {
      const { pool } = makeSubject(create);
      mustMalloc(pool, 100);
      const before = [pool.totalFrames(), pool.metadataBytes()];
      for (let size = pool.maxSize + 1; size <= PAGE_SIZE; size++) assert.equal(pool.malloc(size), TOO_LARGE);
      assert.deepEqual([pool.totalFrames(), pool.metadataBytes()], before);
      assert.equal(pool.stats().objects, 1);
      pool.verify();
    });

    test("refuses sizes that are none by an assertion", () => {
      const { pool } = makeSubject(create);
      for (const size of [0, -1, PAGE_SIZE + 1, 1.5, Number.NaN]) {
        assert.throws(() => pool.malloc(size), { name: "AssertionError" });
      }
      pool.verify();
    });

    test("issues a live handle once, a positive integer below 2^32", () => {
      const { pool } = makeSubject(create);
      const live = new Set<Handle>();
      for (let round = 0; round < 300; round++) {
        const handle = mustMalloc(pool, 1 + ((round * 37) % pool.maxSize));
        assert.ok(Number.isInteger(handle) && handle > 0 && handle < UNIT, "a handle is a positive integer below 2^32");
        assert.ok(!live.has(handle), "a live handle is never issued twice");
        live.add(handle);
        if (round % 3 === 2) {
          const [oldest] = live;
          pool.free(oldest!);
          live.delete(oldest!);
        }
      }
      assert.equal(pool.stats().objects, live.size);
      pool.verify();
    });

    test("10.4-c notices the use of a dead handle", () => {
      const { pool } = makeSubject(create);
      mustMalloc(pool, 200);
      const dead = mustMalloc(pool, 200);
      pool.free(dead);
      assert.throws(() => pool.free(dead), { name: "AssertionError" });
      assert.throws(() => pool.sizeOf(dead), { name: "AssertionError" });
      assert.throws(() => pool.read(dead, new Uint8Array(PAGE_SIZE), 0), { name: "AssertionError" });
      pool.verify();
    });

    test("answers NO_HANDLE when no frame can be had, changes nothing, and goes on once something was freed", () => {
      for (const size of [60, 700, 1400, 2000, 2720, 3000].filter((each) => each <= makeSubject(create).pool.maxSize)) {
        const { frames, pool } = makeSubject(create, 1);
        const first = storeAll(pool, [size])[0]!;
        const handles = fillUp(pool, size);
        const before = [pool.totalFrames(), pool.metadataBytes(), frames.usedBytes];
        for (let again = 0; again < 20; again++) assert.equal(pool.malloc(size), NO_HANDLE);
        assert.deepEqual(
          [pool.totalFrames(), pool.metadataBytes(), frames.usedBytes],
          before,
          "a refusal takes nothing",
        );
        assert.equal(pool.stats().objects, handles.length + 1);
        assertHolds(pool, first, bytesOf(1, size));
        for (const handle of handles) pool.free(handle);
        mustMalloc(pool, size);
        pool.verify();
        frames.verify();
      }
    });

    test("leaves the write-back reserve alone, and may go where resident pages may not", () => {
      const { frames, pool } = makeSubject(create, 8);
      const user = frames.register({ name: "user" });
      while (frames.take("user", user) !== 0);
      mustMalloc(pool, Math.min(3000, pool.maxSize));
      fillUp(pool, Math.min(3000, pool.maxSize));
      assert.ok(frames.available("writeback") >= frames.reserveFrames, "the reserve is still there");
      assert.ok(frames.available("reclaim") < 16, "the pool took what reclaim may take");
    });
  });
}
