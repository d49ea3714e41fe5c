import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import { makePage, PAGE_KINDS } from "./pages.js";
import { type FrontswapFactory, Subject } from "./subject.js";

/** What was invalidated misses. */
export function invalidate({ describe, test }: TestRunner, factory: FrontswapFactory): void {
  describe("invalidate", () => {
    test("a page that was invalidated misses", async () => {
      const subject = new Subject(factory);
      for (const [offset, kind] of PAGE_KINDS.entries()) subject.mustStore(0, offset, makePage(kind, offset));
      for (const [offset] of PAGE_KINDS.entries()) {
        subject.backend.invalidatePage(0, offset);
        subject.check();
        assert.equal(subject.backend.currPages(), PAGE_KINDS.length - 1 - offset, "an invalidated page is not counted");
        await subject.expectMiss(0, offset, "an invalidated page misses");
      }
      await subject.end();
    });

    test("invalidating, or marking clean, what is not there does nothing", async () => {
      const subject = new Subject(factory);
      subject.mustStore(0, 1, makePage("compressible", 1));
      subject.backend.invalidatePage(0, 2);
      subject.backend.markClean(0, 2);
      subject.check();
      assert.equal(subject.backend.currPages(), 1, "an unknown slot is a no-op");
      subject.backend.invalidatePage(0, 1);
      subject.backend.invalidatePage(0, 1);
      subject.backend.markClean(0, 1);
      subject.check();
      await subject.expectMiss(0, 1, "it stays invalidated");
      await subject.end();
    });

    test("a slot can be stored again after it was invalidated", async () => {
      const subject = new Subject(factory);
      subject.mustStore(0, 1, makePage("compressible", 1));
      subject.backend.invalidatePage(0, 1);
      subject.mustStore(0, 1, makePage("compressible", 2));
      await subject.expectPage(0, 1, makePage("compressible", 2));
      await subject.end();
    });

    test("invalidating an area drops its pages and no others", async () => {
      const subject = new Subject(factory);
      subject.backend.init(1);
      for (let offset = 0; offset < 3; offset++) {
        subject.mustStore(0, offset, makePage("compressible", offset));
        subject.mustStore(1, offset, makePage("compressible", 10 + offset));
      }
      subject.backend.invalidateArea(1);
      subject.check();
      assert.equal(subject.backend.currPages(), 3, "the area's pages are not counted any more");
      for (let offset = 0; offset < 3; offset++) {
        await subject.expectMiss(1, offset, "a page of an invalidated area misses");
        await subject.expectPage(0, offset, makePage("compressible", offset));
      }
      await subject.end();
    });

    test("an area that is turned on again starts empty", async () => {
      const subject = new Subject(factory);
      subject.mustStore(0, 1, makePage("compressible", 1));
      subject.backend.invalidateArea(0);
      subject.backend.init(0);
      subject.check();
      await subject.expectMiss(0, 1, "a page of the area's former life misses");
      subject.mustStore(0, 1, makePage("compressible", 2));
      await subject.expectPage(0, 1, makePage("compressible", 2));
      await subject.end();
    });

    test("an area that is turned on late takes stores", async () => {
      const subject = new Subject(factory);
      subject.mustStore(0, 1, makePage("compressible", 1));
      subject.backend.init(7);
      subject.mustStore(7, 1, makePage("compressible", 2));
      await subject.expectPage(0, 1, makePage("compressible", 1));
      await subject.expectPage(7, 1, makePage("compressible", 2));
      await subject.end();
    });
  });
}
