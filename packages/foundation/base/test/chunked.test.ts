import { describe, expect, test } from "vitest";
import { type Accountant, ChunkedBytes, ChunkedWords } from "../src/index.js";

/** Pays up to a limit. */
class Purse implements Accountant {
  spent = 0;
  constructor(readonly limit: number) {}
  charge(bytes: number): boolean {
    if (this.spent + bytes > this.limit) return false;
    this.spent += bytes;
    return true;
  }
  uncharge(bytes: number): void {
    this.spent -= bytes;
  }
}

describe.each([
  ["words", ChunkedWords, 0xffff_ffff, 4],
  ["bytes", ChunkedBytes, 0xff, 1],
] as const)("a chunked table of %s", (_name, Table, largest, width) => {
  test("keeps what was set, across chunks, and starts as zeroes", () => {
    const table = new Table();
    expect(table.ensure(10_000)).toBe(true);
    for (const index of [0, 1, 4095, 4096, 9_999]) {
      expect(table.get(index)).toBe(0);
      table.set(index, largest);
      expect(table.get(index)).toBe(largest);
    }
    expect(table.get(2)).toBe(0);
  });

  test("grows without losing what is there", () => {
    const table = new Table();
    table.ensure(1);
    table.set(0, 7);
    table.ensure(100_000);
    expect(table.get(0)).toBe(7);
    expect(table.capacity).toBeGreaterThanOrEqual(100_000);
  });

  test("charges by the chunk, and changes nothing when it is refused", () => {
    const purse = new Purse(2 * 4096 * width);
    const table = new Table(purse);
    expect(table.ensure(4097)).toBe(true);
    expect(purse.spent).toBe(2 * 4096 * width);
    table.set(4096, 9);
    expect(table.ensure(8193)).toBe(false);
    expect(table.capacity).toBe(8192);
    expect(table.get(4096)).toBe(9);
    expect(table.bytes).toBe(purse.spent);
    table.release();
    expect(purse.spent).toBe(0);
    expect(table.capacity).toBe(0);
  });
});
