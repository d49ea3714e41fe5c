import { createPrng } from "@pagetier/base";
import { expect, test } from "vitest";
import { LatencyHistogram } from "../src/index.js";

test("quantiles are within a sixteenth of the exact ones, and never beyond the largest", () => {
  const prng = createPrng(3);
  const values = Array.from({ length: 10_000 }, () => Math.exp(prng.unit() * 20));
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.add(value);
  values.sort((a, b) => a - b);
  for (const part of [0.01, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = values[Math.ceil(part * values.length) - 1]!;
    const found = histogram.quantile(part);
    expect(found).toBeGreaterThanOrEqual(Math.floor(exact));
    expect(found).toBeLessThanOrEqual(exact * 1.0625 + 1);
  }
  const { count, maxNs, meanNs } = histogram.summary();
  expect(count).toBe(10_000);
  expect(maxNs).toBe(values.at(-1));
  expect(meanNs).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 10_000, -1);
  expect(histogram.buckets().reduce((sum, [, each]) => sum + each, 0)).toBe(10_000);
});

test("small and huge values, and none", () => {
  const histogram = new LatencyHistogram();
  expect(histogram.summary()).toMatchObject({ count: 0, meanNs: 0, p50Ns: 0, maxNs: 0 });
  for (const value of [0, 1, 15, 16, 17, 2 ** 40, 2 ** 52]) histogram.add(value);
  expect(histogram.quantile(0.01)).toBe(0);
  expect(histogram.quantile(1)).toBe(2 ** 52);
});
