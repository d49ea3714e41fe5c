// Traps of the originals in which a stale page comes back, or one that must stay is lost. Numbers are those of the list of
// traps; what really was a defect of Linux' zcache says so.

import { PAGE_SIZE, TierError } from "@pagetier/base";
import { TokenCompressor } from "@pagetier/compressor/conformance";
import { describe, expect, test } from "vitest";
import { type Bed, bed, noise, pageOf, press, turns, WatchedPool } from "./bed.js";

const UUID = "00112233445566778899aabbccddeeff";

/** What a get of page 0 of file 1 gives. */
function get({ zcache }: Bed, fs: number, index = 0): Uint8Array | "miss" {
  const into = new Uint8Array(PAGE_SIZE).fill(0xee);
  return zcache.cleancache.getPage(fs, 1, index, into) === "hit" ? into : "miss";
}

function load({ zcache }: Bed, offset: number): Uint8Array | "miss" {
  const into = new Uint8Array(PAGE_SIZE).fill(0xee);
  return zcache.frontswap.load(0, offset, into) === "miss" ? "miss" : into;
}

describe("10.1-a a refused store leaves no older copy", () => {
  const refusals: Readonly<Record<string, (made: Bed & { readonly watched: WatchedPool }) => Uint8Array>> = {
    "when the page does not compress": () => noise(2),
    "when the pool is at its limit": (made) => {
      for (let offset = 10; made.zcache.frontswap.store(0, offset, pageOf(offset, 3000), "only") === "stored"; )
        offset++;
      return pageOf(2, 3000);
    },
    "when no frame can be had": (made) => {
      made.watched.mallocsLeft = 0;
      return pageOf(2);
    },
    "when it is frozen": (made) => {
      made.zcache.freeze();
      return pageOf(2);
    },
  };
  for (const [when, refuse] of Object.entries(refusals)) {
    test(when, async () => {
      const pools: WatchedPool[] = [];
      const made = bed({
        zcache: { poolFull: "refuse" },
        pool: (frames) => pools[pools.push(new WatchedPool(frames)) - 1]!,
      });
      const { frontswap } = made.zcache;
      expect(frontswap.store(0, 1, pageOf(1), "only")).toBe("stored");
      const second = refuse({ ...made, watched: pools[0]! });
      expect(frontswap.store(0, 1, second, "only")).toBe("refused");
      expect(load(made, 1)).toBe("miss");
      frontswap.verify();
      await frontswap.close();
    });
  }
});

describe("10.1-g BUG(hist): a put that is not kept drops the older page all the same", () => {
  test("when the put filter ignores it", () => {
    const made = bed({ zcache: { activeOnly: true } });
    const fs = made.zcache.cleancache.initFs();
    made.zcache.cleancache.putPage(fs, 1, 0, pageOf(1), true);
    made.zcache.cleancache.putPage(fs, 1, 0, pageOf(2), false);
    expect(get(made, fs)).toBe("miss");
    expect(made.zcache.counters()).toMatchObject({ ephNonactivePutsIgnored: 1, ephDuplicatePuts: 1 });
    made.zcache.cleancache.verify();
  });

  test("when zcache is frozen; and after it was thawed the page is still gone", () => {
    const made = bed();
    const fs = made.zcache.cleancache.initFs();
    made.zcache.cleancache.putPage(fs, 1, 0, pageOf(1), true);
    made.zcache.freeze();
    made.zcache.cleancache.putPage(fs, 1, 0, pageOf(2), true);
    made.zcache.thaw();
    expect(get(made, fs)).toBe("miss");
    expect(made.zcache.counters()).toMatchObject({ ephPutToFlush: 1 });
    made.zcache.cleancache.verify();
  });

  test("when the page does not compress, or nothing has room for it", () => {
    const pools: WatchedPool[] = [];
    const made = bed({ pool: (frames) => pools[pools.push(new WatchedPool(frames)) - 1]! });
    const fs = made.zcache.cleancache.initFs();
    made.zcache.cleancache.putPage(fs, 1, 0, pageOf(1), true);
    made.zcache.cleancache.putPage(fs, 1, 0, noise(2), true);
    expect(get(made, fs)).toBe("miss");
    made.zcache.cleancache.putPage(fs, 1, 0, pageOf(1), true);
    pools[1]!.mallocsLeft = 0;
    made.zcache.cleancache.putPage(fs, 1, 0, pageOf(3), true);
    expect(get(made, fs)).toBe("miss");
    expect(made.zcache.counters()).toMatchObject({ ephCompressPoor: 1, ephNoRoom: 1 });
    made.zcache.cleancache.verify();
  });
});

