import assert from "node:assert/strict";
import { TierError } from "@pagetier/base";
import { describe, test } from "vitest";
import { badSlot, isSlot, SLOT_MAX, slotsOfSize, storeClosed } from "../src/index.js";

describe("slots", () => {
  test("are whole numbers below the capacity whose last byte is exact", () => {
    for (const slot of [0, 1, 9]) assert.ok(isSlot(slot, 10));
    for (const slot of [-1, 10, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) assert.ok(!isSlot(slot, 10));
    assert.ok(isSlot(SLOT_MAX, Number.POSITIVE_INFINITY));
    assert.ok(!isSlot(SLOT_MAX + 1, Number.POSITIVE_INFINITY));
  });

  test("are counted from a size, whole ones only", () => {
    const cases: [string | number, number][] = [
      ["auto", Number.POSITIVE_INFINITY],
      ["4096", 1],
      [8191, 1],
      ["1MiB", 256],
      ["1GiB", 262_144],
    ];
    for (const [size, slots] of cases) assert.equal(slotsOfSize(size), slots);
    for (const size of ["0", 4095, "huge", "1gb", -1]) {
      assert.throws(
        () => slotsOfSize(size),
        (error) => TierError.is(error, "BAD_SIZE"),
      );
    }
  });

  test("that are none are named, with those that are", () => {
    assert.match(badSlot("file", 256, 256).message, /store file has no slot 256; its slots are 0\.\.255/);
    assert.equal(storeClosed("file").code, "STORE_CLOSED");
  });
});
