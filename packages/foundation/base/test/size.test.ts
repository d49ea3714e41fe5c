import { describe, expect, test } from "vitest";
import { formatSize, parsePercent, parseSize, snakeCase, TierError } from "../src/index.js";

describe("sizes", () => {
  test.each([
    ["4096", 4096],
    ["64MiB", 64 * 2 ** 20],
    ["1.5 GiB", 1.5 * 2 ** 30],
    ["0", 0],
    [8192, 8192],
    ["12B", 12],
  ])("reads %s", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(["64MB", "64mib", "-1", "", "1e9", "12 apples", "MiB", "99999999TiB"])("refuses %s, naming it", (text) => {
    expect(() => parseSize(text, "memory")).toThrow(expect.objectContaining({ code: "BAD_SIZE" }) as Error);
    expect(() => parseSize(text, "memory")).toThrow(/^memory is /);
  });

  test("guesses the unit that was meant", () => {
    expect(() => parseSize("64MB")).toThrow(/Did you mean 64MiB\?/);
  });

  test.each([
    [12, "12 B"],
    [1536, "1.5 KiB"],
    [2 ** 20, "1 MiB"],
    [300 * 2 ** 20, "300 MiB"],
    [5 * 2 ** 40, "5 TiB"],
  ])("writes %d", (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  test("reads percentages and refuses what is none", () => {
    expect(parsePercent("20%")).toBe(20);
    expect(parsePercent(7.5)).toBe(7.5);
    for (const text of ["101", "-1%", "many", ""]) {
      expect(() => parsePercent(text)).toThrow(expect.objectContaining({ code: "BAD_PERCENT" }) as Error);
    }
  });
});

describe("errors", () => {
  test("are told by their brand and code, also across copies of this package", () => {
    const error = new TierError("STORE_IO", "the disk is gone.", { path: "/x" });
    expect(TierError.is(error)).toBe(true);
    expect(TierError.is(error, "STORE_IO")).toBe(true);
    expect(TierError.is(error, "STORE_CLOSED")).toBe(false);
    expect(TierError.is(new Error("plain"))).toBe(false);
    expect(TierError.is(undefined)).toBe(false);
    const fromAnotherCopy = { [Symbol.for("@pagetier/base/TierError")]: true, code: "STORE_IO" };
    expect(TierError.is(fromAnotherCopy, "STORE_IO")).toBe(true);
  });
});

test("counters are written as kernel developers know them", () => {
  expect(snakeCase("poolLimitHit")).toBe("pool_limit_hit");
});