test("10.3-g frozen is not drained: what is there can be had, nothing new comes", () => {
  const made = bed();
  const fs = made.zcache.cleancache.initFs();
  made.zcache.cleancache.putPage(fs, 1, 0, pageOf(1), true);
  made.zcache.frontswap.store(0, 1, pageOf(2), "only");
  made.zcache.freeze();
  expect(made.zcache.frontswap.store(0, 2, pageOf(3), "only")).toBe("refused");
  expect(get(made, fs)).toEqual(pageOf(1));
  expect(load(made, 1)).toEqual(pageOf(2));
  made.zcache.frontswap.verify();
});

test("10.1-f a page that became zeroes leaves no compressed page behind, which write-back would bring back", async () => {
  const made = bed({ zcache: { shrinker: true } });
  const { frontswap } = made.zcache;
  frontswap.store(0, 1, pageOf(1), "only");
  frontswap.store(0, 1, new Uint8Array(PAGE_SIZE), "only");
  expect(made.persistentPool.totalFrames()).toBe(0);
  press(made.zcache.shrinkers[1], 10);
  await made.writeback.flush();
  expect(made.writeback.submits).toBe(0);
  expect(load(made, 1)).toEqual(new Uint8Array(PAGE_SIZE));
  frontswap.store(0, 1, new Uint8Array(PAGE_SIZE), "only");
  frontswap.store(0, 1, pageOf(2), "only");
  expect(made.zcache.counters().sameFilledPages).toBe(0);
  expect(load(made, 1)).toEqual(pageOf(2));
  frontswap.verify();
});

describe("10.1-i what missed once goes on missing", () => {
  const damaged = () => {
    const pools: WatchedPool[] = [];
    const made = bed({
      compressor: new TokenCompressor(),
      pool: (frames) => pools[pools.push(new WatchedPool(frames)) - 1]!,
    });
    return { made, pools };
  };

  test("a damaged clean page is a miss, and is gone: the file may have changed before the next get", () => {
    const { made, pools } = damaged();
    const shared = made.zcache.cleancache.initSharedFs(UUID);
    made.zcache.cleancache.putPage(shared, 1, 0, pageOf(1), true);
    get(made, shared); // A get leaves the page in a shared pool, and tells which zpage it is.
    const handle = pools[1]!.lastRead!;
    pools[1]!.damage(handle);
    expect(get(made, shared)).toBe("miss");
    expect(made.ephemeralPool.totalFrames()).toBe(0);
    expect(get(made, shared)).toBe("miss");
    expect(made.zcache.counters()).toMatchObject({ ephLostPages: 1, decompressFail: 1, ephPages: 0 });
    made.zcache.cleancache.verify();
  });

  test("10.1-c a damaged swap page is an error, and none of the device's business; a clean one is", () => {
    const { made, pools } = damaged();
    const { frontswap } = made.zcache;
    frontswap.store(0, 1, pageOf(1), "only");
    const into = new Uint8Array(PAGE_SIZE);
    pools[0]!.damage(1 as never);
    expect(() => frontswap.load(0, 1, into)).toThrow(TierError);
    expect(() => frontswap.load(0, 1, into)).toThrow(/slot 1/);
    frontswap.markClean(0, 1);
    expect(frontswap.load(0, 1, into)).toBe("miss");
    expect(made.zcache.counters()).toMatchObject({ lostCleanPages: 1, storedPages: 0, cleanPages: 0 });
    frontswap.verify();
  });
});

describe("10.1-j reused names", () => {
  test("a file system that is mounted again finds nothing of its former life", () => {
    const made = bed();
    const { cleancache } = made.zcache;
    const fs = cleancache.initFs();
    cleancache.putPage(fs, 1, 0, pageOf(1), true);
    cleancache.invalidateFs(fs);
    const again = cleancache.initFs();
    expect(again).toBe(fs);
    expect(get(made, again)).toBe("miss");
    expect(made.ephemeralPool.totalFrames()).toBe(0);
    cleancache.verify();
  });

  test("a file's number that is used again after it was invalidated finds nothing", () => {
    const made = bed();
    const { cleancache } = made.zcache;
    const fs = cleancache.initFs();
    for (let index = 0; index < 10; index++) cleancache.putPage(fs, 1, index, pageOf(index), true);
    cleancache.invalidateInode(fs, 1);
    for (let index = 0; index < 10; index++) expect(get(made, fs, index)).toBe("miss");
    cleancache.verify();
  });

  test("a shared pool goes with its last client, and ids of swap pages are no file system's", () => {
    const made = bed();
    const { cleancache, frontswap } = made.zcache;
    frontswap.store(0, 0, pageOf(9), "only");
    const one = cleancache.initSharedFs(UUID);
    expect(cleancache.initSharedFs(UUID.toUpperCase())).toBe(one);
    cleancache.putPage(one, 1, 0, pageOf(1), true);
    cleancache.invalidateFs(one);
    expect(get(made, one)).toEqual(pageOf(1));
    cleancache.invalidateFs(one);
    expect(get(made, one)).toBe("miss");
    for (let pool = 0; pool < 300; pool++) if (pool !== one) cleancache.invalidateFs(pool); // None of them is mounted.
    expect(load(made, 0)).toEqual(pageOf(9));
    cleancache.verify();
  });
});

