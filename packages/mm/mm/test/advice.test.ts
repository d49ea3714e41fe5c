import { PAGE_SIZE, TierError } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { AccessPatterns } from "../src/access-patterns.js";
import type { Advice, AnonSpace } from "../src/index.js";
import type { PageId } from "../src/space.js";
import { fileRig, pageIn } from "./file-rig.js";
import { evictAll, pageOf, type Rig, type RigOptions, rig } from "./rig.js";
import { ScriptedStore } from "./scripted-store.js";

const PAGES = 100;
const ZEROES = new Uint8Array(PAGE_SIZE);

interface Filled extends Rig {
  readonly store: ScriptedStore;
  readonly space: AnonSpace;
}

async function filled(options: RigOptions = {}): Promise<Filled> {
  const store = new ScriptedStore();
  const stack = await rig({ zswap: null, stores: [store], ...options });
  const space = stack.mm.space({ name: "data", size: PAGES * PAGE_SIZE });
  for (let page = 0; page < PAGES; page++) await space.write(page, 0, pageOf(page));
  return { ...stack, store, space };
}

async function expectPage(space: AnonSpace, page: number, content = pageOf(page)): Promise<void> {
  const into = new Uint8Array(PAGE_SIZE);
  await space.read(page, 0, into);
  expect(Buffer.compare(into, content), `page ${page}`).toBe(0);
}

async function end(stack: Rig): Promise<void> {
  stack.mm.verify();
  await stack.mm.close();
  expect(stack.frames.used).toBe(0);
  expect(stack.frontswap.currPages()).toBe(0);
}

const tiers = (space: AnonSpace, first: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => space.where(first + index).tier);

