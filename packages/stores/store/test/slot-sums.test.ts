import assert from "node:assert/strict";
import { describe, test } from "vitest";
import { NO_SUM, SlotSums, SUM_BLOCK_SLOTS, sumOf } from "../src/index.js";

describe("checksums of slots", () => {
  test("are never the one that means none", () => {
    assert.equal(sumOf(new Uint8Array([0xff, 0xff, 0xff, 0xff])), 0xffff_ffff);
    assert.equal(sumOf(new Uint8Array(0)), 1); // Its CRC-32 is zero.
    assert.notEqual(sumOf(new Uint8Array(4096)), NO_SUM);
  });

  test("are there once they are set, in blocks that can be kept", () => {
    const sums = new SlotSums();
    const far = 2 ** 41 - 1;
    assert.equal(sums.get(5), NO_SUM);
    sums.set(5, NO_SUM); // Nothing to forget, nothing made.
    assert.equal(sums.memoryBytes(), 0);
    for (const slot of [0, 5, SUM_BLOCK_SLOTS, far]) sums.set(slot, (slot % 2 ** 31) + 1);
    assert.deepEqual(
      [0, 5, 6, SUM_BLOCK_SLOTS, far].map((slot) => sums.get(slot)),
      [1, 6, 0, SUM_BLOCK_SLOTS + 1, 2 ** 31],
    );
    assert.equal(sums.memoryBytes(), 3 * 4096);
    assert.deepEqual(sums.takeChanged(), [0, 1, Math.floor(far / SUM_BLOCK_SLOTS)]);
    sums.set(5, 6);
    assert.deepEqual(sums.takeChanged(), [], "nothing changed");
    sums.set(5, NO_SUM);
    assert.deepEqual(sums.takeChanged(), [0]);
    sums.markChanged(1);
    assert.deepEqual(sums.takeChanged(), [1]);

    const again = new SlotSums();
    again.load(0, sums.block(0)!.slice());
    assert.deepEqual([again.get(0), again.get(5)], [1, NO_SUM]);
    assert.deepEqual(again.takeChanged(), []);
    sums.clear();
    assert.equal(sums.memoryBytes(), 0);
  });
});
