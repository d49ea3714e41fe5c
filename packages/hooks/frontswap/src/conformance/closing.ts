import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import { makePage } from "./pages.js";
import { type FrontswapFactory, Subject } from "./subject.js";

/** After `close` no store is taken; what is there can still be loaded and invalidated. */
export function closing({ describe, test }: TestRunner, factory: FrontswapFactory): void {
  describe("closing", () => {
    test("a closed backend refuses stores and goes on loading", async () => {
      const subject = new Subject(factory);
      subject.mustStore(0, 1, makePage("compressible", 1));
      subject.mustStore(0, 2, makePage("compressible", 2));
      await subject.backend.close();
      assert.equal(subject.store(0, 3, makePage("compressible", 3)), "refused", "a closed backend refuses");
      await subject.expectMiss(0, 3, "a refused page misses");
      await subject.expectPage(0, 1, makePage("compressible", 1));
      subject.backend.invalidatePage(0, 2);
      await subject.expectMiss(0, 2, "a closed backend still invalidates");
      await subject.end();
    });

    test("close waits for what was submitted", async () => {
      const subject = new Subject(factory);
      subject.writeback.hold();
      subject.mustStore(0, 1, makePage("incompressible", 1));
      await subject.reclaim(1);
      let closed = false;
      const closing = subject.backend.close().then(() => {
        closed = true;
      });
      await subject.turns();
      if (subject.writeback.inFlight > 0) assert.equal(closed, false, "close waits for what was submitted");
      subject.writeback.resume();
      await closing;
      await subject.end();
    });
  });
}