describe("anonymous memory", () => {
  test("willneed brings pages in, several with one call, from devices and pools", async () => {
    const stack = await filled();
    await evictAll(stack);
    await stack.space.advise(10, 40, "willneed");
    expect(tiers(stack.space, 10, 40)).toEqual(Array(40).fill("resident"));
    expect(stack.mm.counters().deviceReadClusters).toBeLessThan(20);
    expect(stack.mm.stats().faults.major).toBe(0);
    await expectPage(stack.space, 30);
    expect(stack.mm.counters().swapReadaheadHits).toBe(1);
    await end(stack);

    const pooled = await filled({ zswap: { maxPoolPercent: 100 } });
    await pooled.space.advise(0, PAGES, "pageout");
    expect(tiers(pooled.space, 10, 5)).toEqual(Array(5).fill("pool"));
    await pooled.space.advise(10, 5, "willneed");
    expect(tiers(pooled.space, 10, 5)).toEqual(Array(5).fill("resident"));
    for (let page = 0; page < PAGES; page++) await expectPage(pooled.space, page);
    await end(pooled);
  });

  test("willneed takes no memory that others need, and says nothing of what cannot be read", async () => {
    const stack = await rig({ zswap: null });
    const space = stack.mm.space({ name: "large", size: 600 * PAGE_SIZE });
    for (let page = 0; page < 600; page++) await space.write(page, 0, pageOf(page));
    const { directReclaims } = stack.mm.counters();
    await space.advise(0, 600, "willneed");
    expect(stack.mm.counters().directReclaims).toBe(directReclaims);
    for (let page = 0; page < 600; page++) await expectPage(space, page);
    await end(stack);

    const broken = await filled();
    await evictAll(broken);
    broken.store.faultOf = (_count, operation) => (operation === "read" ? "reject" : undefined);
    await broken.space.advise(0, 20, "willneed");
    expect(tiers(broken.space, 0, 20)).toEqual(Array(20).fill("store"));
    await expect(broken.space.read(3, 0, new Uint8Array(8))).rejects.toMatchObject({ code: "STORE_IO" });
    await end(broken);
  });

  test("dontneed gives pages up in every tier", async () => {
    for (const zswap of [null, { maxPoolPercent: 100 }]) {
      const stack = await filled({ zswap });
      await stack.space.advise(0, PAGES, "pageout");
      await stack.space.advise(0, 3, "willneed");
      await stack.space.advise(0, 10, "dontneed");
      expect(tiers(stack.space, 0, 10)).toEqual(Array(10).fill("none"));
      for (let page = 0; page < 10; page++) await expectPage(stack.space, page, ZEROES);
      await expectPage(stack.space, 10);
      if (zswap !== null) expect(stack.frontswap.currPages()).toBe(PAGES - 10);
      await end(stack);
    }
  });

  test("free keeps content until memory is short, and then needs no I/O", async () => {
    const stack = await filled();
    await stack.space.advise(0, 50, "free");
    for (let page = 0; page < 50; page++) await expectPage(stack.space, page); // Nothing has happened yet.
    const writes = stack.store.slotsWritten.length;
    await stack.space.write(7, 8, new Uint8Array([1, 2, 3]));
    expect(stack.space.where(3)).toMatchObject({ tier: "resident", copyBelow: false });
    await evictAll(stack);
    expect(stack.store.slotsWritten.length - writes).toBe(51); // The others, and the page that was written to.
    const kept = pageOf(7);
    kept.set([1, 2, 3], 8);
    await expectPage(stack.space, 7, kept);
    expect(stack.mm.counters()).toMatchObject({ lazyFreePages: 50, lazyFreedPages: 49 });
    for (let page = 0; page < 50; page++) if (page !== 7) await expectPage(stack.space, page, ZEROES);
    for (let page = 50; page < PAGES; page++) await expectPage(stack.space, page);
    await end(stack);
  });

  test("free gives up at once what is swapped out, and copies of what is not", async () => {
    for (const zswap of [null, { maxPoolPercent: 100 }]) {
      const stack = await filled({ zswap });
      await stack.space.advise(0, PAGES, "pageout");
      await expectPage(stack.space, 4);
      await stack.space.advise(0, 20, "free");
      expect(stack.space.where(15).tier).toBe("none");
      await expectPage(stack.space, 4); // Still in memory.
      stack.mm.verify();
      await evictAll(stack);
      for (let page = 0; page < 20; page++) await expectPage(stack.space, page, ZEROES);
      await end(stack);
    }
  });

  test("free of a page that is being written out", async () => {
    const stack = await filled();
    stack.store.hold();
    const out = stack.space.advise(0, 32, "pageout");
    await new Promise((resolve) => setImmediate(resolve));
    await stack.space.advise(0, 16, "free");
    stack.mm.verify();
    await stack.space.write(3, 0, pageOf(900));
    stack.store.resume();
    await out;
    await expectPage(stack.space, 3, pageOf(900));
    for (let page = 16; page < 32; page++) await expectPage(stack.space, page);
    await end(stack);
  });

  test("cold pages leave before others, pages of pageout at once", async () => {
    const stack = await filled();
    const into = new Uint8Array(8);
    for (let round = 0; round < 3; round++) for (let page = 0; page < PAGES; page++) stack.space.readNow(page, 0, into);
    await stack.space.advise(40, 20, "cold");
    expect(stack.store.slotsWritten).toEqual([]);
    await stack.mm.shrink(20 * PAGE_SIZE);
    expect(tiers(stack.space, 40, 20)).toEqual(Array(20).fill("store"));
    expect(stack.mm.counters().residentPages).toBeGreaterThan(PAGES - 64);
    await stack.space.advise(80, 10, "pageout");
    expect(tiers(stack.space, 80, 10)).toEqual(Array(10).fill("store"));
    expect(stack.mm.counters().advisedOut).toBeGreaterThan(0);
    expect(stack.mm.counters().pagesScanned).toBe(stack.mm.counters().pagesStolen! + stack.mm.counters().pagesKept!);
    for (let page = 0; page < PAGES; page++) await expectPage(stack.space, page);
    await end(stack);
  });

  test("pageout of more than may be written at a time waits for its turn", async () => {
    const stack = await filled({ mm: { inFlightPagesMax: 32 } });
    await stack.space.advise(0, PAGES, "pageout");
    expect(tiers(stack.space, 0, PAGES)).toEqual(Array(PAGES).fill("store"));
    stack.store.faultOf = (_count, operation) => (operation === "write" ? "status" : undefined);
    await stack.space.write(5, 0, pageOf(700));
    await stack.space.advise(0, PAGES, "pageout");
    expect(stack.space.where(5).tier).toBe("resident"); // It could not leave, so it stays.
    await expectPage(stack.space, 5, pageOf(700));
    await end(stack);
  });

  test("random and sequential say how much comes along", async () => {
    const stack = await filled();
    await evictAll(stack);
    await stack.space.advise(0, 40, "random");
    await expectPage(stack.space, 20);
    expect(stack.store.slotsRead).toHaveLength(1);
    await stack.space.advise(60, 40, "sequential");
    await expectPage(stack.space, 70);
    expect(stack.store.slotsRead).toHaveLength(9);
    await stack.space.advise(0, PAGES, "normal");
    await expectPage(stack.space, 10);
    expect(stack.store.slotsRead.length).toBeGreaterThan(10);
    await end(stack);
  });
});

