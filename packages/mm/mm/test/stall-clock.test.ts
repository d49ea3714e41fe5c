import { ManualScheduler } from "@pagetier/base/testing";
import { expect, test } from "vitest";
import { StallClock } from "../src/stall-clock.js";

test("some is the time in which at least one access waits, however many do", async () => {
  const scheduler = new ManualScheduler();
  const stall = new StallClock(scheduler.clock);
  const waits = [3e6, 5e6].map((ns) => stall.during(scheduler.sleep(ns)));
  await scheduler.advance(2e6);
  expect(stall.read(0)).toEqual({ someMs: 2, fullMs: 2 });
  await scheduler.advance(8e6);
  await Promise.all(waits);
  expect(stall.read(0).someMs).toBe(5);
  await scheduler.advance(10e6);
  expect(stall.read(0).someMs).toBe(5); // Nobody waits.
  await Promise.all([stall.during(scheduler.sleep(0)), scheduler.advance(0)]);
  expect(stall.read(0).someMs).toBe(5);
});

test("an access that reclaims without waiting stalls everybody", () => {
  const stall = new StallClock(new ManualScheduler().clock);
  expect(stall.read(4e6)).toEqual({ someMs: 4, fullMs: 4 });
});

test("full is never more than some, and a wait that fails counts as one", async () => {
  const scheduler = new ManualScheduler();
  const stall = new StallClock(scheduler.clock);
  const wait = stall.during(
    scheduler.sleep(2e6).then(() => {
      throw new Error("failed");
    }),
  );
  const failed = expect(wait).rejects.toThrow("failed");
  await scheduler.advance(6e6);
  await failed;
  const { someMs, fullMs } = stall.read(0);
  expect(someMs).toBe(2);
  expect(fullMs).toBeLessThanOrEqual(someMs);
});
