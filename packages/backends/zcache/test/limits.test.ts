// Limits, who makes room for whom, and what is counted.

import { PAGE_SIZE } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { EVICTION_ORDERS } from "../src/index.js";
import { type Bed, bed, noise, POOLS, pageOf, press, turns, WatchedPool } from "./bed.js";

const into = new Uint8Array(PAGE_SIZE);

function putMany({ zcache }: Bed, fs: number, first: number, count: number, random = 1500): void {
  for (let index = first; index < first + count; index++)
    zcache.cleancache.putPage(fs, 1, index, pageOf(index, random), true);
}

/** Stores until one is refused. @returns how many were stored */
function storeMany({ zcache }: Bed, first: number, most = 1000, random = 1500): number {
  for (let count = 0; count < most; count++) {
    if (zcache.frontswap.store(0, first + count, pageOf(first + count, random), "only") === "refused") return count;
  }
  return most;
}

describe("who makes room for whom", () => {
  for (const order of EVICTION_ORDERS) {
    for (const [name, pool] of Object.entries(POOLS)) {
      test(`persistent pages displace ephemeral ones, never the other way round (${order}, ${name})`, async () => {
        const made = bed({ pool, zcache: { order, poolFull: "refuse" } });
        const { cleancache, frontswap } = made.zcache;
        const fs = cleancache.initFs();
        putMany(made, fs, 0, 300);
        const before = cleancache.currPages();
        expect(before).toBeGreaterThan(20);
        const stored = storeMany(made, 0);
        expect(stored).toBeGreaterThan(20);
        expect(cleancache.currPages()).toBeLessThan(before);
        expect(made.zcache.counters().persAteEph).toBeGreaterThan(0);
        // Full of pages that must stay: clean ones find room at most in frames that are there.
        putMany(made, fs, 1000, 100);
        expect(frontswap.currPages()).toBe(stored);
        for (let offset = 0; offset < stored; offset++) {
          expect(frontswap.load(0, offset, into)).toBe("hitExclusive");
          expect(Buffer.compare(into, pageOf(offset, 1500))).toBe(0);
        }
        frontswap.verify();
        cleancache.verify();
        await frontswap.close();
      });
    }
  }

  test("the limit holds for both together after every call", () => {
    const made = bed({ zcache: { maxPoolPercent: 30, poolFull: "refuse" } });
    const max = Math.floor(made.frames.total * 0.3);
    const fs = made.zcache.cleancache.initFs();
    for (let round = 0; round < 400; round++) {
      if (round % 3 === 0) made.zcache.frontswap.store(0, round, pageOf(round, 500 + ((round * 97) % 2500)), "only");
      else putMany(made, fs, round, 1, 200 + ((round * 131) % 3000));
      expect(made.persistentPool.totalFrames() + made.ephemeralPool.totalFrames()).toBeLessThanOrEqual(max);
    }
    made.zcache.frontswap.verify();
  });

  test("ephemeral pages keep to their own limit", () => {
    const made = bed({ zcache: { maxPoolPercent: 50, maxEphemeralPercent: 20 } });
    const fs = made.zcache.cleancache.initFs();
    putMany(made, fs, 0, 200);
    expect(made.ephemeralPool.totalFrames()).toBeLessThanOrEqual(Math.floor(Math.floor(made.frames.total / 2) / 5));
    expect(made.zcache.counters().ephAteTail).toBeGreaterThan(0);
    const none = bed({ zcache: { maxEphemeralPercent: 0 } });
    putMany(none, none.zcache.cleancache.initFs(), 0, 10);
    expect(none.zcache.cleancache.currPages()).toBe(0);
    expect(none.zcache.counters().ephNoRoom).toBe(10);
    none.zcache.cleancache.verify();
  });

  test("a page that joins a group does not make room by throwing it away", () => {
    // One frame at most: a second zpage shares it, a third finds no room but in the frame of those two.
    const made = bed({ pool: POOLS.zbud!, zcache: { maxPoolPercent: 1, order: "emptiest-group" } });
    const fs = made.zcache.cleancache.initFs();
    expect(Math.floor(made.frames.total / 100)).toBe(2);
    putMany(made, fs, 0, 5, 1500);
    expect(made.zcache.cleancache.currPages()).toBeGreaterThanOrEqual(3);
    expect(made.ephemeralPool.totalFrames()).toBe(2);
    expect(made.zcache.cleancache.getPage(fs, 1, 4, into)).toBe("hit");
    made.zcache.cleancache.verify();
  });

  test("short memory is found by throwing ephemeral pages away", () => {
    const made = bed({ zcache: { maxPoolPercent: 100, persistentMeanBytesMax: 4096 } });
    const fs = made.zcache.cleancache.initFs();
    putMany(made, fs, 0, 600, 3000);
    expect(made.frames.available("reclaim")).toBeLessThan(8);
    expect(storeMany(made, 0, 100, 3000)).toBeGreaterThan(50);
    expect(made.zcache.counters().persAteEph).toBeGreaterThan(0);
    made.zcache.frontswap.verify();
  });
});

