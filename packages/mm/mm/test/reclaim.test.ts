import { PAGE_SIZE } from "@pagetier/base";
import { type Frame, NO_FRAME } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import { evictAll, memoryStore, pageOf, type Rig, rig, turns } from "./rig.js";
import { ScriptedStore } from "./scripted-store.js";

/** Takes frames as another owner until so many are free. @returns gives them back */
function hog({ frames }: Rig, free: number): () => void {
  const owner = frames.register({ name: "hog" });
  const taken: Frame[] = [];
  while (frames.free > free) {
    const frame = frames.take("writeback", owner);
    expect(frame).not.toBe(NO_FRAME);
    taken.push(frame);
  }
  return () => {
    for (const frame of taken.splice(0)) frames.give(frame);
  };
}

describe("the background reclaimer", () => {
  test("10.6-c starts below low, and stops at high, not before", async () => {
    const store = new ScriptedStore();
    const stack = await rig({ zswap: null, stores: [store], mm: { kswapdStepPages: 1 } });
    const { frames, mm } = stack;
    const { low, high } = frames.watermarks;
    const space = mm.space({ name: "data", size: 400 * PAGE_SIZE });
    let page = 0;
    while (frames.free > low) expect(space.writeNow(page, 0, pageOf(page++))).toBe(true);
    await turns();
    expect(mm.counters().kswapdRuns).toBe(0);
    space.writeNow(page, 0, pageOf(page++));
    expect(mm.counters()).toMatchObject({ kswapdRuns: 1, kswapdSteps: 0 });
    await turns(60);
    expect(frames.free).toBeGreaterThanOrEqual(high);
    expect(frames.free).toBeLessThan(high + 4); // Steps of one page overshoot little.
    const { kswapdSteps } = mm.counters();
    await turns(20);
    expect(mm.counters()).toMatchObject({ kswapdRuns: 1, kswapdSteps, directReclaims: 0 });
    mm.verify();
    await mm.close();
  });

  test("10.6-c gives up after 16 failures, and an access that waits revives it", async () => {
    const stack = await rig({ zswap: null });
    const { frames, mm } = stack;
    const space = mm.space({ name: "data", size: 100 * PAGE_SIZE });
    const release = hog(stack, frames.watermarks.min + 1);
    expect(space.writeNow(0, 0, pageOf(0))).toBe(true); // The last frame; it has nowhere to go below... but can leave.
    await evictAll(stack);
    await turns(40);
    const owner = frames.register({ name: "late" });
    while (frames.take("user", owner) !== NO_FRAME);
    expect(space.writeNow(1, 0, pageOf(1))).toBe(false);
    await turns(80);
    const { kswapdRuns, kswapdSteps } = mm.counters();
    expect(kswapdSteps).toBeGreaterThanOrEqual(16);
    for (let count = 0; count < 5; count++) expect(space.writeNow(1, 0, pageOf(1))).toBe(false);
    await turns(40);
    expect(mm.counters()).toMatchObject({ kswapdRuns, kswapdSteps }); // It stays away.
    await expect(space.write(1, 0, pageOf(1))).rejects.toMatchObject({ code: "MM_OUT_OF_MEMORY" });
    space.writeNow(1, 0, pageOf(1));
    await turns(80);
    expect(mm.counters().kswapdRuns).toBeGreaterThan(kswapdRuns!);
    release();
    await space.write(1, 0, pageOf(1));
    await mm.close();
  });
});

