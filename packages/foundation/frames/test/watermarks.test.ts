import { describe, expect, test } from "vitest";
import { watermarksFor } from "../src/index.js";

describe("watermarks", () => {
  test("follow the square root of memory as in Linux", () => {
    const gib4 = watermarksFor(1 << 20); // sqrt(16 × 4 Mi KiB) = 8192 KiB.
    expect(gib4.min).toBe(2048);
    expect(gib4).toEqual({ min: 2048, low: 2048 + 1048, high: 2048 + 2 * 1048 });
  });

  test("take at most a sixteenth of small memories", () => {
    expect(watermarksFor(256)).toEqual({ min: 16, low: 20, high: 24 });
  });

  test("stay in order for every size", () => {
    for (let frames = 16; frames < 1 << 22; frames = Math.ceil(frames * 1.3)) {
      const { min, low, high } = watermarksFor(frames);
      expect(min).toBeGreaterThan(0);
      expect(low).toBeGreaterThan(min);
      expect(high).toBeGreaterThan(low);
      expect(high).toBeLessThan(frames);
    }
  });
});
