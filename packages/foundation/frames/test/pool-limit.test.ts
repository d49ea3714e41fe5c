import { describe, expect, test } from "vitest";
import { PoolLimit } from "../src/index.js";

describe("the pool limit", () => {
  test("trap 10.3 a: divides in the kernel's order, rounding down twice", () => {
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

  test("trap 10.3 a: is reached at the limit, and left at the threshold, not before", () => {
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

  test("trap 10.3 a: as Linux 6.1 is reached above the limit, left below the threshold, and divides in another order", () => {
    const limit = new PoolLimit(20, 90, "6.1");
    expect([limit.maxFrames(505), limit.thresholdFrames(505)]).toEqual([101, 90]); // 505 × 90 % = 454; × 20 % = 90.
    expect([limit.maxFrames(262_144), limit.thresholdFrames(262_144)]).toEqual([52_428, 47_185]);
    expect(new PoolLimit(33, 77, "6.1").thresholdFrames(1009)).toBe(256); // 776 × 33 %.
    expect(new PoolLimit(33, 77).thresholdFrames(1009)).toBe(255); // 332 × 77 %.
    const outcomes = [99, 100, 101, 100, 90, 89, 100, 101].map((frames) => limit.check(frames, 500));
    expect(outcomes).toEqual(["accept", "accept", "limit", "hysteresis", "hysteresis", "accept", "accept", "limit"]);
  });

  test("trap 10.3 a: as Linux 3.14 has no hysteresis", () => {
    const limit = new PoolLimit(20, 90, "3.14");
    const outcomes = [100, 101, 100, 101, 95].map((frames) => limit.check(frames, 500));
    expect(outcomes).toEqual(["accept", "limit", "accept", "limit", "accept"]);
  });

  test("trap 10.3 b: accepts nothing between limit and threshold once it was full", () => {
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
