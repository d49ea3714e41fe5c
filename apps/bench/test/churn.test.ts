import { expect, test } from "vitest";
import { ALLOCATORS, measureChurn, OBJECTS } from "../src/suites/churn-history.js";
import { churnMarkdown } from "../src/suites/churn-markdown.js";
import { allOf, ofLengths } from "../src/suites/size-distributions.js";

test("two objects per frame: what zbud holds, and gives back, follows from counting", () => {
  const result = measureChurn(ALLOCATORS.zbud!, allOf(1300), 1);
  const half = (OBJECTS / 2) * 4096;
  expect(result.fresh).toBe(half / (OBJECTS * 1300));
  expect(result.random.asIs).toBe(result.fresh);
  expect(result.growShrink.compacted).toBe(result.fresh);
  expect(result.returnedOldestFirst).toEqual([0.25, 0.5, 0.75]);
  // A frame comes back when both its objects went: about the square of the share that went.
  for (const [index, share] of [0.25, 0.5, 0.75].entries()) {
    expect(result.returnedRandom[index]).toBeCloseTo(share * share, 1);
  }
});

test("compaction gives zsmalloc's frames back as fast as its objects go", () => {
  const result = measureChurn(ALLOCATORS.zsmalloc!, allOf(2100), 1);
  expect(result.returnedRandom[1]).toBeLessThan(0.1);
  for (const [index, share] of [0.25, 0.5, 0.75].entries()) {
    expect(result.returnedRandomCompacted[index]).toBeCloseTo(share, 1);
  }
});

test("recorded lengths: same-filled pages take nothing, what does not fit is kept raw", () => {
  const { draw } = ofLengths("recorded", Uint16Array.of(0, 65535, 0));
  expect(draw({ u32: () => 0, below: () => 0, unit: () => 0 })).toBe(4096);
});

test("the tables have a line per distribution and a column per allocator", () => {
  const results = [measureChurn(ALLOCATORS.kmalloc!, allOf(2700), 1)];
  const text = churnMarkdown([
    { distribution: "all 2700", allocator: "kmalloc", results },
    { distribution: "all 2700", allocator: "again", results },
  ]);
  expect(text).toContain("| sizes | kmalloc | again |");
  expect(text).toContain("| all 2700 | 1.52 | 1.52 |");
  expect(text).toContain("| all 2700 | 25/50/75 | 25/50/75 |");
});