describe("out of memory", () => {
  test("says who holds what, how many slots are free, and why the last write failed", async () => {
    const store = new ScriptedStore({ pages: 1000 });
    const stack = await rig({ stores: [store], zswap: { poolFull: "refuse", maxPoolPercent: 17 } });
    const { mm, frames } = stack;
    const space = mm.space({ name: "data", size: 600 * PAGE_SIZE });
    let page = 0;
    for (; page < 40; page++) await space.write(page, 0, pageOf(page, 1));
    await evictAll(stack); // Into the pool, which refuses from then on.
    store.faultOf = (_count, operation) => (operation === "write" ? "status" : undefined);
    let failure: unknown;
    for (; failure === undefined && page < 600; page++) {
      await space.write(page, 0, pageOf(page, 1)).catch((error: unknown) => {
        failure = error;
      });
    }
    expect(failure).toMatchObject({
      code: "MM_OUT_OF_MEMORY",
      context: { holders: frames.holders(), total: 240, free: frames.free, chargedBytes: frames.chargedBytes },
      cause: { code: "STORE_IO" },
    });
    expect(String(failure)).toMatch(
      /no page can leave memory: of 240 frames resident \d+ frames, zsmalloc 40 frames, \d+ free, \d+ bytes of tables and buffers; of resident pages most belong to data \d+; \d+ swap slots are free, the last write failed \(scripted failure of a write of slot \d+\)\. Give more memory or a larger swap store\./,
    );
    expect(mm.counters().outOfMemory).toBe(1);
    store.faultOf = () => undefined;
    await space.write(page - 1, 0, pageOf(page - 1, 1)); // Nothing is broken: it goes on where it was.
    const into = new Uint8Array(PAGE_SIZE);
    for (let each = 0; each < page; each++) {
      await space.read(each, 0, into);
      expect(Buffer.compare(into, pageOf(each, 1))).toBe(0);
    }
    mm.verify();
    await mm.close();
  });

  test("comes only after the pool was used, also when the store never worked", async () => {
    const store = new ScriptedStore();
    store.faultOf = (_count, operation) => (operation === "write" ? "reject" : undefined);
    const { mm } = await rig({ stores: [store] });
    const space = mm.space({ name: "data", size: 600 * PAGE_SIZE });
    let written = 0;
    await expect(
      (async () => {
        for (; written < 600; written++) await space.write(written, 0, pageOf(written));
      })(),
    ).rejects.toMatchObject({ code: "MM_OUT_OF_MEMORY" });
    const [resident, pool] = mm.stats().tiers;
    expect(pool!.pages).toBeGreaterThan(80);
    expect(resident!.pages + pool!.pages).toBeGreaterThanOrEqual(written);
    const into = new Uint8Array(PAGE_SIZE);
    for (let page = 0; page < written; page += 10) {
      await space.read(page, 0, into);
      expect(Buffer.compare(into, pageOf(page))).toBe(0);
    }
    mm.verify();
    await mm.close();
  });

  test("says so where there is no store, or one without end", async () => {
    for (const [stores, text] of [
      [[], "there is no swap store"],
      [[memoryStore()], "any number of swap slots are free"],
    ] as const) {
      const stack = await rig({ zswap: null, stores });
      const space = stack.mm.space({ name: "data", size: 100 * PAGE_SIZE });
      const release = hog(stack, 3);
      await expect(space.write(0, 0, pageOf(0))).rejects.toThrow(text);
      await expect(space.write(0, 0, pageOf(0))).rejects.toThrow("hog 237 frames, 3 free");
      release();
      await space.write(0, 0, pageOf(0));
      await stack.mm.close();
    }
  });
});