describe("a file", () => {
  test("willneed reads ahead in clusters, dontneed drops what is clean and begins to write what is not", async () => {
    const stack = await fileRig();
    const { file, store, backend } = stack;
    await file.advise(0, 40, "willneed");
    const counters = stack.mm.counters();
    expect(counters).toMatchObject({ fileReads: 40, fileReadClusters: 2, readaheadPages: 40, readaheadHits: 0 });
    expect(Buffer.compare(await pageIn(file, 7), pageOf(7))).toBe(0);
    expect(stack.mm.counters().readaheadHits).toBe(1);
    await file.write(3, 0, pageOf(903));
    backend.take();
    await file.advise(0, 40, "dontneed");
    expect(file.where(3).tier).toBe("resident");
    expect(file.where(4).tier).toBe("store");
    expect(backend.take().filter((line) => line.startsWith("put"))).toEqual([]);
    await file.fsync();
    expect(Buffer.compare(await store.peek(3), pageOf(903))).toBe(0);
    await file.advise(0, 40, "dontneed");
    expect(file.where(3).tier).toBe("store");
    expect(Buffer.compare(await pageIn(file, 3), pageOf(903))).toBe(0);
    await end(stack);
  });

  test("dontneed gives up what cleancache has", async () => {
    const stack = await fileRig();
    for (let page = 0; page < 20; page++) await pageIn(stack.file, page);
    await stack.file.advise(0, 20, "pageout");
    expect(stack.backend.counters().pages).toBe(20);
    await stack.file.advise(0, 15, "dontneed");
    expect(stack.backend.counters().pages).toBe(5);
    for (let page = 0; page < 20; page++) expect(Buffer.compare(await pageIn(stack.file, page), pageOf(page))).toBe(0);
    await end(stack);
  });

  test("random and sequential say how much is read, cold and pageout what leaves", async () => {
    const stack = await fileRig();
    await stack.file.advise(0, 50, "random");
    for (let page = 0; page < 5; page++) await pageIn(stack.file, page);
    expect(stack.mm.counters().fileReads).toBe(5);
    await stack.file.advise(100, 100, "sequential");
    await pageIn(stack.file, 120);
    expect(stack.mm.counters().fileReads).toBeGreaterThan(15);
    await stack.file.write(0, 0, pageOf(77));
    await stack.file.advise(0, 5, "cold");
    await stack.file.advise(0, 5, "pageout");
    for (let page = 0; page < 5; page++) expect(stack.file.where(page).tier).toBe("store");
    expect(Buffer.compare(await pageIn(stack.file, 0), pageOf(77))).toBe(0);
    await end(stack);
  });
});

test("advice that is none, or of pages that are none, is refused with a code", async () => {
  const stack = await fileRig();
  const space = stack.mm.space({ name: "data", size: 10 * PAGE_SIZE });
  const code = async (advice: Promise<void>): Promise<string> => {
    const error = await advice.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(TierError.is(error)).toBe(true);
    return (error as TierError).code;
  };
  for (const each of [space, stack.file]) {
    for (const [page, count] of [
      [-1, 1],
      [0, 301],
      [0, -1],
      [0, 1.5],
      [0.5, 1],
      [300, 0],
    ] as const) {
      expect(await code(each.advise(page, count, "normal")), `${page}, ${count}`).toBe("MM_BAD_RANGE");
    }
    expect(await code(each.advise(0, 1, "dontcare" as Advice))).toBe("MM_BAD_ADVICE");
  }
  expect(await code(stack.file.advise(0, 1, "free"))).toBe("MM_BAD_ADVICE");
  await space.close();
  expect(await code(space.advise(0, 1, "normal"))).toBe("MM_CLOSED");
  await stack.mm.close();
  expect(await code(stack.file.advise(0, 1, "normal"))).toBe("MM_CLOSED");
});

test("patterns of ranges are kept apart, joined and taken back", () => {
  const patterns = new AccessPatterns();
  const model = new Array<string>(40).fill("normal");
  let state = 7;
  const below = (limit: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * limit);
  };
  for (let step = 0; step < 400; step++) {
    const start = below(40);
    const end = start + below(41 - start);
    const pattern = (["normal", "sequential", "random"] as const)[below(3)]!;
    patterns.set(start, end, pattern);
    model.fill(pattern, start, end);
    expect(model.map((_, page) => patterns.of(page as PageId))).toEqual(model);
  }
  patterns.set(0, 40, "normal");
  expect(patterns.size).toBe(0);
});
