import { createPrng, PAGE_SIZE } from "@pagetier/base";
import { expect, test } from "vitest";
import { evictionMarkdown } from "../src/suites/eviction-markdown.js";
import { ALLOCATORS, bounds, replayOrder, type Workload } from "../src/suites/eviction-orders.js";

/** Pages of which a third is noise, requested with preference for low numbers. */
function workload(): Workload {
  const prng = createPrng(5);
  const contents = Array.from({ length: 64 }, () => {
    const page = new Uint8Array(PAGE_SIZE);
    for (let index = 0; index < PAGE_SIZE / 3; index++) page[index] = prng.u32() & 255;
    return page;
  });
  const ids = Uint32Array.from({ length: 12_000 }, () => Math.floor(1500 * prng.unit() ** 3));
  return { ids, objects: 1500, contents };
}

test("a zcache reads less from the file than none and more than one with room for everything, in any order", () => {
  const load = workload();
  const { floor, ceiling } = bounds(load);
  for (const allocator of Object.keys(ALLOCATORS)) {
    for (const order of ["object-lru", "group-lru", "emptiest-group", "hybrid", "random"] as const) {
      const { fileReads, zpagesThrownAway, framesFreed, wantedAgain } = replayOrder(load, allocator, order, true);
      expect(fileReads, `${allocator}, ${order}`).toBeLessThan(floor);
      expect(fileReads).toBeGreaterThan(ceiling);
      expect(zpagesThrownAway).toBeGreaterThan(0);
      expect(framesFreed).toBeGreaterThan(0);
      expect(wantedAgain).toBeLessThanOrEqual(zpagesThrownAway);
    }
  }
});

test("two zpages per frame: a group of zbud costs two at most", () => {
  const { zpagesThrownAway, framesFreed } = replayOrder(workload(), "zbud", "group-lru", true);
  expect(zpagesThrownAway / framesFreed).toBeLessThanOrEqual(2);
  expect(zpagesThrownAway / framesFreed).toBeGreaterThan(1.8);
});

test("the table has a line per allocator, a column per order, and says what each cost", () => {
  const result = { allocator: "zbud", order: "hybrid", compaction: true } as const;
  const numbers = { fileReads: 50, zpagesThrownAway: 30, framesFreed: 20, wantedAgain: 6 };
  const text = evictionMarkdown("a trace", 1000, { floor: 100, ceiling: 10 }, [
    { ...result, ...numbers },
    { ...result, ...numbers, order: "object-lru", compaction: false },
  ]);
  expect(text).toContain("100.0 without zcache, 10.0 with room for everything");
  expect(text).toContain("| allocator | hybrid | object-lru, not compacted |");
  expect(text).toContain("| zbud | 50.0 · 1.50 · 20 % | 50.0 · 1.50 · 20 % |");
});
