import { SHRINK_EMPTY, SHRINK_STOP, ShrinkerRegistry } from "@pagetier/shrinker";
import { describe, expect, test } from "vitest";
import { LruShrinker } from "../src/lru-shrinker.js";
import type { SwapOutcome } from "../src/swap.js";

/** A list of so many pages, and what it was asked to send out. */
function listOf(pages: number, outcome: (page: number) => SwapOutcome = () => "freed") {
  const list = new LruShrinker("pages", { batch: 4 });
  const asked: number[] = [];
  list.connect((page) => {
    asked.push(page);
    return outcome(page);
  });
  for (let page = 0; page < pages; page++) list.admit(page);
  const control = { nrToScan: 0, priority: 0, mayIo: true, mayFs: true, nrScanned: 0, framesFreed: 0, submitted: 0 };
  const scan = (nrToScan: number): number => {
    Object.assign(control, { nrToScan, nrScanned: nrToScan, framesFreed: 0, submitted: 0 });
    return list.scanObjects(control);
  };
  return { list, asked, control, scan };
}

describe("a page list that is a shrinker", () => {
  test("counts its pages, and says when there are none", () => {
    const { list } = listOf(3);
    expect(list.countObjects()).toBe(3);
    for (const page of [0, 1, 2]) list.remove(page);
    expect(list.countObjects()).toBe(SHRINK_EMPTY);
  });

  test("frees the oldest unused pages, and spares a used one once", () => {
    const { list, asked, control, scan } = listOf(6);
    list.hit(1);
    expect(scan(4)).toBe(3);
    expect(asked).toEqual([0, 2, 3]);
    expect(control).toMatchObject({ nrScanned: 4, framesFreed: 3, submitted: 0 });
    expect(scan(4)).toBe(3);
    expect(asked.slice(3)).toEqual([4, 5, 1]);
    list.verify();
  });

  test("a page that is being written is gone from the list and counts as submitted, not as freed", () => {
    const { list, control, scan } = listOf(4, (page) => (page % 2 === 0 ? "queued" : "freed"));
    expect(scan(4)).toBe(2);
    expect(control).toMatchObject({ nrScanned: 4, framesFreed: 2, submitted: 2 });
    expect(list.size).toBe(0);
    list.rotate(2); // Its write failed.
    expect(list.has(2)).toBe(true);
  });

  test("stops when nothing can leave, having looked at few", () => {
    const { list, asked, scan } = listOf(40, () => "kept");
    expect(scan(40)).toBe(SHRINK_STOP);
    expect(asked.length).toBeLessThan(8);
    expect(list.size).toBe(40);
    list.verify();
  });

  test("the registry's arithmetic drives it: nothing below a batch, twice the list at most", () => {
    const { list, asked } = listOf(64);
    const registry = new ShrinkerRegistry();
    registry.register(list);
    registry.shrink(12, true, true); // 64 >> 12 = 0
    expect(asked).toHaveLength(0);
    registry.shrink(4, true, true); // (64 >> 4) × 4 / 2 = 8
    expect(asked).toHaveLength(8);
    registry.shrink(0, true, true);
    expect(list.size).toBe(0);
  });
});
