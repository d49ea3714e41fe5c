import assert from "node:assert/strict";
import { createPrng } from "@pagetier/base";
import type { Handle, Zpool } from "../zpool.js";
import type { ConformanceRunner } from "./runner.js";
import { assertHolds, bytesOf, makeSubject, mixedSizes, storeAll, type ZpoolFactory } from "./subject.js";

/** Objects in frames three quarters of which are free room, with the bytes they hold. */
function scatter(pool: Zpool, count: number): Map<Handle, Uint8Array> {
  const prng = createPrng(11);
  const sizes = mixedSizes(pool, count);
  const left = new Map<Handle, Uint8Array>();
  for (const [index, handle] of storeAll(pool, sizes).entries()) {
    if (prng.below(4) === 0) left.set(handle, bytesOf(1 + index, sizes[index]!));
    else pool.free(handle);
  }
  return left;
}

/** Compaction, and moving frames for the sake of the page frames. */
export function moving({ describe, test }: ConformanceRunner, create: ZpoolFactory): void {
  describe("moving", () => {
    test("compaction answers the frames it freed and loses no byte", () => {
      const { frames, pool } = makeSubject(create);
      const left = scatter(pool, 1200);
      const before = pool.totalFrames();
      const freed = pool.compact(Number.POSITIVE_INFINITY);
      assert.ok(Number.isInteger(freed) && freed >= 0, "compact answers a number of frames");
      assert.equal(pool.totalFrames(), before - freed, "compact freed what it says");
      assert.equal(frames.used, pool.totalFrames());
      pool.verify();
      for (const [handle, bytes] of left) assertHolds(pool, handle, bytes);
    });

    test("compaction within a budget stops when it is spent", () => {
      const { pool } = makeSubject(create);
      const left = scatter(pool, 1200);
      const all = left.keys();
      assert.equal(pool.compact(0), 0, "no budget, no frame");
      let groupFramesMost = 0;
      for (const handle of all) groupFramesMost = Math.max(groupFramesMost, pool.groupFrames(pool.groupOf(handle)));
      for (let round = 0; round < 2000; round++) {
        const freed = pool.compact(1);
        assert.ok(freed <= groupFramesMost, "compact stops with the group that spends its budget");
        pool.verify();
        if (freed === 0) break;
      }
      assert.equal(pool.compact(Number.POSITIVE_INFINITY), 0, "small steps lead as far as a large one");
      for (const [handle, bytes] of left) assertHolds(pool, handle, bytes);
    });

    test("frames can be moved below the pool", () => {
      const { frames, pool } = makeSubject(create, 64);
      const other = frames.register({ name: "other" });
      const low = Array.from({ length: 2000 }, () => frames.take("user", other));
      const left = scatter(pool, 2000);
      for (const frame of low) frames.give(frame);
      frames.compact(Number.POSITIVE_INFINITY);
      frames.verify();
      pool.verify();
      for (const [handle, bytes] of left) assertHolds(pool, handle, bytes);
      for (const handle of left.keys()) pool.free(handle);
      assert.equal(frames.used, 0);
    });
  });
}
