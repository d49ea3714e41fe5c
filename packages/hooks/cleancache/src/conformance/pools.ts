import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import { NO_POOL } from "../cleancache.js";
import { type CleancacheFactory, Subject } from "./subject.js";

const UUID = "00112233445566778899aabbccddeeff";
const OTHER_UUID = "ffeeddccbbaa99887766554433221100";

/** Pools are apart, and end with their file system. A backend without shared pools answers `NO_POOL` for them. */
export function pools({ describe, test }: TestRunner, factory: CleancacheFactory): void {
  describe("pools", () => {
    test("live pools have different ids and keep their pages apart", async () => {
      const subject = new Subject(factory);
      const other = subject.mount();
      assert.notEqual(other, subject.pool, "two live pools have two ids");
      subject.put(1, 0, 1);
      subject.put(1, 0, 2, { pool: other });
      subject.backend.invalidateInode(other, 1);
      await subject.expectMiss(1, 0, "the other pool's file was invalidated", other);
      await subject.expectPage(1, 0, 1);
      await subject.end();
    });

    test("an unmounted file system's pages are gone, the others' are not", async () => {
      const subject = new Subject(factory);
      const other = subject.mount();
      subject.put(1, 0, 1);
      subject.put(1, 0, 2, { pool: other });
      subject.backend.invalidateFs(other);
      subject.check();
      await subject.expectPage(1, 0, 1);
      await subject.end();
    });

    test("10.1-j a pool id that is used again starts empty", async () => {
      const subject = new Subject(factory);
      for (let round = 0; round < 40; round++) {
        const pool = subject.mount();
        await subject.expectMiss(1, 0, "a new pool is empty", pool);
        subject.put(1, 0, round, { pool });
        subject.backend.invalidateFs(pool);
        subject.check();
      }
      await subject.end();
    });

    test("says so when there is no room for another pool", async () => {
      const subject = new Subject(factory);
      subject.put(1, 0, 1);
      const ids = new Set([subject.pool]);
      for (let count = 0; count < 300; count++) {
        const pool = subject.backend.initFs();
        if (pool === NO_POOL) break;
        assert.ok(!ids.has(pool), "a live pool's id is not given out again");
        ids.add(pool);
      }
      subject.check();
      await subject.expectPage(1, 0, 1);
      await subject.end();
    });

    test("a shared pool is one for all who name its uuid", async () => {
      const subject = new Subject(factory);
      const one = subject.backend.initSharedFs(UUID);
      if (one === NO_POOL) return subject.end();
      const two = subject.backend.initSharedFs(UUID);
      const other = subject.backend.initSharedFs(OTHER_UUID);
      subject.put(1, 0, 1, { pool: one });
      await subject.expectMiss(1, 0, "another uuid is another pool", other);
      await subject.expectMiss(1, 0, "a private pool is another pool");
      await subject.expectPage(1, 0, 1, two);
      subject.backend.invalidatePage(two, 1, 0);
      await subject.expectMiss(1, 0, "what one invalidates, all miss", one);
      await subject.end();
    });

    test("a get leaves the page in a shared pool", async () => {
      const subject = new Subject(factory);
      const pool = subject.backend.initSharedFs(UUID);
      if (pool === NO_POOL) return subject.end();
      subject.put(1, 0, 1, { pool });
      for (let count = 0; count < 3; count++) await subject.expectPage(1, 0, 1, pool);
      await subject.end();
    });
  });
}