describe("admission", () => {
  test("10.3-j the first page ever may be long: no page, no average", () => {
    const made = bed();
    expect(made.zcache.frontswap.store(0, 1, pageOf(1, 3300), "only")).toBe("stored");
    // Now the average is above 5/8 of a page, and another long one is refused.
    expect(made.zcache.frontswap.store(0, 2, pageOf(2, 3300), "only")).toBe("refused");
    for (let offset = 10; offset < 20; offset++) made.zcache.frontswap.store(0, offset, pageOf(offset, 300), "only");
    expect(made.zcache.frontswap.store(0, 2, pageOf(2, 3300), "only")).toBe("stored");
    expect(made.zcache.counters()).toMatchObject({ persMeanCompressPoor: 1, persCompressPoor: 0 });
    made.zcache.frontswap.verify();
  });

  test("7/8 of a page at most for swap pages, 4000 bytes for clean ones", () => {
    const made = bed();
    const fs = made.zcache.cleancache.initFs();
    expect(made.zcache.frontswap.store(0, 1, pageOf(1, 3700), "only")).toBe("refused");
    made.zcache.cleancache.putPage(fs, 1, 0, pageOf(1, 3700), true);
    made.zcache.cleancache.putPage(fs, 1, 1, noise(1), true);
    expect(made.zcache.counters()).toMatchObject({ persCompressPoor: 1, ephCompressPoor: 1, ephPages: 1 });
    made.zcache.frontswap.verify();
  });

  test("10.3-h a page that does not compress is kept as it is where that is allowed", () => {
    const made = bed({ zcache: { persistentBytesMax: 4096, persistentMeanBytesMax: 4096, ephemeralBytesMax: 4096 } });
    const fs = made.zcache.cleancache.initFs();
    expect(made.zcache.frontswap.store(0, 1, noise(1), "only")).toBe("stored");
    made.zcache.cleancache.putPage(fs, 1, 0, noise(2), true);
    expect(made.zcache.frontswap.storedBytes(0, 1)).toBe(PAGE_SIZE);
    expect(made.zcache.frontswap.load(0, 1, into)).toBe("hitExclusive");
    expect(into).toEqual(noise(1));
    expect(made.zcache.cleancache.getPage(fs, 1, 0, into)).toBe("hit");
    expect(into).toEqual(noise(2));
    made.zcache.frontswap.verify();
  });

  test("a page whose zpage gets no frame is refused, for whichever call the pool fails", () => {
    for (let mallocs = 0; mallocs < 6; mallocs++) {
      const pools: WatchedPool[] = [];
      const made = bed({ pool: (frames) => pools[pools.push(new WatchedPool(frames)) - 1]! });
      for (const pool of pools) pool.mallocsLeft = mallocs;
      const fs = made.zcache.cleancache.initFs();
      putMany(made, fs, 0, 5);
      expect(storeMany(made, 0, 5)).toBe(Math.min(5, mallocs));
      made.zcache.frontswap.verify();
      made.zcache.cleancache.verify();
    }
  });
});