describe("progress", () => {
  test("pages that move to a pool which grows as much are progress: memory is not out before the pool is full", async () => {
    const stack = await rig({
      memory: 8 << 20,
      zswap: { poolFull: "refuse", maxPoolPercent: 40 },
      mm: { kswapdStepPages: 1 },
    });
    const space = stack.mm.space({ name: "data", size: 4000 * PAGE_SIZE });
    const page = pageOf(1, 1);
    const writes: Promise<void>[] = [];
    for (let count = 0; count < 3500; count++) {
      new DataView(page.buffer).setUint32(0, count);
      writes.push(space.write(count, 0, page.slice()));
      if (count % 500 === 499) await Promise.all(writes.splice(0));
    }
    stack.mm.verify();
    expect(stack.mm.counters().outOfMemory).toBe(0);
    await stack.mm.close();
  });

  test("a read under way is progress: who needs its frame waits for it", async () => {
    const store = new ScriptedStore();
    const stack = await rig({ zswap: null, stores: [store] });
    const { frames, mm } = stack;
    const space = mm.space({ name: "data", size: 100 * PAGE_SIZE });
    for (let page = 0; page < 10; page++) await space.write(page, 0, pageOf(page));
    await evictAll(stack);
    const release = hog(stack, frames.watermarks.min + 1); // One frame for users.
    store.hold();
    const targets = Array.from({ length: 10 }, () => new Uint8Array(PAGE_SIZE));
    const reads = targets.map((target, page) => space.read(page, 0, target));
    for (let step = 0; step < 40; step++) {
      await turns(30);
      expect(store.waiting.length).toBeLessThanOrEqual(1);
      store.letGo(1);
    }
    await Promise.all(reads);
    for (const [page, target] of targets.entries()) expect(Buffer.compare(target, pageOf(page))).toBe(0);
    release();
    await mm.close();
  });
});

test("a memory that becomes smaller is kept to, access by access, and loses nothing", async () => {
  const stack = await rig({ memory: 4 << 20 });
  const { mm, frames } = stack;
  const space = mm.space({ name: "data", size: 800 * PAGE_SIZE });
  for (let page = 0; page < 700; page++) await space.write(page, 0, pageOf(page));
  frames.setTotal(1 << 20);
  expect(frames.usedBytes).toBeGreaterThan(frames.budgetBytes);
  const into = new Uint8Array(PAGE_SIZE);
  await space.write(700, 0, pageOf(700));
  await turns(200);
  expect(frames.usedBytes).toBeLessThanOrEqual(frames.budgetBytes);
  for (let page = 0; page <= 700; page++) {
    await space.read(page, 0, into);
    expect(Buffer.compare(into, pageOf(page))).toBe(0);
  }
  mm.verify();
  await mm.close();
});

describe("shrink", () => {
  test("frees at least what was asked for, and says how much", async () => {
    const stack = await rig();
    const { mm, frames } = stack;
    const space = mm.space({ name: "data", size: 150 * PAGE_SIZE });
    for (let page = 0; page < 150; page++) await space.write(page, 0, pageOf(page));
    const before = frames.usedBytes;
    const freed = await mm.shrink(40 * PAGE_SIZE);
    expect(freed).toBeGreaterThanOrEqual(40 * PAGE_SIZE);
    expect(before - frames.usedBytes).toBe(freed);
    expect(await mm.shrink(0)).toBe(0);
    await mm.shrink(Number.POSITIVE_INFINITY);
    expect([frames.used, mm.stats().tiers[0]!.pages]).toEqual([0, 0]);
    const into = new Uint8Array(PAGE_SIZE);
    for (let page = 0; page < 150; page++) {
      await space.read(page, 0, into);
      expect(Buffer.compare(into, pageOf(page))).toBe(0);
    }
    mm.verify();
    await mm.close();
    await expect(mm.shrink(1)).rejects.toMatchObject({ code: "MM_CLOSED" });
  });

  test("ends when nothing can leave", async () => {
    const stack = await rig({ zswap: null, stores: [] });
    const space = stack.mm.space({ name: "data", size: 50 * PAGE_SIZE });
    for (let page = 0; page < 50; page++) await space.write(page, 0, pageOf(page));
    expect(await stack.mm.shrink(Number.POSITIVE_INFINITY)).toBe(0);
    stack.mm.verify();
    await stack.mm.close();
  });
});

