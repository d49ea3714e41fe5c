import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import { makePage, PAGE_KINDS, untouchedPage } from "./pages.js";
import { type FrontswapFactory, Subject, sameBytes } from "./subject.js";

/** What is stored comes back, and nothing else does. */
export function storeAndLoad({ describe, test }: TestRunner, factory: FrontswapFactory): void {
  describe("store and load", () => {
    for (const kind of PAGE_KINDS) {
      test(`gives back a page that is ${kind}`, async () => {
        const subject = new Subject(factory);
        subject.mustStore(0, 1, makePage(kind, 1));
        await subject.expectPage(0, 1, makePage(kind, 1));
        await subject.end();
      });
    }

    test("keeps its own copy of the bytes", async () => {
      const subject = new Subject(factory);
      const page = makePage("compressible", 1);
      subject.mustStore(0, 1, page);
      page.fill(0xee);
      await subject.expectPage(0, 1, makePage("compressible", 1));
      await subject.end();
    });

    test("keeps slots and areas apart, the highest slot among them", async () => {
      const subject = new Subject(factory);
      subject.backend.init(31);
      const keys = [0, 31].flatMap((type) => [0, 1, 2, 255, 2 ** 26 - 1].map((offset) => [type, offset] as const));
      const stored = keys.map(([type, offset], seed) => subject.store(type, offset, makePage("compressible", seed)));
      for (const [seed, [type, offset]] of keys.entries()) {
        if (stored[seed] === "stored") await subject.expectPage(type, offset, makePage("compressible", seed));
        else await subject.expectMiss(type, offset, "a refused page misses");
      }
      await subject.end();
    });

    test("a load of a slot never stored misses", async () => {
      const subject = new Subject(factory);
      await subject.expectMiss(0, 1, "nothing was stored");
      subject.mustStore(0, 1, makePage("compressible", 1));
      await subject.expectMiss(0, 2, "another slot was stored");
      assert.equal(await subject.backend.fetch(0, 2, untouchedPage()), "miss", "a fetch of it misses too");
      await subject.end();
    });

    test("a second store of a slot replaces the first", async () => {
      const subject = new Subject(factory);
      for (const first of PAGE_KINDS) {
        for (const second of PAGE_KINDS) {
          subject.mustStore(0, 1, makePage(first, 1));
          const before = subject.backend.currPages();
          subject.mustStore(0, 1, makePage(second, 2));
          assert.equal(subject.backend.currPages(), before, "a duplicate is not counted twice");
          await subject.expectPage(0, 1, makePage(second, 2));
        }
      }
      await subject.end();
    });

    test("after a hit the copy is there, after an exclusive hit it is gone", async () => {
      const subject = new Subject(factory);
      for (const [offset, kind] of PAGE_KINDS.entries()) {
        subject.mustStore(0, offset, makePage(kind, 1));
        const before = subject.backend.currPages();
        const taken = await subject.expectPage(0, offset, makePage(kind, 1));
        assert.equal(
          subject.backend.currPages(),
          taken ? before - 1 : before,
          "only an exclusive load takes a page out",
        );
        if (taken) await subject.expectMiss(0, offset, "a page that was taken exclusively is gone");
        else await subject.expectPage(0, offset, makePage(kind, 1));
      }
      await subject.end();
    });

    test("a fetch of a page gives its bytes, wherever it lies", async () => {
      const subject = new Subject(factory);
      subject.mustStore(0, 1, makePage("compressible", 1));
      const into = untouchedPage();
      assert.notEqual(await subject.backend.fetch(0, 1, into), "miss", "a stored page can be fetched");
      assert.ok(sameBytes(into, makePage("compressible", 1)), "a fetch gives back the bytes last stored");
      subject.check();
      await subject.end();
    });

    test("tells where a page lies without changing anything", async () => {
      const subject = new Subject(factory);
      subject.mustStore(0, 1, makePage("compressible", 1));
      const bytes = subject.backend.storedBytes(0, 1);
      assert.ok(Number.isInteger(bytes) && bytes >= -1, "bytes in the pool, or -1");
      assert.equal(subject.backend.storedBytes(0, 1), bytes, "asking changes nothing");
      assert.equal(subject.backend.storedBytes(0, 2), -1, "a page that was not stored lies nowhere");
      await subject.expectPage(0, 1, makePage("compressible", 1));
      await subject.end();
    });
  });
}
