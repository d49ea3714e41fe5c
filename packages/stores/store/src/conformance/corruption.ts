import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import { assertSameBytes, makePage, untouchedPage, ZEROES } from "./pages.js";
import { assertCodes, type StoreFactory, Subject } from "./subject.js";

const SLOTS = Array.from({ length: 12 }, (_, slot) => slot);
const DAMAGED = [3, 11];

/** Pages that changed on the device, for stores that check what they read. */
export function corruption({ describe, test }: TestRunner, factory: StoreFactory): void {
  describe("corruption", () => {
    test("of a page is that page's error, until it is written again or discarded", async () => {
      const place = await factory();
      try {
        if (place.corrupt === undefined) return;
        const before = place.create();
        await before.open();
        await new Subject(before).write(SLOTS, SLOTS.map(makePage));
        await before.flush();
        await before.close();
        for (const slot of DAMAGED) await place.corrupt(slot);

        const store = place.create();
        await store.open();
        const subject = new Subject(store);
        for (let attempt = 0; attempt < 2; attempt++) {
          const into = SLOTS.map(untouchedPage);
          const codes = SLOTS.map((slot) => (DAMAGED.includes(slot) ? "STORE_CORRUPT" : undefined));
          assertCodes(await store.readPages(SLOTS, into), codes);
          for (const slot of SLOTS) {
            if (!DAMAGED.includes(slot)) assertSameBytes(into[slot]!, makePage(slot), "other pages are as they were");
          }
          if (store.now === undefined) continue;
          assert.equal(store.now.readPageNow(DAMAGED[0]!, untouchedPage())?.code, "STORE_CORRUPT");
        }
        await subject.write([DAMAGED[0]!], [makePage(77)]);
        await store.discard([DAMAGED[1]!]);
        await subject.expect(DAMAGED, [makePage(77), ZEROES], "a page that is written again is whole again");
        await store.close();
      } finally {
        await place.remove?.();
      }
    });
  });
}
