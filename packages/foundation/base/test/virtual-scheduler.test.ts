import { describe, expect, test } from "vitest";
import { createPrng, realScheduler, VirtualScheduler } from "../src/index.js";

describe("virtual time", () => {
  test("sleepers wake in order of their due time, then of their call", async () => {
    const scheduler = new VirtualScheduler();
    const woken: string[] = [];
    const sleeper = async (name: string, ns: number): Promise<void> => {
      await scheduler.sleep(ns);
      woken.push(`${name}@${scheduler.clock.now()}`);
    };
    await scheduler.run(() =>
      Promise.all([sleeper("a", 30), sleeper("b", 10), sleeper("c", 30), sleeper("d", 0), sleeper("e", 10)]),
    );
    expect(woken).toEqual(["d@0", "b@10", "e@10", "a@30", "c@30"]);
  });

  test("many sleepers wake sorted", async () => {
    const scheduler = new VirtualScheduler();
    const prng = createPrng(7);
    const woken: number[] = [];
    await scheduler.run(() =>
      Promise.all(
        Array.from({ length: 500 }, async () => {
          await scheduler.sleep(prng.below(100));
          woken.push(scheduler.clock.now());
        }),
      ),
    );
    expect(woken).toEqual([...woken].sort((a, b) => a - b));
    expect(woken).toHaveLength(500);
  });

  test("a section's sleep begins when its work is done", async () => {
    const scheduler = new VirtualScheduler();
    await scheduler.run(async () => {
      scheduler.charge(100);
      expect(scheduler.clock.now()).toBe(100);
      await scheduler.sleep(50);
      expect(scheduler.clock.now()).toBe(150);
      await scheduler.turn();
      expect(scheduler.clock.now()).toBe(1150);
    });
    expect(scheduler.busyNs).toBe(100);
  });

  test("actors work side by side, each on a CPU of its own", async () => {
    const scheduler = new VirtualScheduler();
    const actor = async (): Promise<number> => {
      for (let step = 0; step < 3; step++) {
        scheduler.charge(1000);
        await scheduler.sleep(0);
      }
      return scheduler.clock.now();
    };
    expect(await scheduler.run(() => Promise.all([actor(), actor()]))).toEqual([3000, 3000]);
    expect(scheduler.busyNs).toBe(6000);
  });

  test("advance moves on unless somebody is due before", async () => {
    const scheduler = new VirtualScheduler();
    await scheduler.run(async () => {
      const device = scheduler.sleep(100);
      scheduler.charge(99);
      expect(scheduler.advance()).toBe(true);
      expect(scheduler.clock.now()).toBe(99);
      scheduler.charge(1);
      expect(scheduler.advance()).toBe(false);
      await device;
      expect(scheduler.clock.now()).toBe(100);
    });
  });

  test("no sleeper wakes while something outside is waited for", async () => {
    const scheduler = new VirtualScheduler();
    const order: string[] = [];
    await scheduler.run(async () => {
      const sleeper = scheduler.sleep(1).then(() => order.push("sleeper"));
      await scheduler.outside(async () => {
        for (let turns = 0; turns < 20; turns++) await realScheduler.turn();
        order.push("outside");
      });
      await sleeper;
    });
    expect(order).toEqual(["outside", "sleeper"]);
  });

  test("waiting for what never comes is an error, and a failure is passed on", async () => {
    await expect(new VirtualScheduler().run(() => new Promise(() => {}))).rejects.toMatchObject({
      code: "VIRTUAL_TIME_STUCK",
    });
    await expect(new VirtualScheduler().run(() => Promise.reject(new Error("main failed")))).rejects.toThrow(
      "main failed",
    );
  });
});
