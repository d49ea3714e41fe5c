import { KmallocPool } from "@pagetier/allocator-kmalloc";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { TokenCompressor } from "@pagetier/compressor/conformance";
import { createLz4Compressor } from "@pagetier/compressor-lz4";
import { NullCompressor } from "@pagetier/compressor-null";
import { FrontswapRegistry } from "@pagetier/frontswap";
import { describe, expect, test } from "vitest";
import type { Zswap } from "../src/index.js";
import { bed, controlOf, noise, pageOf, turns, WatchedPool } from "./bed.js";

function loaded(zswap: Zswap, offset: number): Uint8Array | string {
  const into = new Uint8Array(PAGE_SIZE).fill(0xee);
  const outcome = zswap.load(0, offset, into);
  return outcome === "miss" ? outcome : into;
}

function expectPage(zswap: Zswap, offset: number, page: Uint8Array): void {
  const got = loaded(zswap, offset);
  expect(typeof got).toBe("object");
  expect(Buffer.compare(got as Uint8Array, page)).toBe(0);
  zswap.verify();
}

/** Stores noise until the limit refuses. @returns pages stored */
function fill(zswap: Zswap, first = 1): number {
  for (let count = 0; ; count++)
    if (zswap.store(0, first + count, noise(first + count), "only") === "refused") return count;
}

const words = (word: bigint): Uint8Array => new Uint8Array(new BigUint64Array(PAGE_SIZE / 8).fill(word).buffer);

describe("same-filled pages", () => {
  test("of one or two words take an entry and no zpage", () => {
    const { zswap, pool } = bed();
    const pages = [words(0n), words(0x0101010101010101n), words(0x1234567812345678n), words(0xdeadbeef00000001n)];
    for (const [offset, page] of pages.entries()) expect(zswap.store(0, offset, page, "only")).toBe("stored");
    for (const [offset, page] of pages.entries()) expectPage(zswap, offset, page);
    expect(pool.totalFrames()).toBe(0);
    expect(zswap.counters()).toMatchObject({ storedPages: 4, sameFilledPages: 4, compressedBytes: 0, rawBytes: 0 });
    expect(zswap.storedBytes(0, 3)).toBe(0);
    expect(zswap.contentBytes()).toBe(0);
  });

  test("trap 10.3 m: differ from pages where one word differs, the last one too", () => {
    for (const byte of [0, 7, 8, 15, 2048, PAGE_SIZE - 9, PAGE_SIZE - 8, PAGE_SIZE - 4, PAGE_SIZE - 1]) {
      const { zswap } = bed();
      const page = words(0x0101010101010101n);
      page[byte] = 2;
      zswap.store(0, 1, page, "only");
      expect(zswap.counters().sameFilledPages).toBe(0);
      expectPage(zswap, 1, page);
    }
  });

  test("trap 10.3 m: a pattern of three words is not one of two", () => {
    const { zswap } = bed();
    const page = new Uint8Array(PAGE_SIZE);
    for (let word = 0; word < PAGE_SIZE / 4; word++) new DataView(page.buffer).setUint32(word * 4, word % 3, true);
    zswap.store(0, 1, page, "only");
    expect(zswap.counters().sameFilledPages).toBe(0);
    expectPage(zswap, 1, page);
  });

  test("trap 10.1 f: a page that becomes zeroes leaves no older copy that write-back could bring back", async () => {
    const { zswap, writeback } = bed();
    zswap.store(0, 1, noise(1), "only");
    zswap.store(0, 1, words(0n), "only");
    for (let round = 0; round < 3; round++) zswap.scanObjects(controlOf(10));
    await writeback.flush();
    expect(writeback.submits).toBe(0);
    expectPage(zswap, 1, words(0n));
    zswap.store(0, 1, pageOf(3), "only"); // And back.
    expectPage(zswap, 1, pageOf(3));
    expect(zswap.counters()).toMatchObject({ sameFilledPages: 0, duplicateEntry: 2 });
  });

  test("are ordinary pages when the option is off", () => {
    const { zswap, pool } = bed({ zswap: { sameFilledPages: false } });
    zswap.store(0, 1, words(0n), "only");
    expect(zswap.counters().sameFilledPages).toBe(0);
    expect(pool.totalFrames()).toBeGreaterThan(0);
    expectPage(zswap, 1, words(0n));
  });

  test("do not turn all memory into tables: beyond a quarter they are refused", () => {
    const { zswap, frames } = bed();
    let stored = 0;
    while (zswap.store(0, stored, words(BigInt(stored) << 32n), "only") === "stored") stored++;
    expect(stored).toBeGreaterThan(4000);
    expect(frames.chargedBytes).toBeLessThan(frames.budgetBytes * 0.3);
    expect(zswap.counters()).toMatchObject({ rejectKmemcacheFail: 1, storedPages: stored });
    zswap.verify();
    zswap.invalidatePage(0, 7); // Entries that are free again are used again.
    expect(zswap.store(0, 9_000_000, words(7n), "only")).toBe("stored");
    expectPage(zswap, 5, words(5n << 32n));
  });
});

