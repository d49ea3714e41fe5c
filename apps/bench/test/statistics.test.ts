import { describe, expect, test } from "vitest";
import { compareResults } from "../src/compare.js";
import { type BenchResult, RESULT_FORMAT } from "../src/result-file.js";
import { estimate, median, pairedDifference, quantile, ratioOfMedians } from "../src/statistics.js";
import { betterOf, rowOf } from "../src/suite.js";

describe("statistics", () => {
  test("medians and quantiles of known values", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test("an interval holds the value, is narrow where values agree, and the same again", () => {
    const steady = estimate([10, 10, 10, 10, 10]);
    expect(steady).toEqual({ value: 10, low: 10, high: 10 });
    const wide = estimate([1, 5, 9, 12, 30]);
    expect(wide.low).toBeLessThan(9);
    expect(wide.high).toBeGreaterThan(9);
    expect(estimate([1, 5, 9, 12, 30])).toEqual(wide);
  });

  test("pairs take out what their seeds share", () => {
    const base = [100, 200, 300, 400, 500];
    const { value, low, high } = pairedDifference(
      base.map((each) => each + 5),
      base,
    );
    expect([value, low, high]).toEqual([5, 5, 5]);
  });

  test("the ratio of two samples of the same thing holds 1", () => {
    const { low, high } = ratioOfMedians([9, 10, 11, 10, 9], [10, 9, 11, 10, 10]);
    expect(low).toBeLessThanOrEqual(1);
    expect(high).toBeGreaterThanOrEqual(1);
  });
});

const resultOf = (...rows: ReturnType<typeof rowOf>[]): BenchResult => ({
  format: RESULT_FORMAT,
  environment: {},
  results: [{ suite: "s", rows }],
});

describe("a comparison", () => {
  const verdict = (unit: string, base: number[], now: number[]) =>
    compareResults(resultOf(rowOf("row", unit, base)), resultOf(rowOf("row", unit, now))).changes[0]!.verdict;

  test("names what became worse beyond noise, by what is better in its unit", () => {
    expect(verdict("ns", [10, 11, 10, 9, 10], [20, 21, 20, 22, 20])).toBe("regression");
    expect(verdict("ns", [20, 21, 20, 22, 20], [10, 11, 10, 9, 10])).toBe("improvement");
    expect(verdict("MB/s", [10, 11, 10, 9, 10], [20, 21, 20, 22, 20])).toBe("improvement");
    expect(verdict("ratio", [10, 11, 10, 9, 10], [20, 21, 20, 22, 20])).toBe("change");
    expect(verdict("ns", [10, 20, 12, 15, 18], [11, 19, 13, 16, 17])).toBe("noise");
    expect(verdict("ns", [10, 10, 10], [10.1, 10.1, 10.1])).toBe("noise");
    expect(verdict("ns", [0, 0], [0, 0])).toBe("noise");
    expect(verdict("ns", [0, 0], [5, 5])).toBe("regression");
  });

  test("lists rows that only one side has", () => {
    const base = resultOf(rowOf("old", "ns", [1]));
    const now = resultOf(rowOf("new", "ns", [1]));
    expect(compareResults(base, now)).toMatchObject({ changes: [], missing: ["s: old"], added: ["s: new"] });
  });

  test("knows which way units are better", () => {
    const of = (unit: string) => betterOf(rowOf("x", unit, [1]));
    expect(["ns", "bytes/byte", "MB/s", "% back", "ratio"].map(of)).toEqual([
      "lower",
      "lower",
      "higher",
      "higher",
      "neither",
    ]);
  });
});
