import type { TestRunner } from "@pagetier/base/testing";
import { assertSameBytes, makePage, untouchedPage, ZEROES } from "./pages.js";
import { assertCodes, type StoreFactory, withStore } from "./subject.js";

/** Blocking calls, where the store has them: the same store through another door. */
export function blockingCalls({ describe, test }: TestRunner, factory: StoreFactory): void {
  describe("blocking calls", () => {
    test("read what was written the other way", () =>
      withStore(factory, async (subject) => {
        const { now } = subject.store;
        if (now === undefined) return;
        const page = untouchedPage();
        assertCodes([now.readPageNow(9, page)], [undefined]);
        assertSameBytes(page, ZEROES, "a slot never written reads as zeroes");
        await subject.write([9], [makePage(1)]);
        assertCodes([now.readPageNow(9, page)], [undefined]);
        assertSameBytes(page, makePage(1), "a blocking read sees what an ordinary write wrote");
        await subject.store.discard([9]);
        assertCodes([now.readPageNow(9, page)], [undefined]);
        assertSameBytes(page, ZEROES, "a blocking read sees a discard");
      }));

    test("write what is read the other way", () =>
      withStore(factory, async (subject) => {
        const { now } = subject.store;
        if (now === undefined) return;
        const slots = Array.from({ length: 80 }, (_, index) => (index < 70 ? index : index + 2));
        const statuses = now.writePagesNow(slots, slots.map(makePage));
        assertCodes(
          statuses,
          slots.map(() => undefined),
        );
        await subject.expect(slots, slots.map(makePage), "an ordinary read sees what a blocking write wrote");
        await subject.expect([70, 71], [ZEROES, ZEROES], "a blocking write leaves neighbours alone");
      }));
  });
}