describe("pages that do not compress", () => {
  test("are kept raw and count apart", () => {
    const { zswap, pool } = bed();
    zswap.store(0, 1, noise(1), "only");
    expect(zswap.counters()).toMatchObject({ incompressiblePages: 1, rawBytes: PAGE_SIZE, compressedBytes: 0 });
    expect(zswap.storedBytes(0, 1)).toBe(PAGE_SIZE);
    expect(pool.totalFrames()).toBe(1);
    expectPage(zswap, 1, noise(1));
    zswap.invalidatePage(0, 1);
    expect(zswap.counters()).toMatchObject({ incompressiblePages: 0, rawBytes: 0 });
  });

  test("are refused when the option is off, and leave no older copy", () => {
    const { zswap } = bed({ zswap: { storeIncompressible: false } });
    zswap.store(0, 1, pageOf(1), "only");
    expect(zswap.store(0, 1, noise(1), "only")).toBe("refused");
    expect(loaded(zswap, 1)).toBe("miss");
    expect(zswap.counters()).toMatchObject({ rejectCompressFail: 1, duplicateEntry: 1, storedPages: 0 });
    zswap.verify();
  });

  test("trap 10.3 h: a codec whose output is as long as the page gives a raw page", () => {
    const { zswap } = bed({ compressor: new NullCompressor(), pool: (frames) => new KmallocPool(frames) });
    zswap.store(0, 1, pageOf(1), "only");
    expect(zswap.counters()).toMatchObject({ incompressiblePages: 1, rawBytes: PAGE_SIZE });
    expectPage(zswap, 1, pageOf(1));
  });
});

