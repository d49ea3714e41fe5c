import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import { codeOf, keyAt, type RemoteMemoryFactory, Subject, zpage } from "./subject.js";

/** Operations of a key take effect in the order of their sequence, whatever order they arrive in. */
export function ordering({ describe, test }: TestRunner, factory: RemoteMemoryFactory): void {
  describe("order", () => {
    test("10.7-a a late flush does not touch a newer put", async () => {
      const subject = await Subject.create(factory);
      const early = subject.nextSequence();
      const { generation } = await subject.put(keyAt(1), zpage(1));
      await subject.remote.flush(keyAt(1), early);
      await subject.expectBytes(keyAt(1), generation, zpage(1));
      await subject.remote.flushObject(1, 7, early);
      await subject.expectBytes(keyAt(1), generation, zpage(1));
      await subject.end();
    });

    test("10.7-b a late put does not replace a newer one", async () => {
      const subject = await Subject.create(factory);
      const early = subject.nextSequence();
      const { generation } = await subject.put(keyAt(1), zpage(2));
      await codeOf(subject.remote.put(keyAt(1), "persistent", early, zpage(1), 1));
      await subject.expectBytes(keyAt(1), generation, zpage(2));
      await subject.end();
    });

    test("a late put does not come back after a flush", async () => {
      for (const whole of [false, true]) {
        const subject = await Subject.create(factory);
        await subject.put(keyAt(1), zpage(1));
        const early = subject.nextSequence();
        if (whole) await subject.remote.flushObject(1, 7, subject.nextSequence());
        else await subject.flush(keyAt(1));
        await codeOf(subject.remote.put(keyAt(1), "persistent", early, zpage(1), 1));
        assert.equal(await subject.candidate.heldPages(), 0, "the page was flushed after that put");
        await subject.end();
      }
    });

    test("10.7-a put, flush, put at a time: the last put wins, in whatever order they arrive", async () => {
      for (const reversed of [false, true]) {
        const subject = await Subject.create(factory);
        subject.candidate.reorder?.(reversed);
        const operations = [subject.put(keyAt(1), zpage(1)), subject.flush(keyAt(1))].map(codeOf);
        const { generation } = await subject.put(keyAt(1), zpage(2));
        await Promise.all(operations);
        await subject.expectBytes(keyAt(1), generation, zpage(2));
        assert.equal(subject.remote.remotePages("persistent"), 1, "one page is held");
        await subject.flush(keyAt(1));
        assert.equal(await subject.candidate.heldPages(), 0, "and no other");
        await subject.end();
      }
    });

    test("put and flush at a time: nothing is left", async () => {
      for (const reversed of [false, true]) {
        const subject = await Subject.create(factory);
        subject.candidate.reorder?.(reversed);
        await Promise.all([subject.put(keyAt(1), zpage(1)), subject.flush(keyAt(1))].map(codeOf));
        assert.equal(await subject.candidate.heldPages(), 0, "the flush came after the put");
        await subject.end();
      }
    });

    test("10.7-c a request that arrives twice counts once", async () => {
      const subject = await Subject.create(factory);
      subject.candidate.duplicateNext?.();
      await subject.put(keyAt(1), zpage(1));
      subject.candidate.duplicateNext?.();
      const { generation } = await subject.put(keyAt(1), zpage(2));
      await turns();
      await subject.expectBytes(keyAt(1), generation, zpage(2));
      subject.candidate.duplicateNext?.();
      await subject.flush(keyAt(1));
      const again = await subject.put(keyAt(1), zpage(3));
      await turns();
      await subject.expectBytes(keyAt(1), again.generation, zpage(3));
      subject.candidate.duplicateNext?.();
      await subject.flush(keyAt(1));
      await turns();
      assert.equal(await subject.candidate.heldPages(), 0, "nothing is left");
      await subject.end();
    });

    test("10.7-c a late answer to a get does not touch a newer put", async () => {
      const subject = await Subject.create(factory);
      const { generation } = await subject.put(keyAt(1), zpage(1));
      subject.candidate.hold?.();
      const get = subject.get(keyAt(1), generation);
      const put = subject.put(keyAt(1), zpage(2));
      subject.candidate.release?.();
      await get; // The old bytes, the new ones or a loss: the owner has a newer page and does not look.
      await subject.expectBytes(keyAt(1), (await put).generation, zpage(2));
      await subject.end();
    });
  });
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
}
