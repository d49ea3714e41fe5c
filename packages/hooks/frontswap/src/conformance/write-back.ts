import assert from "node:assert/strict";
import { TierError } from "@pagetier/base";
import type { TestRunner } from "@pagetier/base/testing";
import { makePage } from "./pages.js";
import { type FrontswapFactory, Subject, sameBytes } from "./subject.js";

const page = makePage("incompressible", 1);
const other = makePage("incompressible", 2);

/**
 * Moving pages on to the device. Applies to what a backend does when the factory's `reclaim` asks it; a backend that
 * never claims a slot passes.
 */
export function writeBack({ describe, test }: TestRunner, factory: FrontswapFactory): void {
  /** One page, stored and (if the backend writes back) submitted. */
  const submitted = async (): Promise<Subject> => {
    const subject = new Subject(factory);
    subject.writeback.hold();
    subject.mustStore(0, 1, page);
    await subject.reclaim(1);
    return subject;
  };

  describe("write-back", () => {
    test("submits the bytes that were stored", async () => {
      const subject = new Subject(factory);
      subject.mustStore(0, 1, page);
      let seen: Uint8Array | undefined;
      subject.writeback.onSubmit = (_type, _offset, bytes) => {
        seen = bytes.slice();
      };
      await subject.reclaim(1);
      if (seen !== undefined) assert.ok(sameBytes(seen, page), "what is submitted is the page");
      await subject.end();
    });

    test("the page stays loadable until the write is durable", async () => {
      const subject = await submitted();
      await subject.expectPage(0, 1, page);
      subject.writeback.settleNext();
      await subject.end();
    });

    test("a page that was written is given up in favour of the device", async () => {
      const subject = await submitted();
      if (subject.writeback.inFlight === 0) return subject.end();
      assert.equal(subject.writeback.settleNext(), true, "the backend drops its copy");
      subject.check();
      if (subject.writeback.hasRecord(0, 1)) {
        assert.equal(subject.backend.currPages(), 1, "a page below as a record is the backend's still");
        assert.equal(subject.backend.storedBytes(0, 1), -1, "and takes nothing in the pool");
        await subject.expectPage(0, 1, page);
      } else {
        await subject.expectMiss(0, 1, "the backend has nothing any more");
        assert.equal(subject.backend.currPages(), 0, "and counts nothing");
      }
      await subject.end();
    });

    test("a write that failed leaves the page where it was, to be tried again", async () => {
      const subject = await submitted();
      if (subject.writeback.inFlight === 0) return subject.end();
      assert.equal(subject.writeback.settleNext("failed"), false, "the backend keeps its copy");
      subject.check();
      const taken = await subject.expectPage(0, 1, page);
      if (taken) subject.mustStore(0, 1, page);
      await subject.reclaim(8);
      await subject.reclaim(8); // A second chance may cost a round.
      assert.equal(subject.writeback.inFlight, 1, "it can be written back later");
      await subject.end();
    });

    test("a record that cannot be read is no miss, and the page is there when it can be read again", async () => {
      const subject = await submitted();
      subject.writeback.settleNext("written");
      if (!subject.writeback.hasRecord(0, 1)) return subject.end();
      const failure = new Error("the device fails, says the test.");
      subject.writeback.readFailure = failure;
      const into = makePage("compressible", 9);
      assert.equal(subject.backend.load(0, 1, into), "remote", "a page below is fetched");
      await assert.rejects(subject.backend.fetch(0, 1, into), (error) => error === failure);
      subject.writeback.readFailure = undefined;
      await subject.expectPage(0, 1, page);
      await subject.end();
    });

    test("10.1-c a damaged record is a loss, and never a page", async () => {
      const subject = await submitted();
      subject.writeback.settleNext("written");
      if (!subject.writeback.hasRecord(0, 1)) return subject.end();
      subject.writeback.loseRecord(0, 1);
      await assert.rejects(subject.load(0, 1), (error) => TierError.is(error, "FRONTSWAP_LOST"));
      subject.backend.invalidatePage(0, 1);
      await subject.expectMiss(0, 1, "a slot that was given up misses");
      await subject.end();
    });

    test("10.2-b a page that was invalidated while it was written is not given up twice", async () => {
      const subject = await submitted();
      if (subject.writeback.inFlight === 0) return subject.end();
      subject.backend.invalidatePage(0, 1);
      subject.check();
      assert.equal(subject.writeback.settleNext("written"), false, "there was nothing to give up");
      subject.check();
      await subject.expectMiss(0, 1, "it stays invalidated");
      await subject.end();
    });

    test("10.2-a a slot that was freed and used again during the write keeps the new page", async () => {
      const subject = await submitted();
      if (subject.writeback.inFlight === 0) return subject.end();
      subject.backend.invalidatePage(0, 1);
      subject.mustStore(0, 1, other);
      assert.equal(subject.writeback.settleNext("written"), false, "what was written is not what is stored now");
      subject.check();
      await subject.expectPage(0, 1, other);
      await subject.end();
    });

    test("10.2-a a slot that was freed and used again before the lock: the old page is not written", async () => {
      const subject = new Subject(factory);
      subject.mustStore(0, 1, page);
      subject.writeback.hold();
      subject.writeback.onClaim = (type, offset) => {
        subject.writeback.onClaim = undefined;
        subject.backend.invalidatePage(type, offset);
        subject.backend.store(type, offset, other, "only");
      };
      subject.writeback.onSubmit = (_type, _offset, bytes) => {
        assert.ok(sameBytes(bytes, other), "the page that is written is the one stored now");
      };
      await subject.reclaim(1);
      if (subject.writeback.onClaim === undefined) await subject.expectPage(0, 1, other);
      await subject.end();
    });

    test("10.2-a a slot that was freed before the lock: nothing is written", async () => {
      const subject = new Subject(factory);
      subject.mustStore(0, 1, page);
      subject.writeback.onClaim = (type, offset) => subject.backend.invalidatePage(type, offset);
      await subject.reclaim(1);
      assert.equal(subject.writeback.submits, 0, "there is nothing to write");
      assert.equal(subject.writeback.outstanding, 0, "the claim was released");
      await subject.end();
    });

    test("10.2-c a page that is in memory is left alone, and not lost", async () => {
      const subject = new Subject(factory);
      subject.mustStore(0, 1, page);
      subject.writeback.setResident(0, 1, true);
      for (let round = 0; round < 3; round++) await subject.reclaim(4);
      assert.equal(subject.writeback.submits, 0, "a page in memory is not written back");
      await subject.expectPage(0, 1, page);
      await subject.end();
    });

    test("10.2-k without memory nothing is written, and nothing is lost", async () => {
      const subject = new Subject(factory);
      for (let offset = 0; offset < 4; offset++) subject.mustStore(0, offset, makePage("incompressible", offset));
      subject.writeback.pagesFree = 0;
      await subject.reclaim(4);
      assert.equal(subject.writeback.submits, 0, "no page was lent, so none is submitted");
      for (let offset = 0; offset < 4; offset++)
        await subject.expectPage(0, offset, makePage("incompressible", offset));
      await subject.end();
    });

    test("an area that was invalidated while its page was written has nothing to give up", async () => {
      const subject = await submitted();
      if (subject.writeback.inFlight === 0) return subject.end();
      subject.backend.invalidateArea(0);
      assert.equal(subject.writeback.settleNext("written"), false, "there was nothing to give up");
      subject.check();
      assert.equal(subject.backend.currPages(), 0, "nothing is held");
      await subject.end();
    });
  });
}
