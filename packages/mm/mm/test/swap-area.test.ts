import { PAGE_SIZE } from "@pagetier/base";
import { MemoryStore } from "@pagetier/store-memory";
import { describe, expect, test } from "vitest";
import type { PageId } from "../src/space.js";
import { SwapArea } from "../src/swap-area.js";

function area(pages?: number, io: "now" | "async" = "async"): SwapArea {
  const store = new MemoryStore({ size: pages === undefined ? "auto" : pages * PAGE_SIZE });
  const made = new SwapArea(0, { store, name: "memory", priority: 3, io });
  made.open();
  return made;
}

const id = (number: number): PageId => number as PageId;

describe("a swap area", () => {
  test("has as many slots as its store has pages, less the header", () => {
    const small = area(5);
    expect([1, 2, 3, 4, 5].map((page) => small.take(id(page)))).toEqual([1, 2, 3, 4, 0]);
    expect([small.free, small.inUse]).toEqual([0, 4]);
    small.verify(() => true);
    expect(area(1).take(id(1))).toBe(0);
    expect(area().free).toBe(Number.POSITIVE_INFINITY);
  });

  test("has none before its store is open", () => {
    const closed = new SwapArea(0, { store: new MemoryStore(), name: "memory", priority: 0, io: "now" });
    expect([closed.take(id(1)), closed.free, closed.now]).toEqual([0, 0, undefined]);
    closed.open();
    expect(closed.now).toBeDefined();
    expect(area(4).now).toBeUndefined();
  });

  test("knows whose slot it is", () => {
    const some = area(10);
    const offset = some.take(id(77));
    expect([some.pageOf(offset), some.pageOf(offset + 1), some.pageOf(5000)]).toEqual([77, undefined, undefined]);
    some.give(offset);
    expect(some.pageOf(offset)).toBeUndefined();
    expect(() => some.give(offset)).toThrow(/was taken/);
  });

  test("searches next-fit: slots that are taken one after the other lie side by side", () => {
    const some = area(101);
    for (let page = 0; page < 100; page++) some.take(id(page));
    for (let offset = 20; offset < 40; offset++) some.give(offset);
    for (let offset = 60; offset < 70; offset++) some.give(offset);
    expect(Array.from({ length: 30 }, () => some.take(id(1)))).toEqual([
      ...Array.from({ length: 20 }, (_none, index) => 20 + index),
      ...Array.from({ length: 10 }, (_none, index) => 60 + index),
    ]);
    expect(some.take(id(1))).toBe(0);
    some.verify(() => true);
  });

  test("grows while few of its slots are free, and fills holes when they are many", () => {
    const some = area();
    for (let page = 0; page < 1000; page++) some.take(id(page));
    for (let offset = 1; offset <= 100; offset++) some.give(offset);
    expect(some.take(id(1))).toBe(1001); // A tenth is free: looking for it costs more than it gains.
    for (let offset = 101; offset <= 600; offset++) some.give(offset);
    const taken = Array.from({ length: 300 }, () => some.take(id(1)));
    expect(Math.max(...taken)).toBeLessThanOrEqual(1001);
    some.verify(() => true);
  });

  test("a slot that is given back while in flight is free when its I/O ends, not before", () => {
    const some = area(3);
    const offset = some.take(id(1));
    some.take(id(2));
    some.startIo(offset);
    expect(some.isBusy(offset)).toBe(true);
    some.give(offset);
    expect([some.pageOf(offset), some.take(id(3)), some.inUse]).toEqual([undefined, 0, 2]);
    some.verify(() => true);
    expect(some.endIo(offset)).toBe(false);
    expect([some.take(id(3)), some.isBusy(offset)]).toEqual([offset, false]);
    some.startIo(offset);
    expect(some.endIo(offset)).toBe(true);
    some.verify(() => true);
  });

  test("counts what the device holds", () => {
    const some = area(10);
    const [a, b] = [some.take(id(1)), some.take(id(2))];
    some.markOnDevice(a);
    some.markOnDevice(a);
    some.markOnDevice(b);
    expect([some.onDevice, some.isOnDevice(a)]).toEqual([2, true]);
    some.give(a);
    some.startIo(b);
    some.give(b);
    expect(some.onDevice).toBe(0);
    some.endIo(b);
    some.verify(() => true);
  });

  test("gives out no slot while its device is full, until one is given back or a while has passed", () => {
    const some = area(1000);
    const held = some.take(id(1));
    some.markOnDevice(held);
    some.markFull();
    expect([some.take(id(2)), some.free, some.canWrite, some.isFull]).toEqual([0, 0, false, true]);
    some.give(held);
    expect([some.take(id(2)), some.isFull]).toEqual([held, false]);
    some.markFull();
    some.give(held); // It was never written this time, and gives no room back.
    expect(some.isFull).toBe(true);
    const takes = Array.from({ length: 300 }, () => some.take(id(3)));
    expect(takes.findIndex((offset) => offset !== 0)).toBe(255);
    some.markFull(); // In vain: the next try comes later.
    const more = Array.from({ length: 600 }, () => some.take(id(3)));
    expect(more.findIndex((offset) => offset !== 0)).toBe(511);
    some.verify(() => true);
  });

  test("lists what the store may forget: slots that were written and are free", () => {
    const some = area(20);
    const slots = Array.from({ length: 10 }, (_none, page) => some.take(id(page)));
    for (const offset of slots.slice(0, 6)) some.markOnDevice(offset);
    for (const offset of slots) some.give(offset);
    expect(some.takeDiscards()).toEqual(slots.slice(0, 6));
    expect(some.takeDiscards()).toEqual([]);
  });

  test("a slot is not given out while the store forgets it, and may be before", () => {
    const some = area(3);
    const [a, b] = [some.take(id(1)), some.take(id(2))];
    for (const offset of [a, b]) some.markOnDevice(offset);
    for (const offset of [a, b]) some.give(offset);
    expect(some.take(id(3))).toBe(a); // Before: there is nothing to discard then.
    const discards = some.takeDiscards();
    expect(discards).toEqual([b]);
    expect([some.take(id(4)), some.inUse]).toEqual([0, 2]);
    some.verify(() => true);
    some.endDiscard(discards);
    expect(some.take(id(4))).toBe(b);
    some.verify(() => true);
  });

  test("a slot that was freed, taken and freed again is discarded once", () => {
    const some = area(2);
    for (let round = 0; round < 3; round++) {
      const offset = some.take(id(1));
      some.markOnDevice(offset);
      some.give(offset);
    }
    expect(some.takeDiscards()).toEqual([1]);
    some.endDiscard([1]);
    some.verify(() => true);
  });
});
