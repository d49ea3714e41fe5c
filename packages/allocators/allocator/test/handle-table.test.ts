import { AssertionError } from "@pagetier/base";
import { PageFrames } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import { type Handle, HandleTable, positionIn, sizeIn, WordTable } from "../src/index.js";

describe("handles", () => {
  test("lead to place, position and size until they are retired", () => {
    const table = new HandleTable(new PageFrames({ budgetBytes: 1 << 20 }));
    const handles = Array.from({ length: 3000 }, (_, index) => {
      expect(table.reserve()).toBe(true);
      return table.issue(1 + index * 1000, index * 100, 1 + index);
    });
    for (const [index, handle] of handles.entries()) {
      expect(table.place(handle)).toBe(1 + index * 1000);
      expect(positionIn(table.detail(handle))).toBe(index * 100);
      expect(sizeIn(table.detail(handle))).toBe(1 + index);
    }
    table.move(handles[7]!, 4_000_000_000, 524_287);
    expect(table.place(handles[7]!)).toBe(4_000_000_000);
    expect(positionIn(table.detail(handles[7]!))).toBe(524_287);
    expect(sizeIn(table.detail(handles[7]!))).toBe(8);
    table.retire(handles[5]!);
    expect(table.isLive(handles[5]!)).toBe(false);
    expect(() => table.detail(handles[5]!)).toThrow(AssertionError);
    expect(() => table.detail(99_999 as Handle)).toThrow(AssertionError);
    expect(table.issue(9, 9, 9)).toBe(handles[5]);
    table.verify();
  });

  test("cost nothing once they are all retired, but one chunk", () => {
    const frames = new PageFrames({ budgetBytes: 1 << 20 });
    const table = new HandleTable(frames);
    for (let round = 0; round < 3; round++) {
      const handles = Array.from({ length: 5000 }, () => {
        table.reserve();
        return table.issue(1, 1, 1);
      });
      expect(frames.chargedBytes).toBe(table.bytes);
      expect(table.bytes).toBe(40_960);
      for (const handle of handles) table.retire(handle);
      expect(table.bytes).toBe(4096);
      table.verify();
    }
    table.release();
    expect(frames.chargedBytes).toBe(0);
  });

  test("are refused when the budget has no room", () => {
    const frames = new PageFrames({ budgetBytes: 1 << 20 });
    const table = new HandleTable(frames);
    while (frames.charge(1000));
    expect(table.reserve()).toBe(false);
    expect(table.bytes).toBe(0);
  });
});

describe("word tables", () => {
  test("grow by chunks, keep what they hold, and shrink to one", () => {
    const frames = new PageFrames({ budgetBytes: 1 << 20 });
    const table = new WordTable(frames);
    expect(table.ensure(1)).toBe(true);
    expect(table.capacity).toBe(1024);
    table.set(1023, 0xffffffff);
    expect(table.ensure(2049)).toBe(true);
    expect(table.capacity).toBe(3072);
    expect(table.get(1023)).toBe(0xffffffff);
    expect(table.get(2048)).toBe(0);
    table.trim();
    expect(table.capacity).toBe(1024);
    expect(table.get(1023)).toBe(0xffffffff);
    expect(frames.chargedBytes).toBe(4096);
    expect(table.ensure(1 << 24)).toBe(false);
    expect(table.capacity).toBe(1024);
  });
});
