import assert from "node:assert/strict";
import { TierError } from "@pagetier/base";
import type { TestRunner } from "@pagetier/base/testing";
import type { SlotStatus } from "../store.js";
import { FailingStore } from "./failing-store.js";
import { assertSameBytes, makePage, untouchedPage } from "./pages.js";
import { assertStatuses, type StoreFactory, Subject } from "./subject.js";

const SLOTS = Array.from({ length: 64 }, (_, slot) => slot);
/** Slots that were written while there was room. */
const EARLY = SLOTS.slice(0, 16);
/** Slots that are written when there is little, in one call. */
const LATE = SLOTS.slice(12, 60);

/** A device that is full: a code that says so, nothing else lost, and no hard feelings once there is room again. */
export function fullDevice({ describe, test }: TestRunner, factory: StoreFactory): void {
  describe("a full device", () => {
    test("refuses what has no room, keeps what it has, and takes more when there is room again", async () => {
      for (const writes of [0, 1, 2, 3, 5, 9, 17, 40]) await scenario(factory, writes);
    });
  });
}

async function scenario(factory: StoreFactory, writes: number): Promise<void> {
  const place = await factory();
  const store = place.fill === undefined ? new FailingStore(place.create()) : place.create();
  await store.open();
  const subject = new Subject(store);
  try {
    await subject.write(EARLY, EARLY.map(makePage));
    await store.flush();
    const script = store instanceof FailingStore ? store.fill(writes) : place.fill?.(writes);
    assert.ok(script !== undefined);
    let late: readonly SlotStatus[];
    try {
      late = await store.writePages(
        LATE,
        LATE.map((slot) => makePage(slot + 100)),
      );
      assertStatuses(late, LATE.length);
      if (writes === 0) {
        for (const status of late) assert.equal(status?.code, "STORE_NO_SPACE", "a full device says that it is full");
      }
      for (const status of late) assert.ok(status === undefined || status.code === "STORE_NO_SPACE", String(status));
      await expectSlots(subject, late);
      await store.discard([...EARLY.slice(0, 2), 63]); // Never fails, least of all for want of space.
      await store.flush().catch((error: unknown) => {
        assert.ok(TierError.is(error, "STORE_NO_SPACE") || TierError.is(error, "STORE_IO"), String(error));
      });
    } finally {
      script.stop();
    }
    await expectSlots(subject, late, 2);
    await subject.write(SLOTS, SLOTS.map(makePage));
    await subject.expect(SLOTS, SLOTS.map(makePage), "a device that has room again takes pages again");
  } finally {
    await store.close();
    await place.remove?.();
  }
}

/** Each slot holds what it was given, but for those whose write failed: they are open. */
async function expectSlots(subject: Subject, late: readonly SlotStatus[], from = 0): Promise<void> {
  const into = SLOTS.map(untouchedPage);
  const statuses = await subject.store.readPages(SLOTS, into);
  for (const slot of [...EARLY.slice(from), ...LATE]) {
    const isLate = LATE.includes(slot);
    if (isLate && late[LATE.indexOf(slot)] !== undefined) continue;
    assert.equal(statuses[slot], undefined, `slot ${slot}, which was written, can be read`);
    assertSameBytes(
      into[slot]!,
      makePage(isLate ? slot + 100 : slot),
      `slot ${slot} holds what its last good write put there`,
    );
  }
}