describe("the limit", () => {
  test("trap 10.3 b, c: is reached by an accepted store; the next one is refused and wakes the worker, which drains to the threshold", async () => {
    const { zswap, pool, writeback } = bed();
    for (let offset = 1; offset <= 48; offset++) expect(zswap.store(0, offset, noise(offset), "only")).toBe("stored");
    await turns();
    expect(writeback.submits).toBe(0); // Being full wakes nobody.
    expect(zswap.store(0, 99, noise(99), "only")).toBe("refused");
    expect(zswap.counters()).toMatchObject({ poolLimitHit: 1, rejectLimit: 1 });
    await turns();
    expect(pool.totalFrames()).toBe(43); // 48 × 90 %, rounded down.
    expect(zswap.counters().writtenBackPages).toBe(5); // No more than must.
    expect(loaded(zswap, 1)).toBe("miss"); // The oldest went.
    expectPage(zswap, 48, noise(48));
    expect(zswap.store(0, 99, noise(99), "only")).toBe("stored");
    zswap.verify();
  });

  test("trap 10.3 b: refuses between limit and threshold", () => {
    const { zswap } = bed({ zswap: { poolFull: "refuse" } });
    expect(fill(zswap)).toBe(48);
    for (let offset = 1; offset <= 4; offset++) {
      zswap.invalidatePage(0, offset);
      expect(zswap.store(0, 99, noise(99), "only")).toBe("refused");
    }
    zswap.invalidatePage(0, 5);
    expect(zswap.store(0, 99, noise(99), "only")).toBe("stored");
    expect(zswap.counters()).toMatchObject({ poolLimitHit: 1, rejectLimit: 5 });
    zswap.verify();
  });

  test("trap 10.1 a: a store that the limit refuses leaves no older copy", () => {
    const { zswap } = bed({ zswap: { poolFull: "refuse" } });
    fill(zswap);
    expect(zswap.store(0, 7, pageOf(1), "only")).toBe("refused");
    expect(loaded(zswap, 7)).toBe("miss");
    zswap.verify();
  });

  test("trap 10.2 l: a worker that gains nothing stops after 16 attempts, and the next refused store starts it again", async () => {
    const { zswap, writeback } = bed();
    writeback.failNext(Number.POSITIVE_INFINITY);
    fill(zswap);
    await turns(100);
    const { submits } = writeback;
    expect(submits).toBeGreaterThan(16);
    await turns(50);
    expect(writeback.submits).toBe(submits);
    expect(zswap.counters()).toMatchObject({ storedPages: 48, rejectReclaimFail: submits, writtenBackPages: 0 });
    writeback.failNext(0);
    zswap.store(0, 99, noise(99), "only");
    await turns(20);
    expect(zswap.counters().writtenBackPages).toBeGreaterThan(0);
    zswap.verify();
  });

  test("trap 10.2 c: pages that are in memory are passed over, without end or loss", async () => {
    const { zswap, writeback } = bed();
    const stored = fill(zswap);
    for (let offset = 1; offset <= stored; offset++) writeback.setResident(0, offset, true);
    await turns(60);
    expect(writeback.submits).toBe(0);
    expect(zswap.currPages()).toBe(stored);
    zswap.verify();
  });

  test("a worker without memory waits for the next refused store", async () => {
    const { zswap, writeback } = bed();
    writeback.pagesFree = 0;
    const stored = fill(zswap);
    await turns(60);
    expect(zswap.currPages()).toBe(stored);
    writeback.pagesFree = 8;
    zswap.store(0, 99, noise(99), "only");
    await turns(20);
    expect(zswap.counters().writtenBackPages).toBe(5);
  });

  test("lets any page go, the same ones again with the same seed, where the order is random", async () => {
    const left = async (lru: "entry" | "random"): Promise<number[]> => {
      const { zswap } = bed({ zswap: { lru }, memory: 4 << 20 });
      for (let offset = 0; offset < 200; offset++) zswap.store(0, offset, pageOf(offset), "only");
      zswap.shrink(40);
      await turns();
      zswap.verify();
      return Array.from({ length: 200 }, (_, offset) => offset).filter((offset) => loaded(zswap, offset) === "miss");
    };
    const oldest = await left("entry");
    expect(oldest.length).toBeGreaterThan(20);
    expect(oldest).toEqual(oldest.map((_, index) => index));
    const any = await left("random");
    expect(any.length).toBeGreaterThan(20);
    expect(any.at(-1)).toBeGreaterThan(150);
    expect(await left("random")).toEqual(any);
  });

  test("sizes itself as the core asks: as many of the coldest pages, by writing back or by dropping", async () => {
    for (const poolFull of ["writeback-lru", "refuse", "drop-clean"] as const) {
      const { zswap, writeback } = bed({ zswap: { poolFull } });
      for (let offset = 1; offset <= 20; offset++) zswap.store(0, offset, noise(offset), "only");
      for (let offset = 1; offset <= 5; offset++) zswap.markClean(0, offset);
      expect(zswap.shrink(0)).toBe(0);
      expect(zswap.shrink(5)).toBe(5);
      expect(zswap.counters()).toMatchObject({ droppedCleanPages: 5, storedPages: 15 });
      // Each was stored lately and is spared once, so asking for three may have to look at all of them.
      let gone = 0;
      for (let round = 0; round < 6 && gone < 3; round++) gone += zswap.shrink(3 - gone);
      expect(gone).toBe(poolFull === "drop-clean" ? 0 : 3);
      await writeback.flush();
      expect(zswap.counters().writtenBackPages).toBe(gone);
      zswap.verify();
    }
  });

  test("gives way under pressure, whatever it does when it is full", async () => {
    const { zswap, writeback } = bed({ zswap: { poolFull: "refuse", shrinker: true } });
    for (let offset = 1; offset <= 20; offset++) zswap.store(0, offset, noise(offset), "only");
    expect(zswap.countObjects(controlOf(0))).toBeGreaterThan(0);
    for (let round = 0; round < 2; round++) zswap.scanObjects(controlOf(20));
    await writeback.flush();
    expect(zswap.counters().writtenBackPages).toBeGreaterThan(0);
    zswap.verify();
  });

  test("a full pool that drops clean copies drops them, and writes nothing", async () => {
    const { zswap, writeback } = bed({ zswap: { poolFull: "drop-clean" } });
    for (let offset = 1; offset <= 48; offset++) zswap.store(0, offset, noise(offset), "only");
    for (let offset = 10; offset < 30; offset++) zswap.markClean(0, offset);
    zswap.store(0, 99, noise(99), "only");
    await turns(30);
    expect(zswap.counters()).toMatchObject({ droppedCleanPages: 5, cleanPages: 15, writtenBackPages: 0 });
    for (let round = 0; round < 4; round++) zswap.scanObjects(controlOf(100));
    expect(zswap.counters()).toMatchObject({ droppedCleanPages: 20, storedPages: 28 });
    expect(writeback.submits).toBe(0);
    zswap.verify();
  });
});

