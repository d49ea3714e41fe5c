// What versions of Linux did differently.

import { ZbudPool } from "@pagetier/allocator-zbud";
import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { PAGE_SIZE } from "@pagetier/base";
import { TokenCompressor } from "@pagetier/compressor/conformance";
import { describe, expect, test } from "vitest";
import { completeOptions, ZSWAP_OPTIONS_DEFAULT, type Zswap } from "../src/index.js";
import { bed, controlOf, noise, pageOf, turns } from "./bed.js";

const zbud = { pool: (frames: ConstructorParameters<typeof ZbudPool>[0]) => new ZbudPool(frames) };

/** Stores pages of a fixed length until one is refused. @returns how many were stored */
function fill(zswap: Zswap): number {
  let stored = 0;
  while (zswap.store(0, 1 + stored, pageOf(1 + stored), "only") === "stored") stored++;
  return stored;
}

describe("options", () => {
  test("of a generation are its own unless the recipe says otherwise", () => {
    expect(completeOptions({})).toEqual(ZSWAP_OPTIONS_DEFAULT);
    expect(completeOptions({ as: "6.1" })).toMatchObject({ limit: "6.1", lru: "frame", storeIncompressible: false });
    expect(completeOptions({ as: "6.18" })).toMatchObject({ exclusiveLoads: true, sameFilledPages: "zero" });
    expect(completeOptions({ as: "6.18", exclusiveLoads: false }).exclusiveLoads).toBe(false);
    expect(completeOptions({ as: "6.8", shrinker: true }).shrinker).toBe("protection");
    expect(completeOptions({ shrinker: true }).shrinker).toBe("second-chance");
  });
});

describe("as Linux 3.14", () => {
  test("a store at the limit makes room first, and is kept even though the pool is still too large", async () => {
    const { zswap, writeback, pool } = bed({ zswap: { as: "3.14" }, ...zbud, compressor: new TokenCompressor(3000) });
    writeback.hold();
    for (let offset = 1; offset <= 49; offset++) expect(zswap.store(0, offset, pageOf(offset), "only")).toBe("stored");
    expect([pool.totalFrames(), writeback.inFlight]).toEqual([49, 0]); // Above is the limit, not at it.
    expect(zswap.store(0, 50, pageOf(50), "only")).toBe("stored");
    expect([pool.totalFrames(), writeback.inFlight]).toEqual([50, 1]);
    expect(zswap.counters()).toMatchObject({ poolLimitHit: 1, rejectLimit: 0 });
    writeback.resume();
    await turns();
    expect(pool.totalFrames()).toBe(49);
    zswap.verify();
  });

  test("is refused when nothing can leave, after as many attempts as Linux makes", () => {
    const { zswap, writeback } = bed({ zswap: { as: "3.14" }, ...zbud, compressor: new TokenCompressor(3000) });
    writeback.pagesFree = 0;
    expect(fill(zswap)).toBe(49);
    expect(zswap.counters()).toMatchObject({ rejectLimit: 1, rejectReclaimFail: 1 });
  });

  test("knows no page of one repeated word", () => {
    const { zswap } = bed({ zswap: { as: "3.14" }, ...zbud });
    zswap.store(0, 1, new Uint8Array(PAGE_SIZE), "only");
    expect(zswap.counters()).toMatchObject({ sameFilledPages: 0, storedPages: 1 });
    zswap.verify();
  });
});

describe("as Linux 6.1", () => {
  test("one refused store has one frame written back, both of its pages", async () => {
    const { zswap, pool } = bed({ zswap: { as: "6.1" }, ...zbud, compressor: new TokenCompressor(1800) });
    expect(fill(zswap)).toBe(97);
    await turns();
    expect([pool.totalFrames(), zswap.counters().writtenBackPages]).toEqual([48, 2]);
    expect(zswap.store(0, 200, pageOf(1), "only")).toBe("refused"); // Hysteresis.
    await turns();
    expect([pool.totalFrames(), zswap.counters().writtenBackPages]).toEqual([47, 4]);
    zswap.verify();
  });

  test("the frame to which nothing was added for longest goes first", async () => {
    const { zswap, writeback } = bed({ zswap: { as: "6.1" }, ...zbud, compressor: new TokenCompressor(1800) });
    for (let offset = 1; offset <= 6; offset++) zswap.store(0, offset, pageOf(offset), "only"); // 1 2 | 3 4 | 5 6
    zswap.invalidatePage(0, 1);
    zswap.store(0, 7, pageOf(7), "only"); // Beside 2, whose frame is the newest now.
    const gone: number[] = [];
    writeback.onSubmit = (_type, offset) => gone.push(offset);
    zswap.shrinkToThreshold();
    await turns();
    expect(gone.toSorted()).toEqual([3, 4]);
    zswap.verify();
  });

  test("a pool of zsmalloc, which could not evict, refuses until pages are given back", async () => {
    const { zswap, writeback } = bed({
      zswap: { as: "6.1" },
      pool: (frames) => new ZsmallocPool(frames, { chainPages: 4, classes: "kernel-6.1" }),
      compressor: new TokenCompressor(3000),
    });
    const stored = fill(zswap);
    await turns(20);
    expect(writeback.claims).toBe(0);
    let offset = 1;
    while (zswap.store(0, 1000, pageOf(1000), "only") === "refused") zswap.invalidatePage(0, offset++);
    expect(offset).toBeGreaterThan(stored * 0.08); // Down to the threshold first.
    zswap.verify();
  });
});

