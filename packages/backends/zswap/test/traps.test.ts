// The traps of the originals that can occur here and have no place among the other tests. Those of large folios (10.1 b),
// several backends (10.1 d) and keys of file systems cannot; those of the core are tested there.

import { type Handle, NO_HANDLE } from "@pagetier/allocator";
import { ZbudPool } from "@pagetier/allocator-zbud";
import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { PAGE_SIZE } from "@pagetier/base";
import { TokenCompressor } from "@pagetier/compressor/conformance";
import { SHRINK_STOP } from "@pagetier/shrinker";
import { describe, expect, test } from "vitest";
import type { Zswap } from "../src/index.js";
import { bed, controlOf, noise, pageOf, turns } from "./bed.js";

const KERNEL_POOL = { chainPages: 4, classes: "kernel-6.18" } as const;

function expectPage(zswap: Zswap, offset: number, page: Uint8Array): void {
  const into = new Uint8Array(PAGE_SIZE).fill(0xee);
  expect(zswap.load(0, offset, into)).not.toBe("miss");
  expect(Buffer.compare(into, page)).toBe(0);
}

/** Presses twice, so that every entry has had its second chance. */
function press(zswap: Zswap, pages: number): void {
  for (let round = 0; round < 2; round++) zswap.scanObjects(controlOf(pages));
}

describe("stale data", () => {
  const refusals: Readonly<Record<string, () => Zswap>> = {
    "the limit": () => {
      const { zswap } = bed({ zswap: { maxPoolPercent: 1, poolFull: "refuse" } });
      for (let offset = 10; zswap.store(0, offset, noise(offset), "only") === "stored"; offset++);
      return zswap;
    },
    "no frame": () => {
      const { zswap, frames } = bed();
      const owner = frames.register({ name: "other" });
      return Object.assign(zswap, {
        exhaust: () => {
          while (frames.available("reclaim") > 0) frames.take("reclaim", owner);
        },
      });
    },
    "a page that does not compress": () => bed({ zswap: { storeIncompressible: false } }).zswap,
    "a zpage that is too long": () => {
      const { zswap } = bed({ zswap: { as: "6.1" }, pool: (frames) => new ZbudPool(frames) });
      return zswap;
    },
    "being closed": () => {
      const { zswap } = bed();
      return Object.assign(zswap, { exhaust: () => void zswap.close() });
    },
  };
  for (const [reason, create] of Object.entries(refusals)) {
    test(`trap 10.1 a: a store refused for ${reason} leaves no older copy, in the pool or below`, async () => {
      const zswap = create() as Zswap & { exhaust?: () => void };
      // Without a frame to spare, the older page must not give one back.
      const older = reason === "no frame" ? new Uint8Array(PAGE_SIZE) : pageOf(1);
      if (reason !== "the limit") expect(zswap.store(0, 1, older, "only")).toBe("stored");
      zswap.exhaust?.();
      expect(zswap.store(0, 1, noise(2), "only")).toBe("refused");
      expect(zswap.load(0, 1, new Uint8Array(PAGE_SIZE))).toBe("miss");
      zswap.verify();
    });
  }

  test("trap 10.1 a: a store that is refused leaves no record either", async () => {
    const { zswap, writeback } = bed({ zswap: { writeback: "compressed", storeIncompressible: false } });
    zswap.store(0, 1, pageOf(1), "only");
    press(zswap, 1);
    await writeback.flush();
    expect(zswap.recordPages()).toBe(1);
    expect(zswap.store(0, 1, noise(2), "only")).toBe("refused");
    expect(zswap.load(0, 1, new Uint8Array(PAGE_SIZE))).toBe("miss");
    expect(zswap.currPages()).toBe(0);
    zswap.verify();
  });

  test("trap 10.1 f: a page below as a record that becomes zeroes is zeroes, and does not come back with a neighbour", async () => {
    const { zswap, writeback } = bed({ zswap: { writeback: "compressed" } });
    for (let offset = 1; offset <= 3; offset++) zswap.store(0, offset, pageOf(offset), "only");
    press(zswap, 3);
    await writeback.flush();
    zswap.store(0, 2, new Uint8Array(PAGE_SIZE), "only");
    const into = new Uint8Array(PAGE_SIZE);
    expect(await zswap.fetch(0, 1, into)).toBe("hit"); // Its old record is shown beside this one.
    expectPage(zswap, 2, new Uint8Array(PAGE_SIZE));
    zswap.verify();
  });
});