describe("write-back", () => {
  test("trap 10.2 a: an entry that was replaced during the write keeps the new page", async () => {
    const { zswap, writeback } = bed();
    writeback.hold();
    zswap.store(0, 1, noise(1), "only");
    zswap.scanObjects(controlOf(1));
    zswap.scanObjects(controlOf(1));
    expect(writeback.inFlight).toBe(1);
    zswap.invalidatePage(0, 1);
    zswap.store(0, 1, noise(2), "only"); // The same number, slot and size: only the generation differs.
    expect(writeback.settleNext("written")).toBe(false);
    expectPage(zswap, 1, noise(2));
    expect(zswap.counters().writtenBackPages).toBe(0);
  });

  test("an entry is not submitted twice", () => {
    const { zswap, writeback } = bed();
    writeback.hold();
    zswap.store(0, 1, noise(1), "only");
    for (let round = 0; round < 5; round++) zswap.scanObjects(controlOf(4));
    expect(writeback.submits).toBe(1);
  });

  test("an exclusive load during the write takes the page, and the write settles for nobody", () => {
    const { zswap, writeback } = bed({ zswap: { exclusiveLoads: true } });
    writeback.hold();
    zswap.store(0, 1, noise(1), "only");
    for (let round = 0; round < 2; round++) zswap.scanObjects(controlOf(1));
    expectPage(zswap, 1, noise(1));
    expect(writeback.settleNext("written")).toBe(false);
    expect(zswap.counters()).toMatchObject({ storedPages: 0, exclusiveLoads: 1, writtenBackPages: 0 });
  });

  test("an entry that became clean during the write can be dropped before it settles", () => {
    const { zswap, writeback } = bed();
    writeback.hold();
    zswap.store(0, 1, noise(1), "only");
    for (let round = 0; round < 2; round++) zswap.scanObjects(controlOf(1));
    zswap.markClean(0, 1);
    zswap.scanObjects(controlOf(1));
    expect(zswap.counters()).toMatchObject({ droppedCleanPages: 1, storedPages: 0 });
    expect(writeback.settleNext("written")).toBe(false);
    zswap.verify();
  });

  test("trap 10.2 d: a page that cannot be decompressed is released, and stays lost rather than stale", async () => {
    const compressor = new TokenCompressor();
    const { zswap, writeback } = bed({ compressor });
    zswap.store(0, 1, noise(1), "only");
    compressor.restoredBytes = PAGE_SIZE - 1;
    for (let round = 0; round < 3; round++) zswap.scanObjects(controlOf(1));
    expect([writeback.submits, writeback.releases]).toEqual([0, 2]);
    expect(() => loaded(zswap, 1)).toThrow(expect.objectContaining({ code: "FRONTSWAP_LOST" }));
    expect(zswap.counters()).toMatchObject({ decompressFail: 3, rejectReclaimFail: 2, storedPages: 1 });
    compressor.restoredBytes = PAGE_SIZE;
    expectPage(zswap, 1, noise(1));
  });

  test("trap 10.1 c: a damaged zpage is FRONTSWAP_LOST through the hook, never a miss after which the device is read", () => {
    let pool: WatchedPool | undefined;
    const { zswap } = bed({
      compressor: new TokenCompressor(),
      pool: (frames) => {
        pool = new WatchedPool(frames);
        return pool;
      },
    });
    const registry = new FrontswapRegistry({ writeThrough: false });
    registry.swapOn(1);
    registry.register(zswap);
    registry.store(1, 5, pageOf(1), "only");
    const into = new Uint8Array(PAGE_SIZE);
    registry.load(1, 5, into);
    pool!.damage(pool!.lastRead!);
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        registry.load(1, 5, into);
        expect.unreachable();
      } catch (error) {
        expect(TierError.is(error, "FRONTSWAP_LOST")).toBe(true);
        expect((error as TierError).context).toEqual({ backend: "zswap", type: 1, offset: 5 });
        expect(TierError.is((error as TierError).cause, "COMPRESSOR_CORRUPT")).toBe(true);
      }
    }
    registry.invalidatePage(1, 5);
    expect(registry.load(1, 5, into)).toBe("miss");
    registry.verify();
  });
});