test("10.1-k an offset or index beyond 32 bits is refused, not taken for another", () => {
  const made = bed();
  const fs = made.zcache.cleancache.initFs();
  made.zcache.cleancache.putPage(fs, 1, 5, pageOf(1), true);
  made.zcache.cleancache.putPage(fs, 1, 5 + 2 ** 32, pageOf(2), true);
  expect(get(made, fs, 5 + 2 ** 32)).toBe("miss");
  expect(get(made, fs, 5)).toEqual(pageOf(1));
  expect(made.zcache.frontswap.store(0, 5 + 2 ** 40, pageOf(2), "only")).toBe("refused");
  expect(made.zcache.frontswap.load(0, 5, new Uint8Array(PAGE_SIZE))).toBe("miss");
  made.zcache.frontswap.invalidatePage(0, 5 + 2 ** 40);
  made.zcache.frontswap.verify();
});

test("10.1-l, 10.1-m a load that takes the copy says so, and one that fails before leaves it", () => {
  const taking = bed();
  taking.zcache.frontswap.store(0, 1, pageOf(1), "only");
  expect(taking.zcache.frontswap.load(0, 1, new Uint8Array(PAGE_SIZE))).toBe("hitExclusive");
  expect(load(taking, 1)).toBe("miss");
  const leaving = bed({ zcache: { exclusiveLoads: false } });
  leaving.zcache.frontswap.store(0, 1, pageOf(1), "only");
  expect(leaving.zcache.frontswap.load(0, 1, new Uint8Array(PAGE_SIZE))).toBe("hit");
  expect(load(leaving, 1)).toEqual(pageOf(1));
});

describe("10.3-m same-filled pages", () => {
  const filled = (word: number): Uint8Array => new Uint8Array(new Uint32Array(PAGE_SIZE / 4).fill(word).buffer);
  const almost = (word: number): Uint8Array => {
    const page = filled(word);
    page[PAGE_SIZE - 1]! ^= 1;
    return page;
  };

  test("are told by words, the last one too, and come back", () => {
    for (const word of [0, 0x01010101, 0x01020304, 0xffffffff, 0xfffffffe, 0x80000000]) {
      for (const [page, markers] of [
        [filled(word), 1],
        [almost(word), 0],
      ] as const) {
        const made = bed();
        const fs = made.zcache.cleancache.initFs();
        made.zcache.frontswap.store(0, 1, page, "only");
        expect(made.zcache.counters().sameFilledPages).toBe(markers);
        made.zcache.cleancache.putPage(fs, 1, 0, page, true);
        expect(load(made, 1)).toEqual(page);
        expect(get(made, fs)).toEqual(page);
        made.zcache.frontswap.verify();
      }
    }
  });

  test("hold no frame, and go with their file system", () => {
    const made = bed();
    const { cleancache } = made.zcache;
    const fs = cleancache.initFs();
    for (let index = 0; index < 50; index++) cleancache.putPage(fs, 1, index, filled(index), true);
    expect([cleancache.currPages(), cleancache.poolFrames(), cleancache.contentBytes()]).toEqual([50, 0, 0]);
    cleancache.invalidateFs(fs);
    expect(made.zcache.counters().sameFilledPages).toBe(0);
    cleancache.verify();
  });
});

test("10.2-m an area that is turned off while its pages are written ends empty", async () => {
  const made = bed({ zcache: { shrinker: true } });
  const { frontswap } = made.zcache;
  made.writeback.hold();
  for (let offset = 0; offset < 600; offset += 7) frontswap.store(0, offset, pageOf(offset), "only");
  press(made.zcache.shrinkers[1], 20);
  expect(made.writeback.inFlight).toBeGreaterThan(0);
  frontswap.invalidateArea(0);
  expect([frontswap.currPages(), made.persistentPool.totalFrames()]).toEqual([0, 0]);
  made.writeback.resume();
  await made.writeback.flush();
  await turns();
  frontswap.verify();
  await frontswap.close();
});
