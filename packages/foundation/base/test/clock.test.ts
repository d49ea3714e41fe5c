import { describe, expect, test } from "vitest";
import { realScheduler } from "../src/index.js";
import { ManualScheduler } from "../src/testing/index.js";

describe("the real scheduler", () => {
  test("sleeps at least as long as asked, below a millisecond too", async () => {
    for (const ns of [0, 80_000, 1_500_000, 3_000_000]) {
      const start = realScheduler.clock.now();
      await realScheduler.sleep(ns);
      expect(realScheduler.clock.now() - start).toBeGreaterThanOrEqual(ns);
    }
  });

  test("lets what is ready run in a turn", async () => {
    let ran = false;
    setImmediate(() => {
      ran = true;
    });
    await realScheduler.turn();
    expect(ran).toBe(true);
  });
});

describe("the manual scheduler", () => {
  test("wakes sleepers in order of their moments, and moves time no further than asked", async () => {
    const scheduler = new ManualScheduler();
    const woken: string[] = [];
    void scheduler.sleep(20).then(() => woken.push(`b at ${scheduler.clock.now()}`));
    void scheduler.sleep(10).then(() => woken.push(`a at ${scheduler.clock.now()}`));
    void scheduler.sleep(30).then(() => woken.push("too late"));
    await scheduler.advance(25);
    expect(woken).toEqual(["a at 10", "b at 20"]);
    expect(scheduler.clock.now()).toBe(25);
    expect(scheduler.sleeping).toBe(1);
  });
});