describe("loads", () => {
  test("keep the copy, or take it out, as the option says", () => {
    const { zswap } = bed();
    zswap.store(0, 1, pageOf(1), "only");
    const into = new Uint8Array(PAGE_SIZE);
    expect([zswap.load(0, 1, into), zswap.load(0, 1, into)]).toEqual(["hit", "hit"]);
    const exclusive = bed({ zswap: { exclusiveLoads: true } });
    exclusive.zswap.store(0, 1, pageOf(1), "only");
    expect([exclusive.zswap.load(0, 1, into), exclusive.zswap.load(0, 1, into)]).toEqual(["hitExclusive", "miss"]);
    expect(exclusive.pool.totalFrames()).toBe(0);
    exclusive.zswap.verify();
  });
});

describe("the shrinker", () => {
  test("offers nothing below the emergency unless it is on", () => {
    const off = bed().zswap;
    const on = bed({ zswap: { shrinker: true } }).zswap;
    for (const zswap of [off, on])
      for (let offset = 1; offset <= 40; offset++) zswap.store(0, offset, noise(offset), "only");
    const offers = (zswap: Zswap) => [12, 2, 1, 0].map((priority) => zswap.countObjects(controlOf(0, true, priority)));
    expect(offers(off)).toEqual([0, 0, 40, 40]);
    expect(offers(on)).toEqual([40, 40, 40, 40]);
  });

  test("offers fewer, the better pages compress, and never more than there are", () => {
    const sparse = bed({ zswap: { shrinker: true }, compressor: new TokenCompressor(3000) });
    sparse.zswap.store(0, 1, pageOf(1), "only");
    expect(sparse.pool.totalFrames()).toBeGreaterThan(1); // One page in a zspage of several frames.
    expect(sparse.zswap.countObjects(controlOf(0))).toBe(1);
    const { zswap, pool } = bed({ zswap: { shrinker: true } });
    for (let offset = 2; offset <= 60; offset++) zswap.store(0, offset, pageOf(offset, 500), "only");
    expect(zswap.countObjects(controlOf(0))).toBe(pool.totalFrames());
    expect(pool.totalFrames()).toBeLessThan(30);
  });

  test("without I/O it offers and takes only clean copies", () => {
    const { zswap, writeback } = bed({ zswap: { shrinker: true } });
    for (let offset = 1; offset <= 20; offset++) zswap.store(0, offset, noise(offset), offset <= 4 ? "clean" : "only");
    expect(zswap.countObjects(controlOf(0, false))).toBe(4);
    const control = controlOf(20, false);
    expect(zswap.scanObjects(control)).toBe(4);
    expect(control).toMatchObject({ nrScanned: 20, framesFreed: 4, submitted: 0 });
    expect(writeback.submits).toBe(0);
    zswap.verify();
  });

  test("spares what it meets for the first time, and stops where memory is out", () => {
    const { zswap, writeback } = bed({ zswap: { shrinker: true } });
    for (let offset = 1; offset <= 10; offset++) zswap.store(0, offset, noise(offset), "only");
    expect(zswap.scanObjects(controlOf(10))).toBe(0);
    writeback.pagesFree = 3;
    writeback.hold();
    const control = controlOf(10);
    expect(zswap.scanObjects(control)).toBe(0);
    expect(control).toMatchObject({ submitted: 3, nrScanned: 4, framesFreed: 0 });
  });
});

