import assert from "node:assert/strict";
import { type Group, type Handle, NO_GROUP, type Zpool } from "../zpool.js";
import type { ConformanceRunner } from "./runner.js";
import { makeSubject, mixedSizes, storeAll, type ZpoolFactory } from "./subject.js";

const ROOM = new Uint32Array(1024);

function handlesOf(pool: Zpool, group: Group): Handle[] {
  const count = pool.groupHandles(group, ROOM);
  return Array.from(ROOM.subarray(0, count)) as Handle[];
}

/** Groups are what must be freed together to get frames back. */
export function groups({ describe, test }: ConformanceRunner, create: ZpoolFactory): void {
  describe("groups", () => {
    test("hold every object once, and every frame", () => {
      const { pool } = makeSubject(create);
      const handles = storeAll(pool, mixedSizes(pool, 400));
      for (let index = 0; index < handles.length; index += 4) pool.free(handles[index]!);
      const live = handles.filter((_, index) => index % 4 !== 0);
      const members = new Set<number>();
      let frames = 0;
      for (const group of new Set(live.map((handle) => pool.groupOf(handle)))) {
        assert.ok(Number.isInteger(group) && group > NO_GROUP, "a group is a positive integer");
        frames += pool.groupFrames(group);
        for (const handle of handlesOf(pool, group)) {
          assert.ok(!members.has(handle), "an object is in one group");
          members.add(handle);
          assert.equal(pool.groupOf(handle), group, "groupOf and groupHandles agree");
        }
      }
      assert.deepEqual([...members].sort(), [...live].sort(), "each live object is in a group");
      assert.equal(frames, pool.totalFrames(), "each frame belongs to a group");
    });

    test("give back their frames when all their objects are freed", () => {
      const { pool } = makeSubject(create);
      const handles = storeAll(pool, mixedSizes(pool, 200));
      const left = new Set(handles);
      for (const handle of handles) {
        if (!left.has(handle)) continue;
        const group = pool.groupOf(handle);
        const promised = pool.groupFrames(group);
        assert.ok(promised > 0, "a group that lives has frames");
        const before = pool.totalFrames();
        for (const member of handlesOf(pool, group)) {
          assert.equal(pool.totalFrames(), before, "a group keeps its frames until its last object is freed");
          pool.free(member);
          left.delete(member);
        }
        assert.equal(pool.totalFrames(), before - promised, "freeing a group returns the frames it promised");
        assert.equal(pool.groupFrames(group), 0, "a group that no longer lives has no frames");
        assert.equal(pool.groupHandles(group, ROOM), 0, "a group that no longer lives has no objects");
      }
      pool.verify();
    });

    test("are listed as far as there is room, and counted beyond", () => {
      const { pool } = makeSubject(create);
      const handles = storeAll(pool, new Array<number>(40).fill(50));
      const group = pool.groupOf(handles[0]!);
      const all = handlesOf(pool, group);
      const guarded = new Uint32Array(all.length + 2).fill(0xffffffff);
      assert.equal(pool.groupHandles(group, guarded.subarray(0, all.length - 1)), all.length);
      assert.deepEqual(Array.from(guarded.subarray(all.length - 1)), [0xffffffff, 0xffffffff, 0xffffffff]);
      assert.equal(pool.groupHandles(group, new Uint32Array(0)), all.length);
    });

    test("that never lived have neither frames nor objects", () => {
      const { pool } = makeSubject(create);
      storeAll(pool, [100, 2000]);
      for (const group of [NO_GROUP, 12_345_678 as Group]) {
        assert.equal(pool.groupFrames(group), 0);
        assert.equal(pool.groupHandles(group, ROOM), 0);
      }
    });
  });
}
