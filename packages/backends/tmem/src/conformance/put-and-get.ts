import assert from "node:assert/strict";
import { PAGE_SIZE } from "@pagetier/base";
import type { TestRunner } from "@pagetier/base/testing";
import type { RemoteKind } from "../remote-memory.js";
import { codeOf, keyAt, type RemoteMemoryFactory, Subject, zpage } from "./subject.js";

const KINDS: readonly RemoteKind[] = ["persistent", "ephemeral"];

/** What was put comes back, in quiet times. */
export function putAndGet({ describe, test }: TestRunner, factory: RemoteMemoryFactory): void {
  describe("put, get and flush", () => {
    for (const kind of KINDS) {
      test(`gives back ${kind} pages of every length, again and again`, async () => {
        const subject = await Subject.create(factory);
        for (const length of [1, 2, 1000, PAGE_SIZE - 1, PAGE_SIZE]) {
          const { copies, generation } = await subject.put(keyAt(length), zpage(length, length), { kind });
          assert.ok(copies >= 1 && generation.length > 0, "an acknowledgement names its holders' generation");
          for (let count = 0; count < 2; count++) {
            await subject.expectBytes(keyAt(length), generation, zpage(length, length), kind);
          }
        }
        assert.equal(subject.remote.remotePages(kind), 5, "remotePages counts what holders acknowledged");
        await subject.end();
      });

      test(`${kind} pages that were flushed are gone`, async () => {
        const subject = await Subject.create(factory);
        const { generation } = await subject.put(keyAt(1), zpage(1), { kind });
        await subject.flush(keyAt(1));
        await subject.expectAbsent(keyAt(1), generation, kind);
        assert.equal(subject.remote.remotePages(kind), 0, "a flushed page is not counted");
        assert.equal(await subject.candidate.heldPages(), 0, "10.7-i no machine holds anything");
        await subject.end();
      });
    }

    test("keeps its own copy of the bytes", async () => {
      const subject = await Subject.create(factory);
      const bytes = zpage(1);
      const put = subject.put(keyAt(1), bytes);
      bytes.fill(0xee);
      await subject.expectBytes(keyAt(1), (await put).generation, zpage(1));
      await subject.end();
    });

    test("a second put replaces the first", async () => {
      const subject = await Subject.create(factory);
      await subject.put(keyAt(1), zpage(1, 3000));
      const { generation } = await subject.put(keyAt(1), zpage(2, 50));
      await subject.expectBytes(keyAt(1), generation, zpage(2, 50));
      assert.equal(subject.remote.remotePages("persistent"), 1, "a duplicate is not counted twice");
      await subject.end();
    });

    test("keeps pools, objects and indexes apart", async () => {
      const subject = await Subject.create(factory);
      const most = 2 ** 32 - 1;
      const keys = [0, 1, most].flatMap((pool) => [0, 12, most].map((object) => keyAt(most - pool, object, pool)));
      keys.push(keyAt(12, 1, 1), keyAt(2, 11, 1), keyAt(1, 1, 12));
      const puts = await Promise.all(keys.map((key, seed) => subject.put(key, zpage(seed, 100))));
      for (const [seed, key] of keys.entries()) {
        await subject.expectBytes(key, puts[seed]!.generation, zpage(seed, 100));
      }
      await subject.end();
    });

    test("flushing what is not there does nothing", async () => {
      const subject = await Subject.create(factory);
      const { generation } = await subject.put(keyAt(1), zpage(1));
      await subject.flush(keyAt(2));
      await subject.remote.flushObject(1, 8, subject.nextSequence());
      await subject.expectBytes(keyAt(1), generation, zpage(1));
      await subject.end();
    });

    test("flushing an object drops its pages and no others", async () => {
      const subject = await Subject.create(factory);
      const mine = await subject.put(keyAt(1, 7), zpage(1));
      await subject.put(keyAt(2, 7), zpage(2));
      const others = [await subject.put(keyAt(1, 8), zpage(3)), await subject.put(keyAt(1, 7, 2), zpage(4))];
      await subject.remote.flushObject(1, 7, subject.nextSequence());
      for (const index of [1, 2]) await subject.expectAbsent(keyAt(index, 7), mine.generation);
      await subject.expectBytes(keyAt(1, 8), others[0]!.generation, zpage(3));
      await subject.expectBytes(keyAt(1, 7, 2), others[1]!.generation, zpage(4));
      const { generation } = await subject.put(keyAt(1, 7), zpage(5));
      await subject.expectBytes(keyAt(1, 7), generation, zpage(5));
      await subject.end();
    });

    test("forgotten pages are gone at once, and swept away from their holders later", async () => {
      const subject = await Subject.create(factory);
      const puts = await Promise.all([1, 2, 3].map((index) => subject.put(keyAt(index), zpage(index))));
      const other = await subject.put(keyAt(1, 8), zpage(9));
      subject.remote.forget(keyAt(1), subject.nextSequence());
      subject.remote.forget(keyAt(4), subject.nextSequence());
      await subject.expectAbsent(keyAt(1), puts[0]!.generation);
      await subject.expectBytes(keyAt(2), puts[1]!.generation, zpage(2));
      subject.remote.forgetObject(1, 7, subject.nextSequence());
      for (const index of [1, 2, 3]) await subject.expectAbsent(keyAt(index), puts[index - 1]!.generation);
      assert.equal(subject.remote.remotePages("persistent"), 1, "what is forgotten is not counted");
      const again = await subject.put(keyAt(2), zpage(20));
      assert.ok(subject.remote.strays >= 2, "it is to be swept up");
      await subject.remote.sweep(100);
      assert.equal(subject.remote.strays, 0, "nothing is left to look after");
      assert.equal(await subject.candidate.heldPages(), 2, "holders have what is needed, and no more");
      await subject.expectBytes(keyAt(2), again.generation, zpage(20));
      await subject.expectBytes(keyAt(1, 8), other.generation, zpage(9));
      await subject.end();
    });

    test("a page that is forgotten while it is put is swept up", async () => {
      const subject = await Subject.create(factory);
      const put = codeOf(subject.put(keyAt(1), zpage(1)));
      subject.remote.forget(keyAt(1), subject.nextSequence());
      await put;
      await subject.remote.sweep(100);
      assert.equal(await subject.candidate.heldPages(), 0, "nothing is left");
      await subject.end();
    });

    test("10.7-f pages stay where they are when new ones go elsewhere", async () => {
      const subject = await Subject.create(factory);
      subject.candidate.setTarget(0);
      const { generation } = await subject.put(keyAt(1), zpage(1));
      subject.candidate.setTarget(1);
      await subject.expectBytes(keyAt(1), generation, zpage(1));
      await subject.flush(keyAt(1));
      await subject.expectAbsent(keyAt(1), generation);
      assert.equal(await subject.candidate.heldPages(), 0, "the flush went to the holder");
      await subject.end();
    });

    test("10.7-g flushing an object reaches every holder of its pages", async () => {
      const subject = await Subject.create(factory);
      for (let index = 0; index < 6; index++) {
        subject.candidate.setTarget(index % subject.candidate.nodes);
        await subject.put(keyAt(index), zpage(index));
      }
      await subject.remote.flushObject(1, 7, subject.nextSequence());
      assert.equal(await subject.candidate.heldPages(), 0, "no machine holds a page of the object");
      assert.equal(subject.remote.remotePages("persistent"), 0, "nor do the books");
      await subject.end();
    });

    test("10.7-d two gets of a key at a time both have its bytes", async () => {
      const subject = await Subject.create(factory);
      const { generation } = await subject.put(keyAt(1), zpage(1));
      const gets = [0, 1].map(() => subject.expectBytes(keyAt(1), generation, zpage(1)));
      await Promise.all(gets);
      assert.equal(await subject.candidate.heldPages(), 1, "a get leaves the page with its holder");
      await subject.end();
    });

    test("a page held by n machines survives the loss of n - 1", async () => {
      const subject = await Subject.create(factory);
      const { nodes } = subject.candidate;
      for (let alive = 0; alive < nodes; alive++) {
        const { copies, generation } = await subject.put(keyAt(alive), zpage(alive), { copies: nodes });
        assert.ok(copies >= nodes, "the acknowledgement says how many hold it");
        await subject.everywhere((node) => node !== alive && subject.candidate.restart(node));
        await subject.expectBytes(keyAt(alive), generation, zpage(alive));
      }
      await subject.end();
    });

    test("more copies than machines are not acknowledged", async () => {
      const subject = await Subject.create(factory);
      const code = await codeOf(subject.put(keyAt(1), zpage(1), { copies: subject.candidate.nodes + 1 }));
      assert.equal(code, "REMOTE_NOT_ACKNOWLEDGED", "fewer copies than asked");
      await subject.flush(keyAt(1));
      assert.equal(await subject.candidate.heldPages(), 0, "a flush reaches those that hold it all the same");
      await subject.end();
    });
  });
}