describe("changing the codec", () => {
  test("trap 10.3 f: pages keep the codec they were stored with", () => {
    const { zswap, frames } = bed();
    const charged = frames.chargedBytes;
    for (let offset = 1; offset <= 10; offset++) zswap.store(0, offset, pageOf(offset), "only");
    const token = new TokenCompressor();
    zswap.changeCompressor(token);
    expect(frames.chargedBytes).toBeGreaterThan(charged);
    for (let offset = 11; offset <= 20; offset++) zswap.store(0, offset, pageOf(offset), "only");
    for (let offset = 1; offset <= 20; offset++) expectPage(zswap, offset, pageOf(offset));
    zswap.store(0, 21, words(3n), "only");
    expectPage(zswap, 21, words(3n));
    expect(zswap.storedBytes(0, 11)).toBe(2000);
  });

  test("trap 10.3 f: a codec goes when the last page that needs it is gone", () => {
    const { zswap, frames } = bed();
    zswap.store(0, 1, pageOf(1), "only");
    const before = frames.chargedBytes;
    for (let change = 0; change < 600; change++) zswap.changeCompressor(new TokenCompressor());
    const bytes = new TokenCompressor().memoryBytes();
    expect(frames.chargedBytes).toBe(before + 2 * bytes); // The present one, and the one before that.
    expectPage(zswap, 1, pageOf(1));
    zswap.invalidatePage(0, 1);
    zswap.changeCompressor(new TokenCompressor());
    zswap.changeCompressor(new TokenCompressor());
    expect(frames.chargedBytes).toBeLessThan(before + 2 * bytes);
  });

  test("a codec that does not fit memory is ZSWAP_NO_ROOM, and the present one stays", () => {
    const { zswap, frames } = bed();
    const large = new TokenCompressor();
    large.memoryBytes = () => 1 << 21;
    expect(() => zswap.changeCompressor(large)).toThrow(expect.objectContaining({ code: "ZSWAP_NO_ROOM" }));
    zswap.store(0, 1, pageOf(1), "only");
    expectPage(zswap, 1, pageOf(1));
    expect(frames.chargedBytes).toBeLessThan(frames.budgetBytes);
    expect(() => bed({ compressor: large })).toThrow(/1048576 bytes; give more memory/);
  });
});

