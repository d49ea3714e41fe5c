import assert from "node:assert/strict";
import { TierError } from "@pagetier/base";
import type { TestRunner } from "@pagetier/base/testing";
import { makePage, untouchedPage } from "./pages.js";
import { type FrontswapFactory, Subject } from "./subject.js";

/** What cannot be given back is an error, never a miss: after a miss the device is read, and it holds older bytes. */
export function losses({ describe, test }: TestRunner, factory: FrontswapFactory): void {
  describe("losses", () => {
    test("10.1-c a damaged page is FRONTSWAP_LOST, again and again, never a miss", async () => {
      const subject = new Subject(factory);
      if (subject.candidate.corrupt === undefined) return subject.end();
      subject.mustStore(0, 1, makePage("incompressible", 1));
      subject.mustStore(0, 2, makePage("incompressible", 2));
      subject.candidate.corrupt(0, 1);
      for (let attempt = 0; attempt < 2; attempt++) await expectLost(subject, 1);
      await subject.expectPage(0, 2, makePage("incompressible", 2));
      await subject.end();
    });

    test("a damaged page that was invalidated misses, and its slot can be stored again", async () => {
      const subject = new Subject(factory);
      if (subject.candidate.corrupt === undefined) return subject.end();
      subject.mustStore(0, 1, makePage("incompressible", 1));
      subject.candidate.corrupt(0, 1);
      subject.backend.invalidatePage(0, 1);
      await subject.expectMiss(0, 1, "an invalidated page misses");
      subject.mustStore(0, 1, makePage("incompressible", 2));
      await subject.expectPage(0, 1, makePage("incompressible", 2));
      await subject.end();
    });

    test("10.2-d a damaged page is not written back", async () => {
      const subject = new Subject(factory);
      if (subject.candidate.corrupt === undefined) return subject.end();
      subject.mustStore(0, 1, makePage("incompressible", 1));
      subject.candidate.corrupt(0, 1);
      await subject.reclaim(8);
      await subject.writeback.flush();
      assert.equal(subject.writeback.submits, 0, "a page that cannot be decompressed is released, not submitted");
      await expectLost(subject, 1);
      await subject.end();
    });
  });
}

async function expectLost(subject: Subject, offset: number): Promise<void> {
  const into = untouchedPage();
  const attempt = async () => {
    const outcome = subject.backend.load(0, offset, into);
    return outcome === "remote" ? subject.backend.fetch(0, offset, into) : outcome;
  };
  await assert.rejects(attempt, (error) => TierError.is(error, "FRONTSWAP_LOST"), "a damaged page is FRONTSWAP_LOST");
  subject.check();
}
