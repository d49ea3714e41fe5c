import type { TestRunner } from "@pagetier/base/testing";
import { makePage, ZEROES } from "./pages.js";
import { type StoreFactory, Subject } from "./subject.js";

/** What a store that says it is durable still has after it was closed and made again. */
export function durability({ describe, test }: TestRunner, factory: StoreFactory): void {
  describe("durability", () => {
    test("finds again what was flushed, time after time", async () => {
      const place = await factory();
      try {
        const model = new Map<number, number>();
        for (let round = 0; round < 4; round++) {
          const store = place.create();
          await store.open();
          if (!store.durable) {
            await store.close();
            return;
          }
          const subject = new Subject(store);
          const slots = Array.from({ length: 40 }, (_, index) => index);
          await subject.expect(
            slots,
            slots.map((slot) => (model.has(slot) ? makePage(model.get(slot)!) : ZEROES)),
            "a durable store has everything that was flushed before it was closed",
          );
          for (let slot = round; slot < 40; slot += round + 2) {
            await subject.write([slot], [makePage(100 * round + slot)]);
            model.set(slot, 100 * round + slot);
          }
          await store.flush();
          await store.close();
        }
      } finally {
        await place.remove?.();
      }
    });
  });
}
