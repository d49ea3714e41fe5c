import assert from "node:assert/strict";
import { PAGE_SIZE } from "@pagetier/base";
import type { ConformanceRunner } from "./runner.js";
import {
  assertHolds,
  bytesOf,
  makeSubject,
  mixedSizes,
  mustMalloc,
  sampleSizes,
  storeAll,
  type ZpoolFactory,
} from "./subject.js";

/** Bytes come back whole, whatever lies beside them. */
export function bytes({ describe, test }: ConformanceRunner, create: ZpoolFactory): void {
  describe("bytes", () => {
    test("of every size come back", () => {
      const { pool } = makeSubject(create);
      for (const size of sampleSizes(pool)) {
        const handles = storeAll(pool, [size, size, size, size, size]);
        for (const [index, handle] of handles.entries()) assertHolds(pool, handle, bytesOf(1 + index, size));
      }
    });

    test("of many objects come back after neighbours were written and freed", () => {
      const { pool } = makeSubject(create);
      const sizes = mixedSizes(pool, 600);
      const handles = storeAll(pool, sizes);
      for (let index = 0; index < handles.length; index += 2) pool.free(handles[index]!);
      storeAll(pool, sizes.slice(0, 200), 10_000);
      for (let index = 1; index < handles.length; index += 2) {
        assertHolds(pool, handles[index]!, bytesOf(1 + index, sizes[index]!));
      }
    });

    test("written from one buffer again and again come back, in every size", () => {
      const { pool } = makeSubject(create);
      const source = new Uint8Array(PAGE_SIZE);
      const sizes = [...sampleSizes(pool), ...mixedSizes(pool, 300)];
      const handles = sizes.map((size, index) => {
        const handle = mustMalloc(pool, size);
        source.set(bytesOf(1 + index, PAGE_SIZE)); // Other bytes follow the range.
        pool.write(handle, source, 0, size);
        return handle;
      });
      for (const [index, handle] of handles.entries()) {
        assertHolds(pool, handle, bytesOf(1 + index, PAGE_SIZE).subarray(0, sizes[index]!));
      }
    });

    test("are taken from where the range starts", () => {
      const { pool } = makeSubject(create);
      const source = bytesOf(3, 2 * PAGE_SIZE);
      for (const size of sampleSizes(pool)) {
        for (const start of [1, 16, 1000, source.length - size]) {
          const handle = mustMalloc(pool, size);
          pool.write(handle, source, start, size);
          assertHolds(pool, handle, source.subarray(start, start + size));
          pool.free(handle);
        }
      }
    });

    test("come from many buffers in turn", () => {
      const { pool } = makeSubject(create);
      const sources = Array.from({ length: 12 }, (_, index) => bytesOf(100 + index, PAGE_SIZE));
      for (const [round, size] of mixedSizes(pool, 400).entries()) {
        const source = sources[(round * 5 + (round >>> 3)) % sources.length]!;
        const handle = mustMalloc(pool, size);
        pool.write(handle, source, 0, size);
        assertHolds(pool, handle, source.subarray(0, size));
        if (round % 2 === 0) pool.free(handle);
      }
      pool.verify();
    });

    test("can be overwritten in part, from the object's start", () => {
      const { pool } = makeSubject(create);
      for (const size of [10, 300, 1400, 2720, 3600].filter((each) => each <= pool.maxSize)) {
        const [before, handle, after] = storeAll(pool, [size, size, size]);
        const part = bytesOf(99, Math.floor(size / 2));
        pool.write(handle!, part, 0, part.length);
        const target = new Uint8Array(size);
        pool.read(handle!, target, 0);
        assert.ok(
          Buffer.compare(target.subarray(0, part.length), part) === 0,
          "the object begins with what was written",
        );
        assertHolds(pool, before!, bytesOf(1, size));
        assertHolds(pool, after!, bytesOf(3, size));
      }
    });

    test("are only read from the source", () => {
      const { pool } = makeSubject(create);
      const source = bytesOf(5, PAGE_SIZE);
      for (const size of sampleSizes(pool)) pool.write(mustMalloc(pool, size), source, 0, size);
      assert.ok(Buffer.compare(source, bytesOf(5, PAGE_SIZE)) === 0, "the source is as it was");
    });

    test("outside the source, the object or the target are refused by an assertion", () => {
      const { pool } = makeSubject(create);
      const [handle, neighbour] = storeAll(pool, [100, 100]);
      const source = new Uint8Array(200);
      assert.throws(() => pool.write(handle!, source, 0, 101), { name: "AssertionError" });
      assert.throws(() => pool.write(handle!, source, 101, 100), { name: "AssertionError" });
      assert.throws(() => pool.write(handle!, source, -1, 50), { name: "AssertionError" });
      assert.throws(() => pool.write(handle!, source, 0, 0), { name: "AssertionError" });
      assert.throws(() => pool.read(handle!, new Uint8Array(150), 51), { name: "AssertionError" });
      assert.throws(() => pool.readAround(handle!, new Uint8Array(PAGE_SIZE)), { name: "AssertionError" });
      assertHolds(pool, handle!, bytesOf(1, 100));
      assertHolds(pool, neighbour!, bytesOf(2, 100));
    });
  });
}
