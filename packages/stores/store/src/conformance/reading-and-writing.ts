import assert from "node:assert/strict";
import { createPrng } from "@pagetier/base";
import type { TestRunner } from "@pagetier/base/testing";
import { assertSameBytes, makePage, untouchedPage, ZEROES } from "./pages.js";
import { assertCodes, GuardedPage, type StoreFactory, withStore } from "./subject.js";

const NO_SLOTS = [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53];
const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);

/** Pages in, pages out, each slot on its own. */
export function readingAndWriting({ describe, test }: TestRunner, factory: StoreFactory): void {
  describe("reading and writing", () => {
    test("reads zeroes where nothing was written", () =>
      withStore(factory, async (subject) => {
        await subject.expect([0, 1, 127], [ZEROES, ZEROES, ZEROES], "a slot never written reads as zeroes");
        await subject.write([3, 5], [makePage(3), makePage(5)]);
        const slots = range(0, 8);
        const pages = slots.map((slot) => (slot === 3 || slot === 5 ? makePage(slot) : ZEROES));
        await subject.expect(slots, pages, "writing a slot leaves its neighbours alone");
      }));

    test("gives back what was written last", () =>
      withStore(factory, async (subject) => {
        for (let round = 0; round < 3; round++) {
          await subject.write([7], [makePage(round)]);
          await subject.expect([7], [makePage(round)], "a slot holds what was written last");
        }
      }));

    test("takes slots in any order", () =>
      withStore(factory, async (subject) => {
        const prng = createPrng(1);
        const slots = range(0, 128);
        for (let index = slots.length - 1; index > 0; index--) {
          const other = prng.below(index + 1);
          [slots[index], slots[other]] = [slots[other]!, slots[index]!];
        }
        await subject.write(slots, slots.map(makePage));
        slots.reverse();
        await subject.expect(slots, slots.map(makePage), "each page lies in its own slot");
        const ascending = range(0, 128);
        await subject.expect(ascending, ascending.map(makePage), "each page lies in its own slot");
      }));

    test("takes long runs, runs with gaps, and nothing at all", () =>
      withStore(factory, async (subject) => {
        const slots = [...range(0, 70), ...range(71, 3), 90, 92, ...range(100, 28)];
        await subject.write(slots, slots.map(makePage));
        const all = range(0, 128);
        const written = new Set(slots);
        await subject.expect(
          all,
          all.map((slot) => (written.has(slot) ? makePage(slot) : ZEROES)),
          "a run ends where the slots do",
        );
        await subject.write([], []);
        assert.deepEqual(await subject.read([]), []);
      }));

    test("takes the bytes before the call returns", () =>
      withStore(factory, async (subject) => {
        const slots = range(10, 40);
        const pages = slots.map(makePage);
        const writing = subject.store.writePages(slots, pages);
        for (const page of pages) page.fill(0xee);
        assertCodes(
          await writing,
          slots.map(() => undefined),
        );
        await subject.expect(slots, slots.map(makePage), "a page may be changed as soon as the call has returned");
      }));

    test("is done with pages that were lent when the call settles", () =>
      withStore(factory, async (subject) => {
        const slots = [...range(10, 40), 60, 3, 4];
        const pages = slots.map(makePage);
        assertCodes(
          await subject.store.writePages(slots, pages, true),
          slots.map(() => undefined),
        );
        pages.forEach((page, index) => {
          assertSameBytes(page, makePage(slots[index]!), "a store does not change what it is lent");
          page.fill(0xee);
        });
        await subject.expect(slots, slots.map(makePage), "a lent page is the caller's again when the call has settled");
      }));

    test("moves pages that lie anywhere in a buffer, and no byte beside them", () =>
      withStore(factory, async (subject) => {
        const guarded = [1, 5, 13].map((shift) => new GuardedPage(shift));
        guarded.forEach(({ page }, index) => {
          page.set(makePage(index));
        });
        const slots = range(20, 3);
        const pages = guarded.map(({ page }) => page);
        await subject.write(slots, pages);
        for (const page of pages) page.fill(0xa5);
        assertCodes(await subject.store.readPages(slots, pages), [undefined, undefined, undefined]);
        guarded.forEach((guard, index) => {
          assertSameBytes(guard.page, makePage(index), "an unaligned page comes back");
          guard.assertUntouchedAround();
          guard.page.set(makePage(index + 7));
        });
        assertCodes(await subject.store.writePages(slots, pages, true), [undefined, undefined, undefined]);
        await subject.expect(
          slots,
          slots.map((_, index) => makePage(index + 7)),
          "an unaligned page may be lent",
        );
      }));

    test("lets calls overlap", () =>
      withStore(factory, async (subject) => {
        await Promise.all(
          range(0, 32).map((slot) => subject.write([slot, slot + 64], [makePage(slot), makePage(-slot)])),
        );
        await Promise.all([
          ...range(0, 32).map((slot) => subject.expect([slot], [makePage(slot)], "reads beside writes are right")),
          ...range(32, 32).map((slot) => subject.write([slot], [makePage(slot)])),
          subject.expect(
            range(64, 32),
            range(0, 32).map((slot) => makePage(-slot)),
            "reads beside writes are right",
          ),
        ]);
        await subject.expect(range(0, 64), range(0, 64).map(makePage), "writes beside reads are right");
      }));
  });

  describe("slots", () => {
    test("refuses what is no slot, and that alone", () =>
      withStore(factory, async (subject) => {
        const { store } = subject;
        const beyond = store.capacity === Number.POSITIVE_INFINITY ? NO_SLOTS : [...NO_SLOTS, store.capacity];
        const slots = [0, ...beyond.flatMap((slot, index) => [slot, index + 1])];
        const codes = [undefined, ...beyond.flatMap(() => ["STORE_BAD_SLOT", undefined])];
        assertCodes(
          await store.writePages(
            slots,
            slots.map((_, index) => makePage(index)),
          ),
          codes,
        );
        const into = slots.map(untouchedPage);
        assertCodes(await store.readPages(slots, into), codes);
        for (let index = 0; index < slots.length; index += 2) {
          assertSameBytes(into[index]!, makePage(index), "a bad slot leaves the others of its call alone");
        }
        if (store.now === undefined) return;
        assertCodes(
          store.now.writePagesNow(
            slots,
            slots.map((_, index) => makePage(index)),
          ),
          codes,
        );
        assertCodes(
          slots.map((slot) => store.now?.readPageNow(slot, untouchedPage())),
          codes,
        );
      }));

    test("has as many as it says", () =>
      withStore(factory, async (subject) => {
        const last = subject.store.capacity === Number.POSITIVE_INFINITY ? 100_000 : subject.store.capacity - 1;
        await subject.write([last], [makePage(9)]);
        await subject.expect([last, last - 1], [makePage(9), ZEROES], "the last slot is one like the others");
      }));
  });

  describe("discard", () => {
    test("lets slots read as zeroes, and only those", () =>
      withStore(factory, async (subject) => {
        const slots = range(0, 64);
        await subject.write(slots, slots.map(makePage));
        await subject.store.discard([0, 5, 6, 7, 62, 63]);
        const gone = new Set([0, 5, 6, 7, 62, 63]);
        await subject.expect(
          slots,
          slots.map((slot) => (gone.has(slot) ? ZEROES : makePage(slot))),
          "what was discarded reads as zeroes, and nothing else does",
        );
      }));

    test("leaves slots usable", () =>
      withStore(factory, async (subject) => {
        await subject.write([4], [makePage(1)]);
        await subject.store.discard([4]);
        await subject.write([4], [makePage(2)]);
        await subject.expect([4], [makePage(2)], "a discarded slot can be written again");
      }));

    test("never fails", () =>
      withStore(factory, async (subject) => {
        await subject.write([1], [makePage(1)]);
        await subject.store.discard([]);
        await subject.store.discard([...NO_SLOTS, 100, 100]);
        await subject.expect([1], [makePage(1)], "discarding what is not there changes nothing");
      }));
  });
}
