import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import { makePage, untouchedPage } from "./pages.js";
import { type FrontswapFactory, Subject, sameBytes } from "./subject.js";

/** Pages on another machine. A backend that never lends pages out passes by answering each load itself. */
export function remotePages({ describe, test }: TestRunner, factory: FrontswapFactory): void {
  describe("remote pages", () => {
    test("a page that went away can be fetched, or is loaded like any other", async () => {
      const subject = await withPageMovedOut(factory);
      const { outcome, page } = await subject.load(0, 1);
      if (outcome !== "miss")
        assert.ok(sameBytes(page, makePage("incompressible", 1)), "a fetch gives the bytes stored");
      else assert.ok(subject.writeback.deviceRead(0, 1) !== undefined, "a page misses only when the device has it");
      await subject.end();
    });

    test("a fetch misses when the slot was invalidated meanwhile", async () => {
      const subject = await withPageMovedOut(factory);
      const into = untouchedPage();
      if (subject.backend.load(0, 1, into) !== "remote") return subject.end();
      const fetch = subject.backend.fetch(0, 1, into);
      subject.backend.invalidatePage(0, 1);
      assert.equal(await fetch, "miss", "the page was invalidated while the fetch waited");
      await subject.expectMiss(0, 1, "and stays so");
      await subject.end();
    });

    test("a late answer does not touch what was stored meanwhile", async () => {
      const subject = await withPageMovedOut(factory);
      const into = untouchedPage();
      if (subject.backend.load(0, 1, into) !== "remote") return subject.end();
      const fetch = subject.backend.fetch(0, 1, into);
      subject.backend.invalidatePage(0, 1);
      subject.mustStore(0, 1, makePage("incompressible", 2));
      assert.equal(await fetch, "miss", "the answer was about an older page");
      await subject.expectPage(0, 1, makePage("incompressible", 2));
      await subject.end();
    });

    test("a remote page lies nowhere in this machine's memory", async () => {
      const subject = await withPageMovedOut(factory);
      if (subject.backend.load(0, 1, untouchedPage()) === "remote") {
        assert.equal(subject.backend.storedBytes(0, 1), -1, "a remote page takes no bytes in the pool");
        assert.equal(subject.backend.currPages(), 1, "and is held all the same");
      }
      await subject.end();
    });
  });
}

async function withPageMovedOut(factory: FrontswapFactory): Promise<Subject> {
  const subject = new Subject(factory);
  subject.mustStore(0, 1, makePage("incompressible", 1));
  await subject.reclaim(1);
  await subject.writeback.flush();
  return subject;
}
