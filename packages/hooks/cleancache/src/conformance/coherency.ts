import type { TestRunner } from "@pagetier/base/testing";
import { type CleancacheFactory, Subject } from "./subject.js";

const INDEX_MAX = 2 ** 32 - 1;

/** Never bytes older than the last put or invalidate, whatever the backend keeps. */
export function coherency({ describe, test }: TestRunner, factory: CleancacheFactory): void {
  const check = (name: string, body: (subject: Subject) => Promise<void>): void =>
    test(name, async () => {
      const subject = new Subject(factory);
      await body(subject);
      await subject.end();
    });

  describe("coherency", () => {
    check("gives back what was put", async (subject) => {
      for (let index = 0; index < 4; index++) subject.put(1, index, index);
      for (let index = 0; index < 4; index++) await subject.expectPage(1, index, index);
    });

    check("misses what was never put", async (subject) => {
      subject.put(1, 0, 1);
      await subject.expectMiss(1, 1, "another index");
      await subject.expectMiss(2, 0, "another file");
    });

    check("10.1-h put, put, get: never the first bytes", async (subject) => {
      subject.put(1, 0, 1);
      subject.put(1, 0, 2);
      await subject.expectPage(1, 0, 2);
    });

    check("10.1-g a put that is not kept drops the older copy", async (subject) => {
      subject.put(1, 0, 1);
      subject.put(1, 0, 2, { wasActive: false });
      await subject.expectPageOrMiss(1, 0, 2);
    });

    check("10.1-h get, get: after a miss only misses until the next put", async (subject) => {
      for (let index = 0; index < 8; index++) subject.put(1, index, index);
      await subject.reclaim(4);
      const missed: number[] = [];
      for (let index = 0; index < 8; index++) {
        if (!(await subject.expectPageOrMiss(1, index, index))) missed.push(index);
      }
      for (const index of missed) await subject.expectMiss(1, index, "a miss stays a miss");
      subject.put(1, 0, 100);
      await subject.expectPage(1, 0, 100);
    });

    check("10.1-h put, invalidate, get: a miss", async (subject) => {
      for (let index = 0; index < 3; index++) subject.put(1, index, index);
      subject.backend.invalidatePage(subject.pool, 1, 1);
      await subject.expectMiss(1, 1, "the page was invalidated");
      await subject.expectPage(1, 0, 0);
      await subject.expectPage(1, 2, 2);
    });

    check("put, invalidate the file, get: a miss, for this file only", async (subject) => {
      for (const file of [1, 2]) for (const index of [0, 1, 70_000]) subject.put(file, index, 10 * file + (index & 3));
      subject.backend.invalidateInode(subject.pool, 1);
      subject.check();
      for (const index of [0, 1, 70_000]) await subject.expectMiss(1, index, "the file was invalidated");
      for (const index of [0, 1, 70_000]) await subject.expectPage(2, index, 20 + (index & 3));
    });

    check("invalidating what is not there does nothing", async (subject) => {
      subject.put(1, 0, 1);
      subject.backend.invalidatePage(subject.pool, 1, 9);
      subject.backend.invalidatePage(subject.pool, 9, 0);
      subject.backend.invalidateInode(subject.pool, 9);
      subject.check();
      await subject.expectPage(1, 0, 1);
    });

    check("a get takes the page out of a private pool", async (subject) => {
      subject.put(1, 0, 1);
      await subject.expectPage(1, 0, 1);
      await subject.expectMiss(1, 0, "the page cache has the page now");
      subject.put(1, 0, 2);
      await subject.expectPage(1, 0, 2);
    });

    check("keeps the edges of the key apart", async (subject) => {
      const files = [0, 2 ** 32, 2 ** 53 - 1];
      const indexes = [0, INDEX_MAX];
      for (const [f, file] of files.entries())
        for (const [i, index] of indexes.entries()) subject.put(file, index, 2 * f + i);
      for (const [f, file] of files.entries()) {
        for (const [i, index] of indexes.entries()) await subject.expectPage(file, index, 2 * f + i);
      }
    });

    check("10.1-k an index beyond 32 bits is refused, not taken for another", async (subject) => {
      subject.put(1, 5, 1);
      subject.put(1, 5 + 2 ** 32, 2);
      await subject.expectMiss(1, 5 + 2 ** 32, "a key that cannot be named is not kept");
      subject.backend.invalidatePage(subject.pool, 1, 5 + 2 ** 32);
      subject.check();
      await subject.expectPage(1, 5, 1);
    });
  });
}