test("pages move to lower segments with their content, and empty segments go back", async () => {
  const stack = await rig({ memory: 4 << 20, zswap: null });
  const { frames, mm } = stack;
  const space = mm.space({ name: "data", size: 800 * PAGE_SIZE });
  for (let page = 0; page < 800; page++) await space.write(page, 0, pageOf(page));
  for (let page = 0; page < 800; page++) if (page % 4 !== 0) space.discard(page);
  const moved = frames.compact(Number.POSITIVE_INFINITY);
  expect(moved).toBeGreaterThan(50);
  mm.verify();
  const into = new Uint8Array(PAGE_SIZE);
  for (let page = 0; page < 800; page += 4) {
    expect(space.readNow(page, 0, into)).toBe(true);
    expect(Buffer.compare(into, pageOf(page))).toBe(0);
  }
  expect(frames.compact(Number.POSITIVE_INFINITY)).toBe(0);
  await mm.close();
  expect(frames.used).toBe(0);
});

test("a page that is being written does not move", async () => {
  const store = new ScriptedStore();
  const stack = await rig({ memory: 4 << 20, zswap: null, stores: [store] });
  const { frames, mm } = stack;
  const space = mm.space({ name: "data", size: 800 * PAGE_SIZE });
  for (let page = 0; page < 800; page++) await space.write(page, 0, pageOf(page));
  store.hold();
  const shrinking = mm.shrink(8 * PAGE_SIZE);
  await turns();
  expect(store.waiting.length).toBeGreaterThan(0);
  for (let page = 300; page < 600; page++) space.discard(page);
  frames.compact(Number.POSITIVE_INFINITY);
  mm.verify();
  store.resume();
  await shrinking;
  const into = new Uint8Array(PAGE_SIZE);
  for (let page = 0; page < 800; page += 1) {
    await space.read(page, 0, into);
    expect(Buffer.compare(into, page >= 300 && page < 600 ? new Uint8Array(PAGE_SIZE) : pageOf(page))).toBe(0);
  }
  mm.verify();
  await mm.close();
});

test("an observer is told of each page that leaves, at once or through a write", async () => {
  for (const engine of ["classic", "shrinkers"] as const) {
    const left: [number, string][] = [];
    let looks = 0;
    const observer = {
      evicted: (page: number, outcome: string) => left.push([page, outcome]),
      looked: () => looks++,
    };
    const stack = await rig({ zswap: {}, stores: [memoryStore(1000)], mm: { engine, observer } });
    const space = stack.mm.space({ name: "data", size: 100 * PAGE_SIZE });
    for (let page = 0; page < 20; page++) await space.write(page, 0, pageOf(page, 1));
    await evictAll(stack);
    expect(new Set(left.map(([page]) => page))).toEqual(new Set(Array.from({ length: 20 }, (_, page) => page)));
    expect(left.length).toBe(stack.mm.counters().pagesStolen);
    expect(looks > 0).toBe(engine === "shrinkers");
    await stack.mm.close();
  }
});

describe("reclaim over a slow store", () => {
  /** Writes far more than memory holds. @returns the share of passes at priority 6 or less */
  async function pressed(waitsForIo: boolean): Promise<number> {
    const store = Object.assign(new ScriptedStore(), { turnsOf: () => 30 });
    const { mm } = await rig({ zswap: null, stores: [store], mm: { waitsForIo } });
    const space = mm.space({ name: "data", size: 900 * PAGE_SIZE });
    for (let page = 0; page < 900; page++) await space.write(page, 0, pageOf(page));
    const into = new Uint8Array(PAGE_SIZE);
    for (let page = 0; page < 900; page += 7) {
      await space.read(page, 0, into);
      expect(Buffer.compare(into, pageOf(page))).toBe(0);
    }
    const counters = mm.counters();
    const passes = Array.from({ length: 13 }, (_, priority) => counters[`passesAtPriority${priority}`]!);
    mm.verify();
    await mm.close();
    const sum = (some: readonly number[]): number => some.reduce((total, each) => total + each, 0);
    return sum(passes.slice(0, 7)) / sum(passes);
  }

  test("waits for writes under way before it presses harder", async () => {
    expect(await pressed(true)).toBe(0);
    expect(await pressed(false)).toBeGreaterThan(0.1);
  });
});