describe("the books", () => {
  test("tables are charged to memory and reported", () => {
    const { zswap, frames, pool } = bed();
    const before = zswap.metadataBytes();
    expect(frames.chargedBytes).toBe(before);
    for (let offset = 1; offset <= 30; offset++) zswap.store(0, offset, pageOf(offset), "only");
    expect(frames.chargedBytes).toBe(zswap.metadataBytes());
    expect(zswap.metadataBytes()).toBeGreaterThan(before);
    expect(zswap.poolFrames()).toBe(pool.totalFrames());
    expect(frames.used).toBe(pool.totalFrames());
    expect(zswap.addressingBytes()).toBe(4 * 4096);
  });

  test("a memory that has no room for an entry refuses it; one that has no frame refuses the zpage", () => {
    const tight = bed();
    while (tight.frames.charge(4096)); // Everything but the reserve.
    while (tight.frames.charge(16));
    expect(tight.zswap.store(0, 1, noise(1), "only")).toBe("refused");
    expect(tight.zswap.counters()).toMatchObject({ rejectAllocFail: 1, storedPages: 0 });
    let entries = 0; // There is room for some from the start.
    while (tight.zswap.store(0, entries, words(0n), "only") === "stored") entries++;
    expect(entries).toBe(1023);
    expect(tight.zswap.counters()).toMatchObject({ rejectKmemcacheFail: 1 });
    expect(tight.frames.used).toBe(0);
    tight.zswap.verify();

    const { zswap, frames, pool } = bed({ pool: (all) => new KmallocPool(all) });
    const owner = frames.register({ name: "other" });
    pool.free(pool.malloc(PAGE_SIZE)); // The pool has its tables; entries get no more than the first.
    for (let offset = 2; offset < 1025; offset++) zswap.store(0, offset, words(0n), "only");
    while (frames.available("reclaim") > 2) frames.take("reclaim", owner);
    expect(zswap.store(0, 1, noise(1), "only")).toBe("refused");
    expect(zswap.counters()).toMatchObject({ rejectKmemcacheFail: 1, storedPages: 1023 });
    expect(pool.totalFrames()).toBe(0); // What was reserved for the page went back.
    zswap.verify();
  });

  test("trap 10.3 d, e: every counter is what a recount says, through all that can happen to a page", async () => {
    const { zswap, writeback } = bed({ zswap: { shrinker: true } });
    for (let offset = 0; offset < 120; offset++) {
      zswap.store(
        0,
        offset % 70,
        offset % 5 === 0 ? words(BigInt(offset)) : offset % 3 === 0 ? noise(offset) : pageOf(offset),
        offset % 7 === 0 ? "clean" : "only",
      );
      if (offset % 4 === 0) zswap.invalidatePage(0, offset % 61);
      if (offset % 9 === 0) zswap.scanObjects(controlOf(6));
      if (offset % 11 === 0) await writeback.flush();
      if (offset % 13 === 0) zswap.markClean(0, offset % 70);
      zswap.verify();
    }
    for (const [name, value] of Object.entries(zswap.counters())) expect(value, name).toBeGreaterThanOrEqual(0);
    await writeback.flush();
    zswap.invalidateArea(0);
    zswap.verify();
    expect(zswap.counters()).toMatchObject({
      storedPages: 0,
      sameFilledPages: 0,
      incompressiblePages: 0,
      cleanPages: 0,
      compressedBytes: 0,
      rawBytes: 0,
      poolPages: 0,
    });
  });

  test("areas are apart", () => {
    const { zswap } = bed();
    zswap.init(31);
    zswap.store(0, 1, pageOf(1), "only");
    zswap.store(31, 1, pageOf(2), "only");
    zswap.store(31, 2 ** 26 - 1, pageOf(3), "only");
    zswap.invalidateArea(0);
    expect(loaded(zswap, 1)).toBe("miss");
    const into = new Uint8Array(PAGE_SIZE);
    for (const [offset, seed] of [
      [1, 2],
      [2 ** 26 - 1, 3],
    ] as const) {
      zswap.load(31, offset, into);
      expect(Buffer.compare(into, pageOf(seed))).toBe(0);
    }
    zswap.verify();
  });
});

describe("closing", () => {
  test("trap 10.3 g: a closed zswap refuses, drops duplicates, and still loads; it closes once", async () => {
    const { zswap, shrinkers } = bed();
    zswap.store(0, 1, pageOf(1), "only");
    zswap.store(0, 2, pageOf(2), "only");
    const closing = zswap.close();
    expect(zswap.close()).toBe(closing);
    await closing;
    expect(shrinkers.names).toEqual([]);
    expect(zswap.store(0, 1, pageOf(3), "only")).toBe("refused");
    expect(loaded(zswap, 1)).toBe("miss");
    expectPage(zswap, 2, pageOf(2));
  });

  test("ends a worker that is draining", async () => {
    const { zswap, writeback } = bed();
    writeback.hold();
    fill(zswap);
    await turns(2);
    const closing = zswap.close();
    writeback.resume();
    await closing;
    expect(writeback.inFlight).toBe(0);
    zswap.verify();
  });
});

test("the default codec of the tests is the one of the preset", () => {
  expect(createLz4Compressor().type).toBe("lz4");
});
