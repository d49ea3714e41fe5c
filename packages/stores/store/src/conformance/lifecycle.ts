import assert from "node:assert/strict";
import { TierError } from "@pagetier/base";
import type { TestRunner } from "@pagetier/base/testing";
import { assertSameBytes, makePage, untouchedPage } from "./pages.js";
import { assertCodes, assertStatuses, type StoreFactory, Subject, withStore } from "./subject.js";

/** Opening, closing, and what a closed store answers. */
export function lifecycle({ describe, test }: TestRunner, factory: StoreFactory): void {
  describe("lifecycle", () => {
    test("says what it is", () =>
      withStore(factory, async ({ store }) => {
        assert.match(store.type, /^[a-z0-9][a-z0-9.-]*$/, "the type is a name that recipes can write");
        const endless = store.capacity === Number.POSITIVE_INFINITY;
        assert.ok(endless || Number.isSafeInteger(store.capacity), "the capacity is a number of slots or Infinity");
        assert.ok(store.capacity >= 128, "the kit needs 128 slots");
        assert.equal(typeof store.durable, "boolean", "a store says whether it is durable");
      }));

    test("counts and weighs itself in plain numbers", () =>
      withStore(factory, async (subject) => {
        await subject.write([0, 1, 2], [makePage(1), makePage(2), makePage(3)]);
        await subject.read([0, 1, 2]);
        const bytes = subject.store.memoryBytes();
        assert.ok(Number.isInteger(bytes) && bytes >= 0, "memory is a count of bytes");
        for (const [name, value] of Object.entries(subject.store.counters())) {
          assert.ok(Number.isFinite(value) && value >= 0, `counter ${name} is a number of 0 or more, got ${value}`);
        }
      }));

    test("closes twice, also at once", () =>
      withStore(factory, async ({ store }) => {
        await Promise.all([store.close(), store.close()]);
        await store.close();
      }));

    test("closes without having been opened", async () => {
      const place = await factory();
      await place.create().close();
      await place.remove?.();
    });

    test("refuses every slot once it is closed", () =>
      withStore(factory, async ({ store }) => {
        await store.close();
        const codes = ["STORE_CLOSED", "STORE_CLOSED"];
        assertCodes(await store.readPages([0, 1], [untouchedPage(), untouchedPage()]), codes);
        assertCodes(await store.writePages([0, 1], [makePage(1), makePage(2)]), codes);
        if (store.now === undefined) return;
        assertCodes([store.now.readPageNow(0, untouchedPage())], ["STORE_CLOSED"]);
        assertCodes(store.now.writePagesNow([0, 1], [makePage(1), makePage(2)]), codes);
      }));

    test("flushes no more once it is closed, and lets discards pass", () =>
      withStore(factory, async ({ store }) => {
        await store.close();
        await store.discard([0]);
        await assert.rejects(store.flush(), (error) => TierError.is(error, "STORE_CLOSED"));
      }));

    test("closing waits for the calls in flight, which end as if nothing were", () =>
      withStore(factory, async (subject, place) => {
        const { store } = subject;
        const slots = Array.from({ length: 100 }, (_, index) => index);
        const pages = slots.map(makePage);
        await subject.write(slots.slice(0, 50), pages.slice(0, 50));
        let ended = 0;
        const into = slots.slice(0, 50).map(untouchedPage);
        const calls = [
          store.readPages(slots.slice(0, 50), into),
          store.writePages(slots.slice(50), pages.slice(50)),
          store.flush().then(() => []),
        ].map(async (call) => {
          const statuses = await call;
          ended++;
          return statuses;
        });
        await store.close();
        // The promises' own reactions may still be queued, device work may not: one turn of microtasks settles them.
        await new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(() => queueMicrotask(resolve))));
        assert.equal(ended, calls.length, "when a close has ended, so have the calls before it");
        for (const statuses of await Promise.all(calls)) {
          assertStatuses(statuses, statuses.length);
          for (const status of statuses) assert.equal(status, undefined, "a call that came before the close goes well");
        }
        into.forEach((page, index) => {
          assertSameBytes(page, pages[index]!, "a read in flight ends with the right page");
        });
        if (!store.durable) return;
        const again = place.create();
        await again.open();
        await new Subject(again).expect(slots, pages, "a write in flight reaches the store");
        await again.close();
      }));
  });
}