describe("races", () => {
  test("trap 10.2 b: a fetch and a write-back of one key, either first, end with one owner and the same bytes", async () => {
    for (const fetchFirst of [true, false]) {
      const { zswap, writeback } = bed({ zswap: { writeback: "compressed" } });
      zswap.store(0, 1, pageOf(1), "only");
      press(zswap, 1);
      await writeback.flush();
      const into = new Uint8Array(PAGE_SIZE);
      const fetching = fetchFirst ? zswap.fetch(0, 1, into) : undefined;
      zswap.invalidatePage(0, 1); // The page was written to in memory, and leaves again.
      zswap.store(0, 1, pageOf(2), "only");
      press(zswap, 1);
      await writeback.flush();
      if (fetching !== undefined) expect(await fetching).toBe("miss");
      expect(await zswap.fetch(0, 1, into)).toBe("hit");
      expect(Buffer.compare(into, pageOf(2))).toBe(0);
      expect(zswap.currPages()).toBe(1);
      zswap.verify();
    }
  });

  test("trap 10.2 e: reclaim that runs between any two steps of a store finds no entry that is not complete", () => {
    let zswap: Zswap | undefined;
    let steps = 0;
    const reclaim = (): void => {
      if (zswap === undefined) return;
      steps++;
      const scanned = zswap;
      zswap = undefined; // Reclaim does not reclaim.
      press(scanned, 4);
      zswap = scanned;
    };
    class Reclaiming extends ZsmallocPool {
      override malloc(size: number): Handle {
        reclaim();
        const handle = super.malloc(size);
        if (handle !== NO_HANDLE) reclaim();
        return handle;
      }
      override write(handle: Handle, source: Uint8Array, start: number, length: number): void {
        reclaim();
        super.write(handle, source, start, length);
        reclaim();
      }
    }
    // Raw pages: a codec has one set of buffers, and is never entered twice.
    const made = bed({ pool: (frames) => new Reclaiming(frames, KERNEL_POOL) });
    const seen = new Map<number, Uint8Array>();
    made.writeback.onSubmit = (_type, offset, page) => seen.set(offset, page.slice());
    zswap = made.zswap;
    for (let offset = 1; offset <= 40; offset++) made.zswap.store(0, offset % 13, noise(offset), "only");
    zswap = undefined;
    expect(steps).toBeGreaterThan(100);
    expect(seen.size).toBeGreaterThan(5);
    for (const [offset, page] of seen) {
      const stored = [...Array(40).keys()].map((index) => index + 1).filter((each) => each % 13 === offset);
      expect(stored.some((seed) => Buffer.compare(page, noise(seed)) === 0)).toBe(true);
    }
    made.zswap.verify();
  });

  test("trap 10.2 f, h: an entry that goes while its neighbour is being claimed is not touched any more", () => {
    const { zswap, writeback } = bed();
    writeback.hold();
    for (let offset = 1; offset <= 8; offset++) zswap.store(0, offset, noise(offset), "only");
    zswap.scanObjects(controlOf(8));
    writeback.onClaim = (type, offset) => {
      for (const gone of [offset - 1, offset + 1]) zswap.invalidatePage(type, gone);
      zswap.store(type, 100 + offset, noise(offset), "only"); // Takes the numbers that are free again.
    };
    zswap.scanObjects(controlOf(8));
    writeback.onClaim = undefined;
    zswap.verify();
    while (writeback.inFlight > 0) writeback.settleNext("written");
    for (let offset = 1; offset <= 8; offset++) {
      if (zswap.storedBytes(0, 100 + offset) >= 0) expectPage(zswap, 100 + offset, noise(offset));
    }
    zswap.verify();
  });

  test("trap 10.2 g: a scan of entries that cannot go ends after as many as were asked for", () => {
    const { zswap, writeback } = bed();
    for (let offset = 1; offset <= 5; offset++) {
      zswap.store(0, offset, noise(offset), "only");
      writeback.setResident(0, offset, true);
    }
    expect(zswap.scanObjects(controlOf(1000))).toBe(0); // Each was spared once.
    const control = controlOf(1000);
    expect(zswap.scanObjects(control)).toBe(SHRINK_STOP);
    expect(control.nrScanned).toBe(1000);
  });

  test("trap 10.2 i: a frame whose second object is freed while the first is written back is freed once", () => {
    const { zswap, writeback, pool } = bed({ zswap: { as: "6.1" }, pool: (frames) => new ZbudPool(frames) });
    writeback.hold();
    for (let offset = 1; offset <= 4; offset++) zswap.store(0, offset, pageOf(offset, 900), "only");
    const frames = pool.totalFrames();
    writeback.onClaim = (type, offset) => {
      writeback.onClaim = undefined;
      zswap.invalidatePage(type, offset === 1 ? 2 : 1);
    };
    expect(zswap.shrink(1)).toBe(1);
    writeback.settleNext("written");
    zswap.verify();
    expect(pool.totalFrames()).toBe(frames - 1);
  });

  test("trap 10.2 j: a frame of which one object went and the other could not is still a frame, and is tried again", async () => {
    const { zswap, writeback, pool } = bed({
      zswap: { as: "6.1", maxPoolPercent: 2 },
      pool: (frames) => new ZbudPool(frames),
      compressor: new TokenCompressor(1800),
    });
    let offset = 1;
    while (zswap.store(0, offset, pageOf(offset), "only") === "stored") offset++;
    expect(pool.totalFrames()).toBe(5); // 240 × 2 % and one.
    writeback.setResident(0, 2, true);
    await turns();
    expect(zswap.counters().writtenBackPages).toBe(1); // 1 went; 2, beside it, is in memory.
    expectPage(zswap, 2, pageOf(2));
    zswap.verify();
    zswap.store(0, offset, pageOf(offset), "only");
    await turns();
    expect(zswap.counters().writtenBackPages).toBe(3); // The next frame: both.
    writeback.setResident(0, 2, false);
    for (let round = 0; round < 4; round++) zswap.scanObjects(controlOf(20));
    await writeback.flush();
    expect(zswap.load(0, 2, new Uint8Array(PAGE_SIZE))).toBe("miss");
    zswap.verify();
  });

  test("trap 10.2 m: an area that is turned off while its pages are written, as pages or records, leaves nothing", async () => {
    for (const form of ["raw", "compressed"] as const) {
      const { zswap, writeback, pool } = bed({ zswap: { writeback: form } });
      writeback.hold();
      for (let offset = 1; offset <= 10; offset++) zswap.store(0, offset, pageOf(offset), "only");
      press(zswap, 5);
      for (let settled = 0; settled < 2; settled++) writeback.settleNext("written");
      zswap.invalidateArea(0);
      expect(zswap.currPages()).toBe(0);
      while (writeback.inFlight > 0) expect(writeback.settleNext("written")).toBe(false);
      expect(pool.totalFrames()).toBe(0);
      zswap.verify();
    }
  });
});

