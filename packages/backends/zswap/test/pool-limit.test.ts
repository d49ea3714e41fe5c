import { describe, expect, test } from "vitest";
import { PoolLimit } from "../src/index.js";

describe("the pool limit", () => {
  test("10.3-a divides in the kernel's order, rounding down twice", () => {
    const limit = new PoolLimit(20, 90);
    const check = (total: number, max: number, threshold: number): void => {
      expect([limit.maxFrames(total), limit.thresholdFrames(total)]).toEqual([max, threshold]);
    };
    check(262_144, 52_428, 47_185); // 1 GiB.
    check(500, 100, 90);
    check(504, 100, 90);
    check(505, 101, 90);
    check(4, 0, 0);
  });

  test("10.3-a is reached at the limit, and left at the threshold, not before", () => {
    const limit = new PoolLimit(20, 90);
    const outcomes = [99, 100, 99, 91, 90, 99, 101, 90, 0].map((frames) => limit.check(frames, 500));
    expect(outcomes).toEqual([
      "accept",
      "limit",
      "hysteresis",
      "hysteresis",
      "accept",
      "accept",
      "limit",
      "accept",
      "accept",
    ]);
  });

  test("10.3-b accepts nothing between limit and threshold once it was full", () => {
    const limit = new PoolLimit(20, 50);
    expect(limit.reachedFull).toBe(false);
    limit.check(100, 500);
    for (let frames = 99; frames > 50; frames--) expect(limit.check(frames, 500)).toBe("hysteresis");
    expect(limit.reachedFull).toBe(true);
    expect(limit.check(50, 500)).toBe("accept");
    expect(limit.reachedFull).toBe(false);
    for (let frames = 51; frames < 100; frames++) expect(limit.check(frames, 500)).toBe("accept");
  });

  test("of nothing refuses everything", () => {
    const limit = new PoolLimit(1, 100);
    expect(limit.check(0, 99)).toBe("limit");
    expect(limit.check(0, 100)).toBe("accept");
  });

  test("follows a memory that changes its size", () => {
    const limit = new PoolLimit(20, 90);
    expect(limit.check(60, 500)).toBe("accept");
    expect(limit.check(60, 300)).toBe("limit");
    expect(limit.check(60, 500)).toBe("accept");
  });
});
