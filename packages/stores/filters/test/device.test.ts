import { createPrng, PAGE_SIZE, VirtualScheduler } from "@pagetier/base";
import { MemoryStore } from "@pagetier/store-memory";
import { describe, expect, test } from "vitest";
import { type DeviceOptions, DeviceStore } from "../src/index.js";

const pages = (count: number) => Array.from({ length: count }, () => new Uint8Array(PAGE_SIZE));
const range = (start: number, count: number) => Array.from({ length: count }, (_, index) => start + index);

/** Runs work on a device in virtual time. @returns nanoseconds that it took */
async function timeOf(options: DeviceOptions, work: (device: DeviceStore) => Promise<unknown>): Promise<number> {
  const scheduler = new VirtualScheduler();
  const device = new DeviceStore(new MemoryStore({ size: "1GiB" }), scheduler, createPrng(1), options);
  await device.open();
  await scheduler.run(() => work(device));
  return scheduler.clock.now();
}

const PAGE_NS = (PAGE_SIZE * 1000) / 1000; // At 1000 MB/s.
const FLAT: DeviceOptions = { model: "nvme", readUs: 50, writeUs: 20, readMBps: 1000, writeMBps: 1000, channels: 2 };

describe("a modelled device", () => {
  test("one command takes its latency and the time of its bytes", async () => {
    expect(await timeOf(FLAT, (device) => device.readPages([7], pages(1)))).toBe(50_000 + PAGE_NS);
    expect(await timeOf(FLAT, (device) => device.writePages([7], pages(1)))).toBe(20_000 + PAGE_NS);
  });

  test("neighbouring slots are one command, scattered ones several", async () => {
    expect(await timeOf(FLAT, (device) => device.readPages(range(10, 8), pages(8)))).toBe(50_000 + 8 * PAGE_NS);
    // Two channels: the third and fourth command wait for the first two.
    const scattered = (device: DeviceStore) => device.readPages([10, 20, 30, 40], pages(4));
    expect(await timeOf(FLAT, scattered)).toBe(100_000 + 3 * PAGE_NS);
  });

  test("commands wait for the medium side by side, and for the bus one after another", async () => {
    const four = (device: DeviceStore) => Promise.all([1, 3, 5, 7].map((slot) => device.readPages([slot], pages(1))));
    expect(await timeOf({ ...FLAT, channels: 4 }, four)).toBe(50_000 + 4 * PAGE_NS);
  });

  test("a disk seeks and rotates, except where it goes on where it ended", async () => {
    const disk: DeviceOptions = { model: "disk", readUs: 0, rotationUs: 0, readMBps: 1000 };
    const sequential = await timeOf(disk, async (device) => {
      await device.readPages(range(0, 4), pages(4));
      await device.readPages(range(4, 4), pages(4));
    });
    expect(sequential).toBe(8 * PAGE_NS);
    const away = await timeOf(disk, (device) => device.readPages([65_536], pages(1))); // A quarter of 1 GiB.
    expect(away).toBe((1000 + 16_000 * 0.5) * 1000 + PAGE_NS);
    const rotating = await timeOf({ ...disk, rotationUs: 8333 }, (device) => device.readPages([65_536], pages(1)));
    expect(rotating).toBeGreaterThan(away);
    expect(rotating).toBeLessThan(away + 8_333_000);
  });

  test("counts what it did", async () => {
    const scheduler = new VirtualScheduler();
    const device = new DeviceStore(new MemoryStore({ size: "1GiB" }), scheduler, createPrng(1), FLAT);
    await device.open();
    await scheduler.run(async () => {
      await device.writePages([1, 2, 9], pages(3));
      await device.readPages([1], pages(1));
      await device.flush();
    });
    expect(device.counters()).toMatchObject({
      deviceReadCommands: 1,
      deviceWriteCommands: 2,
      deviceReadBytes: PAGE_SIZE,
      deviceWrittenBytes: 3 * PAGE_SIZE,
      deviceFlushes: 1,
      deviceSeeks: 0,
    });
  });
});
