// "Read the neighbouring swap slots along with the wanted one": what comes, what does not, and what may happen meanwhile.

import { PAGE_SIZE } from "@pagetier/base";
import { type Frame, NO_FRAME } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import type { AnonSpace } from "../src/index.js";
import { evictAll, pageOf, type Rig, type RigOptions, rig, turns } from "./rig.js";
import { ScriptedStore } from "./scripted-store.js";

const PAGES = 120;

interface Evicted extends Rig {
  readonly store: ScriptedStore;
  readonly space: AnonSpace;
}

/** A stack without a pool all of whose pages lie on its device, in their order. */
async function evicted(options: RigOptions = {}): Promise<Evicted> {
  const store = new ScriptedStore();
  const stack = await rig({ zswap: null, stores: [store], ...options });
  const space = stack.mm.space({ name: "data", size: PAGES * PAGE_SIZE });
  for (let page = 0; page < PAGES; page++) await space.write(page, 0, pageOf(page));
  await evictAll(stack);
  expect(stack.mm.counters().residentPages).toBe(0);
  return { ...stack, store, space };
}

async function expectPage(space: AnonSpace, page: number, content = pageOf(page)): Promise<void> {
  const into = new Uint8Array(PAGE_SIZE);
  await space.read(page, 0, into);
  expect(Buffer.compare(into, content), `page ${page}`).toBe(0);
}

function resident({ space }: Evicted): number[] {
  return [...Array(PAGES).keys()].filter((page) => space.where(page).tier === "resident");
}

async function end(stack: Evicted): Promise<void> {
  stack.mm.verify();
  await stack.mm.close();
  expect(stack.frames.used).toBe(0);
}

describe("a read of a device", () => {
  test("takes the aligned window around the slot along, in one call of the store", async () => {
    const stack = await evicted();
    await expectPage(stack.space, 20);
    const [first] = stack.store.slotsRead;
    expect(first! % 8).toBe(0);
    expect(stack.store.slotsRead).toEqual([...Array(8).keys()].map((index) => first! + index));
    const came = resident(stack);
    expect(came).toHaveLength(8);
    for (const page of came) {
      const into = new Uint8Array(PAGE_SIZE);
      expect(stack.space.readNow(page, 0, into)).toBe(true);
      expect(Buffer.compare(into, pageOf(page))).toBe(0);
    }
    const { deviceReads, deviceReadClusters, swapReadaheadPages, swapReadaheadHits } = stack.mm.counters();
    expect({ deviceReads, deviceReadClusters, swapReadaheadPages, swapReadaheadHits }).toEqual({
      deviceReads: 8,
      deviceReadClusters: 1,
      swapReadaheadPages: 7,
      swapReadaheadHits: 7,
    });
    expect(stack.mm.stats().faults.major).toBe(1); // What came along was no fault.
    await end(stack);
  });

  test("takes nothing along with pageCluster 0, nor from a store that blocks", async () => {
    for (const options of [{ mm: { pageCluster: 0 } }, { io: "now" }] as const) {
      const stack = await evicted(options);
      for (let page = 30; page < 40; page++) await expectPage(stack.space, page);
      expect(stack.store.slotsRead).toHaveLength(10);
      expect(stack.mm.counters().swapReadaheadPages).toBe(0);
      await end(stack);
    }
  });

  test("takes less along when that was of no use, and more again when it was", async () => {
    const stack = await evicted();
    const counts: number[] = [];
    for (const page of [4, 44, 84, 24, 64]) {
      const before = stack.store.slotsRead.length;
      await expectPage(stack.space, page);
      counts.push(stack.store.slotsRead.length - before);
    }
    expect(counts).toEqual([7, 4, 2, 1, 1]); // The first window has slot 0, which nobody has.
    for (let page = 90; page < 110; page++) await expectPage(stack.space, page);
    expect(stack.mm.counters().swapReadaheadHits).toBeGreaterThan(8);
    await end(stack);
  });

  test("what nobody used leaves without a write, and is counted", async () => {
    const stack = await evicted();
    await expectPage(stack.space, 20);
    const writes = stack.store.slotsWritten.length;
    await evictAll(stack);
    expect(stack.store.slotsWritten).toHaveLength(writes);
    const { swapReadaheadPages, swapReadaheadHits, swapReadaheadUnused } = stack.mm.counters();
    expect([swapReadaheadHits, swapReadaheadUnused]).toEqual([0, swapReadaheadPages]);
    expect(swapReadaheadPages).toBeGreaterThan(0);
    for (let page = 0; page < PAGES; page++) await expectPage(stack.space, page);
    await end(stack);
  });

  test("starts no reclaim: without memory to spare a page comes alone", async () => {
    const stack = await evicted();
    const owner = stack.frames.register({ name: "hog" });
    const hogged: Frame[] = [];
    while (stack.frames.free > stack.frames.watermarks.low) hogged.push(stack.frames.take("user", owner));
    expect(hogged).not.toContain(NO_FRAME);
    const { directReclaims } = stack.mm.counters();
    await expectPage(stack.space, 20);
    expect(stack.store.slotsRead).toHaveLength(1);
    expect(stack.mm.counters().directReclaims).toBe(directReclaims);
    for (const frame of hogged) stack.frames.give(frame);
    await end(stack);
  });

  test("leaves what a pool has where it is", async () => {
    const store = new ScriptedStore();
    const stack = await rig({ stores: [store], zswap: { maxPoolPercent: 50, storeIncompressible: false } });
    const space = stack.mm.space({ name: "data", size: PAGES * PAGE_SIZE });
    // Every fourth page is noise, which the pool refuses.
    const content = (page: number): Uint8Array => pageOf(page, page % 4 === 0 ? 1 : 0.01);
    for (let page = 0; page < PAGES; page++) await space.write(page, 0, content(page));
    await space.advise(0, PAGES, "pageout");
    const tiers = [...Array(PAGES).keys()].map((page) => space.where(page).tier);
    const onDevice = tiers.flatMap((tier, page) => (tier === "store" ? [page] : []));
    const pooled = tiers.flatMap((tier, page) => (tier === "pool" ? [page] : []));
    expect(onDevice.length).toBeGreaterThan(8);
    expect(pooled.length).toBeGreaterThan(8);
    await expectPage(space, onDevice[4]!, content(onDevice[4]!));
    for (const page of pooled) expect(space.where(page).tier, `page ${page}`).toBe("pool");
    await end({ ...stack, store, space });
  });

  test("does not fail because of a neighbour", async () => {
    for (const fault of ["status", "reject"] as const) {
      const stack = await evicted();
      stack.store.faultOf = (_count, operation, slots) =>
        operation === "read" && slots.length > 1 ? fault : undefined;
      await expectPage(stack.space, 20);
      expect(stack.mm.counters().swapReadaheadPages).toBe(0);
      for (let page = 0; page < PAGES; page++) await expectPage(stack.space, page);
      await end(stack);
    }
  });
});