describe("the limit of persistent pages", () => {
  test("10.3-b, 10.3-c once full, nothing is taken until write-back has reached the threshold", async () => {
    const made = bed();
    const { frontswap } = made.zcache;
    const max = Math.floor(made.frames.total / 2);
    const threshold = Math.floor(max * 0.9);
    made.writeback.hold();
    storeMany(made, 0);
    expect(made.persistentPool.totalFrames()).toBe(max);
    await turns();
    expect(made.writeback.inFlight).toBeGreaterThan(0);
    expect(frontswap.store(0, 5000, pageOf(1), "only")).toBe("refused");
    made.writeback.resume();
    for (let turn = 0; turn < 50 && made.persistentPool.totalFrames() > threshold; turn++) await turns();
    expect(made.persistentPool.totalFrames()).toBeLessThanOrEqual(threshold);
    expect(frontswap.store(0, 5000, pageOf(1), "only")).toBe("stored");
    expect(made.zcache.counters().writtenBackPages).toBeGreaterThan(0);
    frontswap.verify();
    await frontswap.close();
  });

  test("10.2-l BUG(hist): write-back that achieves nothing ends after 16 attempts", async () => {
    const made = bed();
    made.writeback.pagesFree = 0;
    let claims = 0;
    made.writeback.onClaim = () => {
      claims++;
    };
    storeMany(made, 0);
    await turns(200);
    expect(claims).toBe(16);
    made.zcache.frontswap.store(0, 5000, pageOf(1), "only"); // The next store that is refused tries again.
    await turns(200);
    expect(claims).toBe(32);
    made.zcache.frontswap.verify();
    await made.zcache.frontswap.close();
  });

  test("10.2-k write-back with one page to lend makes progress, and keeps within it", async () => {
    const made = bed();
    made.writeback.pagesFree = 1;
    const stored = storeMany(made, 0);
    for (let round = 0; round < 400 && made.zcache.counters().writtenBackPages! < 5; round++) await turns();
    expect(made.zcache.counters().writtenBackPages).toBeGreaterThanOrEqual(5);
    expect(made.zcache.frontswap.currPages()).toBeLessThan(stored);
    made.zcache.frontswap.verify();
    await made.zcache.frontswap.close();
  });

  test("10.2-j a group of which only one page could be written stays whole otherwise, and is tried again", async () => {
    const made = bed({ pool: POOLS.zbud!, zcache: { shrinker: true, order: "group-lru" } });
    const { frontswap } = made.zcache;
    frontswap.store(0, 1, pageOf(1, 1500), "only");
    frontswap.store(0, 2, pageOf(2, 1500), "only");
    expect(made.persistentPool.totalFrames()).toBe(1);
    made.writeback.setResident(0, 2, true);
    press(made.zcache.shrinkers[1], 10);
    await made.writeback.flush();
    expect(frontswap.currPages()).toBe(1);
    expect(made.persistentPool.totalFrames()).toBe(1);
    frontswap.verify();
    made.writeback.setResident(0, 2, false);
    press(made.zcache.shrinkers[1], 10);
    await made.writeback.flush();
    expect([frontswap.currPages(), made.persistentPool.totalFrames()]).toEqual([0, 0]);
    frontswap.verify();
  });

  test("10.2-i pages of a group that go while others of it are written free its frame once", async () => {
    const made = bed({ pool: POOLS.zbud!, zcache: { shrinker: true, order: "group-lru" } });
    const { frontswap } = made.zcache;
    frontswap.store(0, 1, pageOf(1, 1500), "only");
    frontswap.store(0, 2, pageOf(2, 1500), "only");
    made.writeback.onClaim = (_type, offset) => {
      if (offset === 1) frontswap.invalidatePage(0, 2);
    };
    press(made.zcache.shrinkers[1], 10);
    await made.writeback.flush();
    expect([frontswap.currPages(), made.persistentPool.totalFrames()]).toEqual([0, 0]);
    frontswap.verify();
  });
});

