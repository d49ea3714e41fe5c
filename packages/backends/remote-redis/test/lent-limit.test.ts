import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { LentLimit, type MemoryLook } from "../src/lender/index.js";

const MIB = 2 ** 20;
const OPTIONS = { memoryBytes: 800 * MIB, keepFreeBytes: 1000 * MIB };

const at = (availableMib: number, stallShare?: number): MemoryLook => ({
  availableBytes: availableMib * MIB,
  stallShare,
});
const AT_EASE = at(4000, 0);
const BLIND: MemoryLook = { availableBytes: undefined, stallShare: undefined };

/** A limit after its first look, on a machine at ease. */
function limitAtEase(): LentLimit {
  const limit = new LentLimit(OPTIONS);
  limit.decide(AT_EASE, 0);
  return limit;
}

describe("the lent limit", () => {
  test("begins with what the machine can do without, and no more than it was told", () => {
    const cases: [MemoryLook, number, number][] = [
      [at(4000), 0, 800],
      [at(1500), 0, 250], // Beyond 1.25 times what it keeps.
      [at(1500), 100, 350], // What is used already is the machine's no more.
      [at(900), 0, 0],
      [BLIND, 100, 100],
    ];
    for (const [look, usedMib, wantedMib] of cases) {
      const limit = new LentLimit(OPTIONS);
      limit.decide(look, usedMib * MIB);
      assert.equal(limit.wantedBytes, wantedMib * MIB);
    }
  });

  test("shrinks at once when memory is short: by what is missing, within bounds, from what is used", () => {
    const cases: [MemoryLook, number, number][] = [
      [at(999), 800, 700], // An eighth at least,
      [at(850), 800, 650], // what is missing,
      [at(100), 800, 600], // a quarter at most.
      [at(999), 300, 200],
      [at(999), 50, 0],
      [at(4000, 0.1), 800, 700], // Tasks wait, whatever is available.
    ];
    for (const [look, usedMib, wantedMib] of cases) {
      const limit = limitAtEase();
      assert.equal(limit.decide(look, usedMib * MIB), "shrink");
      assert.equal(limit.wantedBytes, wantedMib * MIB);
    }
  });

  test("stays where it is between pressure and ease", () => {
    const limit = limitAtEase();
    for (const look of [at(1001), at(1249), at(1100, 0.09), at(4000, 0.05)]) {
      for (let looks = 0; looks < 20; looks++) assert.equal(limit.decide(look, 800 * MIB), "hold");
    }
    assert.equal(limit.wantedBytes, 800 * MIB);
  });

  test("grows back slowly, after five looks at ease, and by no more than the machine has", () => {
    const limit = limitAtEase();
    limit.decide(at(100), 800 * MIB);
    const moves = Array.from({ length: 9 }, () => limit.decide(AT_EASE, 600 * MIB));
    assert.deepEqual(moves, ["hold", "hold", "hold", "hold", "grow", "grow", "grow", "grow", "hold"]);
    assert.equal(limit.wantedBytes, 800 * MIB);
    limit.decide(at(100), 800 * MIB);
    for (let looks = 0; looks < 20; looks++) limit.decide(at(1270, 0), 600 * MIB);
    assert.equal(limit.wantedBytes, 620 * MIB);
  });

  test("a moment of pressure begins the waiting anew", () => {
    const limit = limitAtEase();
    limit.decide(at(100), 800 * MIB);
    for (let looks = 0; looks < 4; looks++) limit.decide(AT_EASE, 600 * MIB);
    limit.decide(at(1100, 0.05), 600 * MIB);
    for (let looks = 0; looks < 4; looks++) assert.equal(limit.decide(AT_EASE, 600 * MIB), "hold");
    assert.equal(limit.decide(AT_EASE, 600 * MIB), "grow");
  });

  test("a machine of which nothing is known lends no more, and after five looks ever less", () => {
    const limit = limitAtEase();
    for (let looks = 0; looks < 4; looks++) assert.equal(limit.decide(BLIND, 800 * MIB), "hold");
    for (let looks = 0; looks < 8; looks++) assert.equal(limit.decide(BLIND, limit.wantedBytes), "shrink");
    assert.equal(limit.wantedBytes, 0);
  });

  test("is always between nothing and what it was told, whatever happens", () => {
    const look = fc.record({
      availableBytes: fc.option(fc.nat(5000 * MIB), { nil: undefined }),
      stallShare: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(look, fc.nat(900 * MIB)), { maxLength: 40 }), (steps) => {
        const limit = new LentLimit(OPTIONS);
        for (const [seen, used] of steps) {
          const before = limit.wantedBytes;
          const move = limit.decide(seen, used);
          assert.ok(Number.isInteger(limit.wantedBytes) && limit.wantedBytes >= 0);
          assert.ok(limit.wantedBytes <= OPTIONS.memoryBytes);
          if (move === "hold") assert.equal(limit.wantedBytes, before);
          if (move === "shrink") assert.ok(limit.wantedBytes <= before);
        }
      }),
    );
  });
});
