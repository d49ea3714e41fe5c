import { describe, expect, test } from "vitest";
import { formatNumber, formatTick, roundTicks } from "../src/chart/format.js";
import { fileName, idOf, listed, more, name, share } from "../src/words.js";

const spaced = (text: string): string => text.replaceAll("\u00a0", " ");

describe("numbers for people", () => {
  test.each([
    [0, "count", "0"],
    [1234567, "count", "1,234,567"],
    [0, "bytes", "0 B"],
    [4096, "bytes", "4 KiB"],
    [41943040, "bytes", "40 MiB"],
    [0.396, "percent", "39.6 %"],
    [0.5, "milliseconds", "500 µs"],
    [75_500, "milliseconds", "1 min 16 s"],
    [81_920, "nanoseconds", "81.9 µs"],
    [999, "nanoseconds", "999 ns"],
    [3.183, "ratio", "3.18 : 1"],
    [2.4e7, "perSecond", "24 M/s"],
    [0.004, "decimal", "0.0040"],
    [1000, "percentile", "99.9 %"],
    [1, "percentile", "0 %"],
    [Number.NaN, "count", "–"],
  ] as const)("%d as %s is %s", (value, format, text) => {
    expect(spaced(formatNumber(value, format))).toBe(text);
  });

  test("axes cut large counts and idle zeros", () => {
    expect(spaced(formatTick(12_000, "count"))).toBe("12 k");
    expect(spaced(formatTick(2.5, "decimal"))).toBe("2.5");
    expect(spaced(formatTick(2000, "milliseconds"))).toBe("2 s");
    expect(formatTick(0, "bytes")).toBe("0");
    expect(spaced(formatTick(100, "decimal"))).toBe("100");
  });

  test("axes of bytes and of percentiles have their own round numbers", () => {
    const mebi = 2 ** 20;
    expect(roundTicks([0, 84 * mebi], { label: "", format: "bytes" }, 5)).toEqual(
      [0, 20, 40, 60, 80].map((n) => n * mebi),
    );
    expect(roundTicks([1, 1200], { label: "", format: "percentile" }, 9)).toEqual([1, 2, 10, 100, 1000]);
    expect(roundTicks([1, 1200], { label: "", format: "percentile" }, 3)).toEqual([10, 100, 1000]);
    expect(roundTicks([0.04, 0.9], { label: "", format: "percent", log: true }, 7)).toEqual([0.05, 0.1, 0.2, 0.5]);
    expect(roundTicks([20, 20_000], { label: "", format: "count", log: true }, 3)).toEqual([100, 1000, 10_000]);
    expect(roundTicks([0, 10], { label: "", format: "count" }, 5)).toBeUndefined();
  });
});

test("lists read as people write them", () => {
  expect(listed([])).toBe("");
  expect(listed(["a"])).toBe("a");
  expect(listed(["a", "b"])).toBe("a and b");
  expect(listed(["a", "b", "c"])).toBe("a, b and c");
});

test("shares never round something to nothing or to everything", () => {
  expect(spaced(share(0, 10))).toBe("0 %");
  expect(spaced(share(1, 1000))).toBe("less than 1 %");
  expect(spaced(share(999, 1000))).toBe("more than 99 %");
  expect(spaced(share(10, 10))).toBe("100 %");
  expect(share(0, 0)).toBe("none");
});

test("how much more is said in percent, and from twice on in times", () => {
  expect(spaced(more(154, 100))).toBe("54 % more");
  expect(more(100, 100)).toBe("as many");
  expect(more(250, 100)).toBe("2.5 times as many");
  expect(spaced(more(1001, 1000, "much"))).toBe("less than 1 % more");
  expect(more(5, 0)).toBe("more");
});

test("a name keeps to its marks, whatever it holds", () => {
  expect(name("none")).toBe("`none`");
  expect(name("a`b")).toBe("`a'b`");
  expect(fileName("/a/b/t.u32.gz")).toBe("t.u32.gz");
  expect(idOf("zsmalloc:chainPages=4, é")).toBe("zsmalloc-chainpages-4");
});