describe("the shrinker of Linux 6.8", () => {
  test("leaves the protected part alone, which grows by stores and loads and is halved above a quarter", () => {
    const { zswap } = bed({ zswap: { as: "6.8", shrinker: true, maxPoolPercent: 90 } });
    const protectedPages = (): number => zswap.counters().shrinkProtectedPages!;
    for (let offset = 1; offset <= 3; offset++) zswap.store(0, offset, noise(offset) && pageOf(offset, 2000), "only");
    expect(protectedPages()).toBe(0); // 1 is more than a quarter of 1, of 2, of 3.
    for (let offset = 4; offset <= 40; offset++) zswap.store(0, offset, pageOf(offset, 2000), "only");
    expect(protectedPages()).toBeGreaterThan(4);
    expect(protectedPages()).toBeLessThanOrEqual(10);
    const before = protectedPages();
    zswap.noteDeviceRead();
    expect([before + 1, (before + 1) >> 1]).toContain(protectedPages());
    const frames = zswap.poolFrames();
    expect(zswap.countObjects(controlOf(0))).toBe(Math.floor(((40 - protectedPages()) * frames) / 40));
  });

  test("ends a scan that would reach into it, and spares nothing else", () => {
    const { zswap, writeback } = bed({ zswap: { as: "6.8", shrinker: true, maxPoolPercent: 90 } });
    writeback.hold();
    for (let offset = 1; offset <= 40; offset++) zswap.store(0, offset, pageOf(offset, 2000), "only");
    const { shrinkProtectedPages } = zswap.counters();
    expect(zswap.scanObjects(controlOf(40 - shrinkProtectedPages!))).toBe(-1);
    const control = controlOf(10);
    expect(zswap.scanObjects(control)).toBe(0);
    expect(control.submitted).toBe(10); // At once: there is no second chance.
  });
});

describe("the shrinker of Linux 6.18", () => {
  test("offers fewer pages by those that had to be read from a device, once, and in proportion to what they take", () => {
    const { zswap } = bed({
      zswap: { as: "6.18", shrinker: true, maxPoolPercent: 90 },
      compressor: new TokenCompressor(1200),
    });
    for (let offset = 1; offset <= 100; offset++) zswap.store(0, offset, pageOf(offset), "only");
    const frames = zswap.poolFrames();
    for (let read = 0; read < 30; read++) zswap.noteDeviceRead();
    expect(zswap.countObjects(controlOf(0))).toBe(Math.floor((70 * frames) / 100));
    expect(zswap.countObjects(controlOf(0))).toBe(frames); // The reads are consumed.
    for (let read = 0; read < 250; read++) zswap.noteDeviceRead();
    expect(zswap.countObjects(controlOf(0))).toBe(0);
    expect(zswap.countObjects(controlOf(0))).toBe(0); // 150 were left.
    expect(zswap.countObjects(controlOf(0))).toBe(Math.floor((50 * frames) / 100));
  });

  test("stops at a page that is in memory, since what follows is warmer", () => {
    const { zswap, writeback } = bed({ zswap: { as: "6.18", shrinker: true, maxPoolPercent: 90 } });
    writeback.hold();
    for (let offset = 1; offset <= 10; offset++) zswap.store(0, offset, noise(offset), "only");
    zswap.scanObjects(controlOf(10)); // Spares each once.
    writeback.setResident(0, 4, true);
    const control = controlOf(10);
    zswap.scanObjects(control);
    expect([control.nrScanned, control.submitted]).toEqual([4, 3]);
    expect(zswap.counters().shrinkStopsAtWarm).toBe(1);
  });

  test("keeps zeroes as a word, and other repeated words as pages", () => {
    const { zswap } = bed({ zswap: { as: "6.18" } });
    zswap.store(0, 1, new Uint8Array(PAGE_SIZE), "only");
    zswap.store(0, 2, new Uint8Array(PAGE_SIZE).fill(5), "only");
    expect(zswap.counters()).toMatchObject({ storedPages: 2, sameFilledPages: 1 });
    const into = new Uint8Array(PAGE_SIZE);
    expect(zswap.load(0, 2, into)).toBe("hitExclusive");
    expect(into.every((byte) => byte === 5)).toBe(true);
    zswap.verify();
  });
});
