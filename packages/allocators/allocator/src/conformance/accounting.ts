import assert from "node:assert/strict";
import { PAGE_SIZE } from "@pagetier/base";
import type { Zpool } from "../zpool.js";
import type { ConformanceRunner } from "./runner.js";
import { makeSubject, mixedSizes, storeAll, type ZpoolFactory } from "./subject.js";

function assertStatsAddUp(pool: Zpool): void {
  const { frames, objects, storedBytes, roundingBytes, partialBytes, overheadBytes, metadataBytes, classes } =
    pool.stats();
  assert.equal(frames, pool.totalFrames());
  assert.equal(metadataBytes, pool.metadataBytes());
  assert.equal(storedBytes + roundingBytes + partialBytes + overheadBytes, frames * PAGE_SIZE, "the bytes add up");
  for (const part of [storedBytes, roundingBytes, partialBytes, overheadBytes]) {
    assert.ok(part >= 0, "no part of the frames is negative");
  }
  if (classes.length === 0) return;
  let classObjects = 0;
  let last = 0;
  for (const each of classes) {
    assert.ok(each.size > last, "classes are listed smallest first");
    last = each.size;
    classObjects += each.objects;
    assert.equal(each.fullness.length, 11, "fullness has ten tenths and the full ones");
    assert.equal(
      each.fullness.reduce((sum, groups) => sum + groups, 0),
      each.groups,
      "each group has one fullness",
    );
    assert.ok(each.objects <= each.groups * each.objectsPerGroup, "no class holds more than fits");
  }
  assert.equal(classObjects, objects, "each object belongs to a class");
}

/** What is held is counted and charged, and everything goes back. */
export function accounting({ describe, test }: ConformanceRunner, create: ZpoolFactory): void {
  describe("accounting", () => {
    test("counts the frames it took", () => {
      const { frames, pool } = makeSubject(create);
      assert.equal(pool.totalFrames(), 0, "an empty pool holds no frame");
      const handles = storeAll(pool, mixedSizes(pool, 300));
      assert.equal(pool.totalFrames(), frames.used);
      assert.deepEqual(frames.holders(), { [pool.type]: pool.totalFrames() });
      for (const handle of handles.slice(0, 150)) pool.free(handle);
      assert.equal(pool.totalFrames(), frames.used);
    });

    test("charges its tables", () => {
      const { frames, pool } = makeSubject(create);
      assert.equal(pool.metadataBytes(), frames.chargedBytes, "an empty pool charged what it reports");
      const handles = storeAll(pool, mixedSizes(pool, 2500));
      assert.ok(pool.metadataBytes() >= 4 * handles.length, "a handle leads to its object by way of a table");
      assert.equal(pool.metadataBytes(), frames.chargedBytes, "a full pool charged what it reports");
    });

    test("knows where the bytes of its frames went", () => {
      const { pool } = makeSubject(create);
      assertStatsAddUp(pool);
      const sizes = mixedSizes(pool, 400);
      const handles = storeAll(pool, sizes);
      assertStatsAddUp(pool);
      assert.equal(
        pool.stats().storedBytes,
        sizes.reduce((sum, size) => sum + size, 0),
      );
      for (let index = 0; index < handles.length; index++) if (index % 3 !== 0) pool.free(handles[index]!);
      assertStatsAddUp(pool);
      pool.compact(Number.POSITIVE_INFINITY);
      assertStatsAddUp(pool);
    });

    test("holds no frame once everything is freed", () => {
      const { frames, pool } = makeSubject(create);
      for (const seed of [1, 2, 3]) {
        const handles = storeAll(pool, mixedSizes(pool, 500, seed));
        for (let index = 0; index < handles.length; index += 3) pool.free(handles[index]!);
        pool.compact(3);
        for (let index = 0; index < handles.length; index++) if (index % 3 !== 0) pool.free(handles[index]!);
        assert.equal(pool.totalFrames(), 0);
        assert.equal(frames.used, 0);
        assert.equal(pool.stats().objects, 0);
        assertStatsAddUp(pool);
        pool.verify();
      }
    });

    test("gives everything back when destroyed", () => {
      const { frames, pool } = makeSubject(create);
      storeAll(pool, mixedSizes(pool, 500));
      pool.destroy();
      assert.equal(frames.used, 0, "no frame is held");
      assert.equal(frames.chargedBytes, 0, "nothing is charged");
      frames.verify();
    });

    test("two pools share page frames and keep apart", () => {
      const { frames, pool } = makeSubject(create);
      const other = create(frames);
      const handles = storeAll(pool, mixedSizes(pool, 100));
      storeAll(other, mixedSizes(other, 100, 8));
      assert.equal(pool.totalFrames() + other.totalFrames(), frames.used);
      for (const handle of handles) pool.free(handle);
      assert.equal(other.totalFrames(), frames.used);
      other.verify();
      pool.destroy();
      other.verify();
    });
  });
}
