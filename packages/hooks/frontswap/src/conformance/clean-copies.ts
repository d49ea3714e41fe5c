import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import { makePage, PAGE_KINDS } from "./pages.js";
import { FILL_PAGES_MAX, type FrontswapFactory, Subject } from "./subject.js";

const FILL_FROM = 1000;
const PAGES = 4;

/** A clean copy may go at any time, an only copy may not. */
export function cleanCopies({ describe, test }: TestRunner, factory: FrontswapFactory): void {
  describe("clean copies", () => {
    test("a clean copy is the page or a miss, never other bytes", async () => {
      const subject = new Subject(factory);
      for (const [offset, kind] of PAGE_KINDS.entries()) {
        if (subject.store(0, offset, makePage(kind, offset), "clean") === "refused") continue;
        await subject.reclaim(1);
        await expectPageOrMiss(subject, offset, makePage(kind, offset));
      }
      await subject.end();
    });

    test("a clean copy that was dropped stays away until the next store", async () => {
      const subject = new Subject(factory);
      for (let offset = 0; offset < PAGES; offset++)
        subject.store(0, offset, makePage("compressible", offset), "clean");
      await subject.reclaim(PAGES);
      subject.fill(0, FILL_FROM);
      for (let offset = 0; offset < PAGES; offset++) {
        if (await expectPageOrMiss(subject, offset, makePage("compressible", offset))) continue;
        for (let index = 0; subject.backend.currPages() > 0 && index < FILL_PAGES_MAX; index++) {
          subject.backend.invalidatePage(0, FILL_FROM + index);
        }
        await subject.turns();
        await subject.expectMiss(0, offset, "a page that missed does not come back");
      }
      await subject.end();
    });

    test("an only copy that was marked clean is the page or a miss", async () => {
      const subject = new Subject(factory);
      for (let offset = 0; offset < PAGES; offset++) {
        subject.mustStore(0, offset, makePage("compressible", offset));
        subject.backend.markClean(0, offset);
        subject.check();
      }
      await subject.reclaim(PAGES);
      subject.fill(0, FILL_FROM);
      for (let offset = 0; offset < PAGES; offset++) {
        await expectPageOrMiss(subject, offset, makePage("compressible", offset));
      }
      await subject.end();
    });

    test("a clean copy needs no write-back", async () => {
      const subject = new Subject(factory);
      for (let offset = 0; offset < PAGES; offset++)
        subject.store(0, offset, makePage("compressible", offset), "clean");
      await subject.reclaim(PAGES);
      assert.equal(subject.writeback.submits, 0, "the device has a clean copy's bytes already");
      await subject.end();
    });

    test("an only copy stays when clean ones need room", async () => {
      const subject = new Subject(factory);
      for (let offset = 0; offset < PAGES; offset++) subject.mustStore(0, offset, makePage("incompressible", offset));
      subject.writeback.pagesFree = 0; // Nothing can be written back.
      for (let round = 0; round < 3; round++) fillALittle(subject, FILL_FROM + 100 * round);
      await subject.reclaim(PAGES);
      for (let offset = 0; offset < PAGES; offset++) {
        await subject.expectPage(0, offset, makePage("incompressible", offset));
      }
      await subject.end();
    });

    test("a store of an only copy over a clean one makes it an only copy", async () => {
      const subject = new Subject(factory);
      subject.store(0, 1, makePage("compressible", 1), "clean");
      subject.mustStore(0, 1, makePage("compressible", 2), "only");
      subject.writeback.pagesFree = 0;
      fillALittle(subject, FILL_FROM);
      await subject.reclaim(PAGES);
      await subject.expectPage(0, 1, makePage("compressible", 2));
      await subject.end();
    });
  });
}

/** A backend that drops clean copies never refuses them, so the number is bounded here. */
function fillALittle(subject: Subject, first: number): void {
  for (let index = 0; index < 64; index++) {
    subject.backend.store(0, first + index, makePage("incompressible", first + index), "clean");
  }
  subject.check();
}

/** @returns whether the page was there */
async function expectPageOrMiss(subject: Subject, offset: number, page: Uint8Array): Promise<boolean> {
  const loaded = await subject.load(0, offset);
  if (loaded.outcome === "miss") return false;
  assert.deepEqual(loaded.page, page, "a clean copy is the page or a miss");
  return true;
}
