import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { SlotSet } from "../src/slot-set.js";

// Near the borders of words and blocks, and far apart.
const slot = fc.oneof(
  { weight: 4, arbitrary: fc.nat(70) },
  { weight: 2, arbitrary: fc.integer({ min: 32_760, max: 32_800 }) },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 41 - 1, 2 ** 33, 65_535, 65_536) },
);

describe("SlotSet", () => {
  test("is a set of numbers that knows its highest", () => {
    const steps = fc.array(fc.record({ add: fc.nat(70), slot }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 31, 32, 33, 32_767, 32_768, 32_769), steps, (start, list) => {
        const set = new SlotSet();
        set.addBelow(start);
        const model = new Set(Array.from({ length: start }, (_, index) => index));
        for (const step of list) {
          if (step.add > 30) {
            const count = step.add - 30; // Up to 40 slots: over the borders of words and blocks.
            if (count === 1) set.add(step.slot);
            else set.addRun(step.slot, count);
            for (let member = step.slot; member < step.slot + count; member++) model.add(member);
          } else {
            assert.equal(set.delete(step.slot), model.delete(step.slot));
          }
          assert.equal(set.has(step.slot), model.has(step.slot));
          let run = 0;
          while (run < 70 && model.has(step.slot + run)) run++;
          assert.equal(set.run(step.slot, 70), run);
          assert.equal(set.run(step.slot, 3), Math.min(run, 3));
        }
        assert.equal(set.size, model.size);
        let highest = -1;
        for (const member of model) highest = Math.max(highest, member);
        assert.equal(set.highest(), highest);
      }),
      { numRuns: 60 },
    );
  });

  test("takes no memory when it is empty again", () => {
    const set = new SlotSet();
    for (const member of [0, 40_000, 2 ** 40]) set.add(member);
    assert.equal(set.memoryBytes(), 3 * 4096);
    for (const member of [0, 40_000, 2 ** 40]) set.delete(member);
    assert.equal(set.memoryBytes(), 0);
    assert.equal(set.highest(), -1);
  });
});