describe("while pages are on their way along", () => {
  test("they are read, written, given up and closed", async () => {
    const stack = await evicted();
    const { store, space } = stack;
    store.hold();
    const first = expectPage(space, 20);
    await turns();
    expect(store.waiting).toHaveLength(1);
    const [, ...others] = store.waiting[0]!.slots;
    expect(others.length).toBeGreaterThan(1);
    const near = [16, 17, 18, 19, 21, 22];
    const into = new Uint8Array(PAGE_SIZE);
    for (const page of near) expect(space.readNow(page, 0, into)).toBe(false);
    const joined = expectPage(space, 21);
    const written = space.write(22, 0, pageOf(1000));
    space.discard(19);
    space.discard(18);
    const again = space.write(18, 0, pageOf(1001));
    store.resume();
    await Promise.all([first, joined, written, again]);
    await expectPage(space, 22, pageOf(1000));
    await expectPage(space, 19, new Uint8Array(PAGE_SIZE));
    await expectPage(space, 18, pageOf(1001));
    stack.mm.verify();
    await evictAll(stack);
    store.hold();
    const more = expectPage(space, 40);
    await turns();
    const closing = space.close();
    await turns();
    store.resume();
    await more;
    await closing;
    await end(stack);
  });

  test("whoever joined a page that could not be read is told why", async () => {
    const stack = await evicted();
    const { store, space } = stack;
    store.hold();
    const first = expectPage(space, 20);
    const second = space.read(21, 0, new Uint8Array(8));
    const codes = Promise.allSettled([first, second]);
    await turns();
    store.faultOf = (_count, operation) => (operation === "read" ? "status" : undefined);
    store.resume();
    const [one, other] = await codes;
    // The read that was under way went well; those after it do not.
    expect(one!.status).toBe("fulfilled");
    expect(other!.status).toBe("fulfilled");
    await expect(space.read(60, 0, new Uint8Array(8))).rejects.toMatchObject({ code: "STORE_IO" });
    store.faultOf = () => undefined;
    await end(stack);
  });

  test("their store may be turned off", async () => {
    for (const swapSlots of ["device", "virtual"] as const) {
      const stores = [new ScriptedStore(), new ScriptedStore()];
      const swaps = stores.map(
        (store, index) => ({ store, name: `swap${index}`, priority: -index, io: "async" }) as const,
      );
      const stack = await evicted({ swaps, mm: { swapSlots } });
      const reads = [...Array(PAGES).keys()].map((page) => expectPage(stack.space, page));
      await Promise.all([stack.mm.swapOff("swap0"), ...reads]);
      stack.mm.verify();
      for (let page = 0; page < PAGES; page++) await expectPage(stack.space, page);
      await end(stack);
    }
  });
});

test("with virtual slots the window is one of places, whatever the slots' numbers", async () => {
  const store = new ScriptedStore();
  const stack = await rig({ zswap: null, stores: [store], mm: { swapSlots: "virtual" } });
  const space = stack.mm.space({ name: "data", size: PAGES * PAGE_SIZE });
  for (let page = 0; page < PAGES; page++) await space.write(page, 0, pageOf(page));
  await evictAll(stack);
  // Some leave again, beside each other: into places that have nothing to do with their numbers.
  for (const page of [3, 50, 77, 101, 9, 64, 33, 90, 12, 71, 28, 115]) await space.write(page, 0, pageOf(page + 500));
  await evictAll(stack);
  store.slotsRead.length = 0;
  await space.advise(0, PAGES, "sequential");
  await expectPage(space, 50, pageOf(550));
  const places = [...store.slotsRead];
  expect(places.length).toBeGreaterThan(1);
  expect(places).toEqual(places.map((_, index) => places[0]! + index)); // Side by side on the device.
  const came = [...Array(PAGES).keys()].filter((page) => space.where(page).tier === "resident");
  expect(came).toHaveLength(places.length);
  for (const page of came)
    await expectPage(
      space,
      page,
      pageOf([3, 50, 77, 101, 9, 64, 33, 90, 12, 71, 28, 115].includes(page) ? page + 500 : page),
    );
  await end({ ...stack, store, space });
});
