import { expect, test } from "vitest";
import { assert, createPrng } from "../src/index.js";

test("the same seed gives the same numbers, another seed others", () => {
  const numbers = (seed: number): number[] => {
    const prng = createPrng(seed);
    return Array.from({ length: 5 }, () => prng.u32());
  };
  expect(numbers(1)).toEqual(numbers(1));
  expect(numbers(1)).not.toEqual(numbers(2));
});

test("numbers stay in their ranges and fill them", () => {
  const prng = createPrng(3);
  const seen = new Set<number>();
  for (let count = 0; count < 1000; count++) {
    const below = prng.below(7);
    const unit = prng.unit();
    expect(Number.isInteger(below) && below >= 0 && below < 7).toBe(true);
    expect(unit >= 0 && unit < 1).toBe(true);
    seen.add(below);
  }
  expect(seen.size).toBe(7);
});

test("a broken claim is named", () => {
  expect(() => assert(false, "water is wet")).toThrow("broken: water is wet");
});