describe("accounting", () => {
  test("trap 10.3 d: what is charged and uncharged is one length, whatever form a page takes on its way", async () => {
    const { zswap, writeback } = bed({
      zswap: { writeback: "recompressed" },
      strong: new TokenCompressor(500),
      compressor: new TokenCompressor(1500),
    });
    for (let offset = 1; offset <= 12; offset++) zswap.store(0, offset, pageOf(offset), "only");
    zswap.store(0, 13, new Uint8Array(PAGE_SIZE).fill(7), "only");
    expect(zswap.contentBytes()).toBe(12 * 1500);
    zswap.shrink(9);
    await writeback.flush();
    expect(zswap.recordPages()).toBe(9);
    expect(zswap.contentBytes()).toBe(3 * 1500);
    const into = new Uint8Array(PAGE_SIZE);
    expect(await zswap.fetch(0, 1, into)).toBe("hit");
    const { readaheadPages, storedPages } = zswap.counters();
    expect(readaheadPages).toBeGreaterThan(0);
    expect(zswap.contentBytes()).toBe((storedPages! - 1 - readaheadPages!) * 1500 + readaheadPages! * 500);
    for (let offset = 1; offset <= 13; offset++) zswap.invalidatePage(0, offset);
    expect([zswap.contentBytes(), zswap.currPages(), zswap.poolFrames()]).toEqual([0, 0, 0]);
    zswap.verify();
  });

  test("trap 10.3 f: a codec stays while a record below needs it, and goes afterwards", async () => {
    const { zswap, writeback, frames } = bed({ zswap: { writeback: "compressed", readaheadPages: 0 } });
    zswap.store(0, 1, pageOf(1), "only");
    press(zswap, 1);
    await writeback.flush();
    const charged = frames.chargedBytes;
    const bytes = new TokenCompressor().memoryBytes();
    for (let change = 0; change < 3; change++) zswap.changeCompressor(new TokenCompressor());
    expect(frames.chargedBytes).toBe(charged + 2 * bytes); // That of the record, the last but one, the last.
    const into = new Uint8Array(PAGE_SIZE);
    expect(await zswap.fetch(0, 1, into)).toBe("hit");
    expect(Buffer.compare(into, pageOf(1))).toBe(0);
    zswap.invalidatePage(0, 1);
    for (let change = 0; change < 2; change++) zswap.changeCompressor(new TokenCompressor());
    expect(frames.chargedBytes).toBeLessThan(charged + 2 * bytes);
    zswap.verify();
  });
});

