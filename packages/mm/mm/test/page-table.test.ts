import type { Frame } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import { DIRTY, PageTable, REFERENCED, WRITEBACK } from "../src/page-table.js";
import type { PageId } from "../src/space.js";
import { areaOf, isSlot, NO_SLOT, offsetOf, slotOf } from "../src/swap-slot.js";

const frame = (number: number): Frame => number as Frame;
const plus = (base: PageId, pages: number): PageId => (base + pages) as PageId;

describe("a swap slot in a word", () => {
  test("keeps area and offset, and is no frame", () => {
    for (const [area, offset] of [
      [0, 1],
      [0, 2 ** 26 - 1],
      [31, 1],
      [31, 2 ** 26 - 1],
      [17, 12_345],
    ] as const) {
      const slot = slotOf(area, offset);
      expect([areaOf(slot), offsetOf(slot), isSlot(slot)]).toEqual([area, offset, true]);
      expect(slot).toBeLessThan(2 ** 32);
    }
    expect(isSlot(2 ** 22)).toBe(false); // The highest frame.
    expect(isSlot(0)).toBe(false);
  });
});

describe("the page table", () => {
  test("follows a page from nowhere into a frame, into a slot, and back", () => {
    const table = new PageTable();
    const page = plus(table.reserve(10), 3);
    expect(table.word(page)).toBe(0);
    table.map(page, frame(7), NO_SLOT);
    expect([table.frame(page), table.pageOf(frame(7)), table.has(frame(7), DIRTY)]).toEqual([7, page, true]);
    expect([table.resident, table.swapped]).toEqual([1, 0]);
    table.verify(
      (each) => each === page,
      () => false,
    );
    const slot = slotOf(2, 99);
    expect(table.unmap(page, slot)).toBe(7);
    expect([table.frame(page), table.word(page), table.pageOf(frame(7))]).toEqual([0, slot, undefined]);
    expect([table.resident, table.swapped]).toEqual([0, 1]);
    table.verify(
      () => false,
      () => false,
    );
    table.map(page, frame(9), slot);
    expect([table.slotOf(frame(9)), table.has(frame(9), DIRTY)]).toEqual([slot, false]);
    table.unmap(page, NO_SLOT);
    expect([table.resident, table.swapped, table.word(page)]).toEqual([0, 0, 0]);
    table.verify(
      () => false,
      () => false,
    );
  });

  test("forgets a page that is swapped out", () => {
    const table = new PageTable();
    const page = table.reserve(1);
    table.map(page, frame(1), NO_SLOT);
    table.unmap(page, slotOf(0, 1));
    table.clearSlot(page);
    expect([table.word(page), table.swapped]).toEqual([0, 0]);
    expect(() => table.clearSlot(page)).toThrow(/swapped out/);
  });

  test("moves a page with all that is known about it", () => {
    const table = new PageTable();
    const base = table.reserve(3);
    table.map(base, frame(5000), NO_SLOT);
    table.map(plus(base, 1), frame(5001), slotOf(0, 4));
    table.move(frame(5000), frame(1));
    table.move(frame(5001), frame(9000));
    expect([table.frame(base), table.has(frame(1), DIRTY), table.pageOf(frame(5000))]).toEqual([1, true, undefined]);
    expect([table.slotOf(frame(9000)), table.has(frame(9000), DIRTY)]).toEqual([slotOf(0, 4), false]);
    table.verify(
      () => true,
      () => false,
    );
    expect(() => table.move(frame(5000), frame(2))).toThrow(/holds a page/);
  });

  test("sets and clears flags one by one", () => {
    const table = new PageTable();
    table.map(table.reserve(1), frame(1), slotOf(0, 1));
    table.set(frame(1), WRITEBACK);
    table.set(frame(1), REFERENCED);
    table.clear(frame(1), WRITEBACK);
    expect([DIRTY, WRITEBACK, REFERENCED].map((flag) => table.has(frame(1), flag))).toEqual([false, false, true]);
  });

  test("gives numbers of closed spaces out again, merged with their neighbours", () => {
    const table = new PageTable();
    const [a, b, c] = [table.reserve(10), table.reserve(20), table.reserve(30)];
    const last = table.reserve(1);
    expect([a, b, c, last]).toEqual([0, 10, 30, 60]);
    table.release(b, 20);
    expect(table.reserve(21)).toBe(61);
    expect(table.reserve(5)).toBe(10);
    table.release(a, 10);
    table.release(c, 30);
    table.release(plus(b, 0), 5); // All three are one range now.
    expect(table.reserve(60)).toBe(0);
  });

  test("numbers at the end are forgotten, in whatever order they come back", () => {
    const table = new PageTable();
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
      [1, 2, 0],
    ]) {
      const bases = [table.reserve(100), table.reserve(50), table.reserve(7)];
      const sizes = [100, 50, 7];
      for (const index of order) table.release(bases[index]!, sizes[index]!);
    }
    for (let pages = 1; pages < 200; pages++) {
      const base = table.reserve(pages);
      expect(base).toBe(0);
      table.release(base, pages);
    }
    expect(table.addressingBytes()).toBe(4096 * 4);
  });
});
