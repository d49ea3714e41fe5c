import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import { makePage } from "./pages.js";
import { FILL_PAGES_MAX, type FrontswapFactory, Subject } from "./subject.js";

const REWRITTEN = 4;
const FILL_FROM = 1000;

/** A backend may say no at any time, and then it has nothing. */
export function refusal({ describe, test }: TestRunner, factory: FrontswapFactory): void {
  describe("refusal", () => {
    test("refuses when it is full, and keeps what it said yes to", async () => {
      const subject = new Subject(factory);
      subject.writeback.pagesFree = 0; // Nothing leaves by write-back.
      const stored = subject.fill(0, FILL_FROM);
      assert.ok(stored < FILL_PAGES_MAX, "the factory makes a backend that refuses within 4096 incompressible pages");
      assert.ok(stored >= 8, "the factory makes a backend with room for 8 pages");
      assert.equal(subject.backend.currPages(), stored, "currPages counts what was said yes to");
      await subject.expectMiss(0, FILL_FROM + stored, "a refused page misses");
      for (let index = 0; index < stored; index++) {
        await subject.expectPage(0, FILL_FROM + index, makePage("incompressible", FILL_FROM + index));
      }
      await subject.end();
    });

    test("10.1-a a refused store leaves no older copy, with a full pool", async () => {
      const subject = new Subject(factory);
      subject.writeback.pagesFree = 0;
      for (let offset = 0; offset < REWRITTEN; offset++) subject.mustStore(0, offset, makePage("compressible", offset));
      subject.fill(0, FILL_FROM);
      for (let offset = 0; offset < REWRITTEN; offset++) {
        const second = makePage("incompressible", offset);
        if (subject.store(0, offset, second) === "stored") await subject.expectPage(0, offset, second);
        else await subject.expectMiss(0, offset, "a refused store leaves no older copy");
      }
      await subject.end();
    });

    test("10.1-a a refused store leaves no older copy, with a closed backend", async () => {
      const subject = new Subject(factory);
      subject.mustStore(0, 1, makePage("compressible", 1));
      await subject.backend.close();
      assert.equal(subject.store(0, 1, makePage("compressible", 2)), "refused", "a closed backend refuses");
      await subject.expectMiss(0, 1, "a refused store leaves no older copy");
      await subject.end();
    });

    test("a page that leaves a full pool makes room", async () => {
      const subject = new Subject(factory);
      const stored = subject.fill(0, FILL_FROM);
      for (let index = 0; index < stored; index++) subject.backend.invalidatePage(0, FILL_FROM + index);
      subject.check();
      assert.equal(subject.backend.currPages(), 0, "nothing is held once everything is invalidated");
      subject.mustStore(0, 1, makePage("incompressible", 1));
      await subject.expectPage(0, 1, makePage("incompressible", 1));
      await subject.end();
    });
  });
}
