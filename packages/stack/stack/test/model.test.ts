// Some seeds of the model of whole stacks; `node scripts/model.mjs --seeds N` runs as many as you like.

import { fileURLToPath } from "node:url";
import { legalCombinations, nameOf, runModel } from "@pagetier/stack/model";
import { describe, expect, test } from "vitest";

const fallbacks = [fileURLToPath(new URL("../../../../apps/cli/", import.meta.url))];
/** Coprime to the number of combinations, so that neighbours differ in every choice. */
const STEP = 7;
const SEEDS = 20;

describe("combinations", () => {
  test("all are different, and every value of every choice is in some", () => {
    const combinations = legalCombinations();
    expect(new Set(combinations.map(nameOf)).size).toBe(combinations.length);
    expect(combinations.length % STEP).not.toBe(0);
    for (const [key, values] of Object.entries({
      engine: ["classic", "shrinkers"],
      trigger: ["hooks", "shrinker", "completion"],
      write: ["back", "through"],
      poolFull: ["writeback-lru", "refuse", "drop-clean"],
      poolSizing: ["mm", "shrinker", "both", "fixed"],
      swapSlots: ["device", "virtual"],
    })) {
      for (const value of values)
        expect(combinations.filter((each) => each[key as keyof typeof each] === value).length).toBeGreaterThan(10);
    }
  });
});

describe("a stack under a store that fails, with several callers, agrees with a map of pages", () => {
  for (let seed = 1; seed <= SEEDS * STEP; seed += STEP) {
    test(`seed ${seed}`, async () => {
      const run = await runModel(seed, { stack: { fallbacks } });
      expect(run.accesses).toBeGreaterThan(300);
    });
  }

  test("a seed runs the same way every time", async () => {
    const once = await runModel(3, { stack: { fallbacks } });
    expect(await runModel(3, { stack: { fallbacks } })).toEqual(once);
  });
});