describe("shrinkers", () => {
  test("a round at the lowest priority reaches pages behind a whole batch that is only spared", async () => {
    const { zswap, shrinkers, writeback } = bed({ memory: 2 << 20, zswap: { shrinker: true, maxPoolPercent: 90 } });
    for (let offset = 1; offset <= 300; offset++) zswap.store(0, offset, noise(offset), "only");
    shrinkers.shrink(0, true, true); // Scans come in batches of 128.
    expect(writeback.submits).toBeGreaterThan(0);
    await writeback.flush();
    zswap.verify();
  });

  test("trap 10.5 a: many calls that may not do I/O are not made up for at once", () => {
    const { zswap, shrinkers } = bed({ zswap: { shrinker: true, maxPoolPercent: 80 } });
    for (let offset = 1; offset <= 150; offset++) zswap.store(0, offset, noise(offset), "only");
    for (let call = 0; call < 1000; call++) shrinkers.shrink(4, false, false);
    shrinkers.shrink(4, true, true);
    expect(zswap.currPages()).toBe(150); // At most the share of that call, of which each is spared once.
    expect(shrinkers.counters().deferred).toBeLessThanOrEqual(300);
  });

  test("trap 10.5 c: what is counted is what scans of that many free, in the same unit", async () => {
    const { zswap, writeback } = bed({ zswap: { shrinker: true, maxPoolPercent: 80 } });
    for (let offset = 1; offset <= 100; offset++) zswap.store(0, offset, noise(offset), "only");
    const count = zswap.countObjects(controlOf(0));
    expect(count).toBe(100);
    zswap.scanObjects(controlOf(count)); // Spares each.
    let gone = 0;
    while (gone < count) {
      const control = controlOf(count - gone);
      zswap.scanObjects(control);
      if (control.submitted === 0) break;
      gone += control.submitted;
      await writeback.flush();
    }
    expect(gone).toBe(100);
    expect(zswap.currPages()).toBe(0);
  });

  test("trap 10.5 e: scans that overlap with each other's I/O free each page once", async () => {
    const { zswap, writeback } = bed({ zswap: { shrinker: true, maxPoolPercent: 80 } });
    writeback.hold();
    for (let offset = 1; offset <= 20; offset++) zswap.store(0, offset, noise(offset), "only");
    let submitted = 0;
    for (let scan = 0; scan < 6; scan++) {
      const control = controlOf(7);
      zswap.scanObjects(control);
      submitted += control.submitted;
    }
    expect(submitted).toBe(writeback.inFlight);
    while (writeback.inFlight > 0) writeback.settleNext("written");
    expect(zswap.counters().writtenBackPages).toBe(submitted);
    expect(zswap.currPages()).toBe(20 - submitted);
    zswap.verify();
  });

  test("trap 10.5 f: without permission for I/O nothing is offered, and nothing is started", () => {
    for (const writebackForm of ["raw", "compressed"] as const) {
      const { zswap, writeback } = bed({ zswap: { shrinker: true, writeback: writebackForm } });
      for (let offset = 1; offset <= 20; offset++) zswap.store(0, offset, noise(offset), "only");
      expect(zswap.countObjects(controlOf(0, false))).toBe(0);
      for (let scan = 0; scan < 3; scan++) expect(zswap.scanObjects(controlOf(20, false))).toBe(SHRINK_STOP);
      expect(writeback.claims).toBe(0);
    }
  });

  test("trap 10.5 g: closing in the middle of a scan ends it, and nothing is called afterwards", async () => {
    const { zswap, shrinkers, writeback } = bed({ zswap: { shrinker: true, maxPoolPercent: 80 } });
    for (let offset = 1; offset <= 160; offset++) zswap.store(0, offset, noise(offset), "only");
    shrinkers.shrink(0, true, true); // Spares each.
    let closing: Promise<void> | undefined;
    writeback.onClaim = () => {
      closing ??= zswap.close();
    };
    shrinkers.shrink(0, true, true);
    const { claims } = writeback;
    shrinkers.shrink(0, true, true);
    expect(writeback.claims).toBe(claims);
    await closing;
    expect(writeback.inFlight).toBe(0);
    zswap.verify();
  });

  test("trap 10.5 h: at priority 0 a spared entry may go in the same round", async () => {
    const { zswap, shrinkers, writeback } = bed({ zswap: { shrinker: true, maxPoolPercent: 80 } });
    for (let offset = 1; offset <= 30; offset++) zswap.store(0, offset, noise(offset), "only");
    shrinkers.shrink(0, true, true); // Up to twice as many as there are.
    expect(writeback.submits).toBe(30);
    await writeback.flush();
    expect(zswap.currPages()).toBe(0);
  });
});
