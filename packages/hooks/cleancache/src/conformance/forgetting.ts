import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import { makePage, untouchedPage } from "./pages.js";
import { type CleancacheFactory, Subject } from "./subject.js";

/** Pressure, and pages that went to another machine. */
export function forgetting({ describe, test }: TestRunner, factory: CleancacheFactory): void {
  /** One page that pressure was asked to move out. */
  const movedOut = async (): Promise<Subject> => {
    const subject = new Subject(factory);
    subject.put(1, 0, 1);
    await subject.reclaim(1);
    return subject;
  };
  const fetchAfter = async (
    meanwhile: (subject: Subject) => void,
  ): Promise<{ fetched: string; page: Uint8Array } | undefined> => {
    const subject = await movedOut();
    const page = untouchedPage();
    if (subject.backend.getPage(subject.pool, 1, 0, page) !== "remote") {
      await subject.end();
      return undefined;
    }
    const fetch = subject.backend.fetch(subject.pool, 1, 0, page);
    meanwhile(subject);
    const fetched = await fetch;
    await subject.end();
    return { fetched, page };
  };

  describe("forgetting", () => {
    test("takes any number of puts, and gives the right bytes or a miss", async () => {
      const subject = new Subject(factory);
      for (let index = 0; index < 500; index++) subject.backend.putPage(subject.pool, 1, index, makePage(index), true);
      subject.check();
      for (let index = 0; index < 500; index++) await subject.expectPageOrMiss(1, index, index);
      await subject.end();
    });

    test("under pressure a page is the right bytes or a miss", async () => {
      const subject = new Subject(factory);
      for (let index = 0; index < 8; index++) subject.put(1, index, index);
      for (let index = 0; index < 8; index++) {
        await subject.reclaim(1);
        await subject.expectPageOrMiss(1, index, index);
      }
      await subject.end();
    });

    test("a fetch of what is not there misses", async () => {
      const subject = new Subject(factory);
      assert.equal(await subject.backend.fetch(subject.pool, 1, 0, untouchedPage()), "miss", "nothing was put");
      await subject.end();
    });

    test("a fetch misses when its page was invalidated meanwhile", async () => {
      const invalidations: ((subject: Subject) => void)[] = [
        ({ backend, pool }) => backend.invalidatePage(pool, 1, 0),
        ({ backend, pool }) => backend.invalidateInode(pool, 1),
        ({ backend, pool }) => backend.invalidateFs(pool),
      ];
      for (const invalidate of invalidations) {
        const result = await fetchAfter(invalidate);
        if (result !== undefined)
          assert.equal(result.fetched, "miss", "the page was invalidated while the fetch waited");
      }
    });

    test("a fetch never gives bytes older than a put meanwhile", async () => {
      const result = await fetchAfter((subject) => subject.put(1, 0, 2));
      if (result?.fetched === "hit") assert.deepEqual(result.page, makePage(2), "the bytes last put, or a miss");
    });

    test("10.1-i a page that another machine kept does not come back after a miss", async () => {
      const subject = await movedOut();
      const there = await subject.expectPageOrMiss(1, 0, 1);
      await subject.reclaim(1);
      await subject.expectMiss(1, 0, there ? "the page cache has the page now" : "a miss stays a miss");
      await subject.end();
    });
  });
}