describe("ghosts", () => {
  test("a page that was thrown away and is asked for counts once; one that was invalidated does not", () => {
    const made = bed();
    const { cleancache } = made.zcache;
    const fs = cleancache.initFs();
    putMany(made, fs, 0, 4);
    press(made.zcache.shrinkers[0], 4);
    const { evictedEphZpages } = made.zcache.counters();
    expect(evictedEphZpages).toBe(4);
    cleancache.invalidatePage(fs, 1, 0);
    expect(cleancache.getPage(fs, 1, 0, into)).toBe("miss");
    expect(cleancache.getPage(fs, 1, 1, into)).toBe("miss");
    expect(cleancache.getPage(fs, 1, 1, into)).toBe("miss");
    putMany(made, fs, 2, 1);
    expect(made.zcache.counters().evictedEphWantedAgain).toBe(1);
    cleancache.invalidateInode(fs, 1);
    expect(cleancache.getPage(fs, 1, 3, into)).toBe("miss");
    expect(made.zcache.counters().evictedEphWantedAgain).toBe(1);
    cleancache.verify();
  });

  test("there are as many as memory has frames, and they are outside the budget", () => {
    const made = bed({ zcache: { maxPoolPercent: 5 } });
    const { cleancache } = made.zcache;
    const fs = cleancache.initFs();
    const charged = made.frames.chargedBytes;
    putMany(made, fs, 0, 1000, 100);
    expect(cleancache.addressingBytes()).toBeGreaterThan(0);
    expect(made.frames.chargedBytes - charged).toBeLessThan(100_000);
    for (let index = 0; index < 1000; index++) cleancache.getPage(fs, 1, index, into);
    const { evictedEphWantedAgain, evictedEphZpages } = made.zcache.counters();
    expect(evictedEphWantedAgain).toBeLessThanOrEqual(made.frames.total);
    expect(evictedEphZpages).toBeGreaterThan(made.frames.total);
    cleancache.verify();
  });
});

describe("memory for records", () => {
  test("tables take at most a quarter of memory; then the oldest clean pages go, and swap pages are refused", () => {
    const made = bed();
    const { cleancache, frontswap } = made.zcache;
    const fs = cleancache.initFs();
    const zero = new Uint8Array(PAGE_SIZE);
    for (let index = 0; index < 12_000; index++) cleancache.putPage(fs, 1, index, zero, true);
    expect(made.frames.chargedBytes).toBeLessThan(made.frames.budgetBytes * 0.45);
    expect(cleancache.currPages()).toBeLessThan(12_000);
    expect(cleancache.getPage(fs, 1, 11_999, into)).toBe("hit");
    expect(cleancache.getPage(fs, 1, 0, into)).toBe("miss");
    let stored = 0;
    while (stored < 12_000 && frontswap.store(0, stored, zero, "only") === "stored") stored++;
    expect(stored).toBeLessThan(12_000);
    expect(made.zcache.counters().persAbortedPreload).toBe(1);
    for (let offset = 0; offset < stored; offset++) expect(frontswap.load(0, offset, into)).toBe("hitExclusive");
    frontswap.verify();
    cleancache.verify();
  });
});

test("a zcache whose codec does not fit the memory says what is missing", () => {
  const compressor = {
    type: "vast",
    input: new Uint8Array(2 * PAGE_SIZE),
    output: new Uint8Array(PAGE_SIZE),
    compress: () => 0,
    decompress: () => 0,
    memoryBytes: () => 2 ** 30,
  };
  expect(() => bed({ compressor })).toThrow(/vast.*1073741824 bytes/);
});
