// Swap stores that come and go while the stack runs.

import { PAGE_SIZE, TierError } from "@pagetier/base";
import type { FrontswapCopy, StoreOutcome, SwapWriteback } from "@pagetier/frontswap";
import { ReferenceFrontswap, type ReferenceFrontswapOptions } from "@pagetier/frontswap/conformance";
import { describe, expect, test } from "vitest";
import type { AnonSpace, SwapStats } from "../src/index.js";
import { evictAll, pageOf, type Rig, type RigOptions, rig, turns } from "./rig.js";
import { ScriptedStore, type ScriptedStoreOptions } from "./scripted-store.js";

/** A backend that remembers which areas it was offered pages of. */
class Watched extends ReferenceFrontswap {
  readonly types: number[] = [];

  constructor(writeback: SwapWriteback, options: ReferenceFrontswapOptions = {}) {
    super({ capacityBytes: 2 ** 24, ...options }, writeback);
  }

  /** Slots of the pages held. */
  get offsets(): number[] {
    return [...this.entries.values()].map(({ offset }) => offset);
  }

  override store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    this.types.push(type);
    return super.store(type, offset, page, copy);
  }
}

interface Pair extends Rig {
  readonly fast: ScriptedStore;
  readonly slow: ScriptedStore;
  readonly space: AnonSpace;
}

/** A stack with a store of high priority and one of low. */
async function pair(options: RigOptions = {}, fast: ScriptedStoreOptions = {}, slow = {}): Promise<Pair> {
  const stores = [new ScriptedStore(fast), new ScriptedStore(slow)] as const;
  const stack = await rig({
    zswap: null,
    swaps: [
      { store: stores[0], name: "fast", priority: 10, io: options.io ?? "async" },
      { store: stores[1], name: "slow", priority: 1, io: options.io ?? "async" },
    ],
    ...options,
  });
  const space = stack.mm.space({ name: "data", size: 2000 * PAGE_SIZE });
  return { ...stack, fast: stores[0], slow: stores[1], space };
}

/** A stack with one store and a backend that watches. */
async function watched(backend: ReferenceFrontswapOptions = {}) {
  let made: Watched | undefined;
  const store = new ScriptedStore();
  const stack = await rig({
    swaps: [{ store, name: "only", io: "async" }],
    backend: (writeback) => {
      made = new Watched(writeback, backend);
      return made;
    },
  });
  const space = stack.mm.space({ name: "data", size: 1000 * PAGE_SIZE });
  return { ...stack, store, space, backend: made! };
}

async function fill(space: AnonSpace, pages: number, noise = 1): Promise<void> {
  for (let page = 0; page < pages; page++) await space.write(page, 0, pageOf(page, noise));
}

async function expectPages(space: AnonSpace, pages: number, noise = 1): Promise<void> {
  const into = new Uint8Array(PAGE_SIZE);
  for (let page = 0; page < pages; page++) {
    await space.read(page, 0, into);
    expect(Buffer.compare(into, pageOf(page, noise)), `page ${page}`).toBe(0);
  }
}

const used = (stack: Rig): Record<string, number> =>
  Object.fromEntries(stack.mm.stats().swaps.map(({ name, slots }) => [name, slots.onDevice]));

const named = (stack: Rig, name: string): SwapStats | undefined =>
  stack.mm.stats().swaps.find((swap) => swap.name === name);

async function end(stack: Rig): Promise<void> {
  stack.mm.verify();
  await stack.mm.close();
  expect(stack.frames.used).toBe(0);
}

async function codeOf(work: Promise<unknown>): Promise<TierError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!TierError.is(error)) throw new Error(`expected a TierError, got ${String(error)}`);
  return error;
}

describe("priorities", () => {
  test("the highest is used until it is full, then the next", async () => {
    const stack = await pair({}, { pages: 101 });
    await fill(stack.space, 180);
    await evictAll(stack);
    expect(used(stack)).toEqual({ fast: 100, slow: 80 });
    await expectPages(stack.space, 180);
    await end(stack);
  });

  test("equal ones take turns, a cluster each", async () => {
    const stores = [new ScriptedStore(), new ScriptedStore(), new ScriptedStore()];
    const stack = await rig({ zswap: null, stores });
    const space = stack.mm.space({ name: "data", size: 192 * PAGE_SIZE });
    await fill(space, 192);
    await evictAll(stack);
    expect(used(stack)).toEqual({ scripted: 64, "scripted-2": 64, "scripted-3": 64 });
    for (const { slotsWritten } of stores)
      expect(slotsWritten.slice(0, 32)).toEqual([...slotsWritten.slice(0, 32)].sort((a, b) => a - b));
    await end(stack);
  });

  test("left out they follow the order in which stores were turned on, behind those that were given", async () => {
    const swaps = [{}, { priority: 0 }, {}].map((said) => ({
      store: new ScriptedStore(),
      io: "async" as const,
      ...said,
    }));
    const stack = await rig({ zswap: null, swaps });
    await stack.mm.swapOn({ store: new ScriptedStore(), name: "last", io: "async" });
    expect(stack.mm.stats().swaps.map(({ priority }) => priority)).toEqual([-2, 0, -3, -4]);
    const space = stack.mm.space({ name: "data", size: 10 * PAGE_SIZE });
    await fill(space, 10);
    await evictAll(stack);
    expect(used(stack)).toMatchObject({ "scripted-2": 10 });
    await end(stack);
  });
});

describe("a store whose disk is full, although it has more slots", () => {
  /** Refuses to write beyond so many slots. */
  const limited = (pages: number): ScriptedStore => {
    const store = new ScriptedStore();
    const write = store.writePages.bind(store);
    const written = new Set<number>();
    store.writePages = async (slots, from) => {
      const fits = slots.map((slot) => written.has(slot) || written.size < pages);
      for (const [index, slot] of slots.entries()) if (fits[index]) written.add(slot);
      const picked = slots.flatMap((_, index) => (fits[index] ? [index] : []));
      const statuses = await write(
        picked.map((index) => slots[index]!),
        picked.map((index) => from[index]!),
      );
      return slots.map((slot, index) =>
        fits[index]
          ? statuses[picked.indexOf(index)]
          : new TierError("STORE_NO_SPACE", `slot ${slot}: the disk is full; free space.`),
      );
    };
    return store;
  };

  test.each(["device", "virtual"] as const)("gives way to the next one (%s slots)", async (swapSlots) => {
    const swaps = [
      { store: limited(60), name: "first", priority: 10, io: "async" as const },
      { store: new ScriptedStore(), name: "second", priority: 1, io: "async" as const },
    ];
    const stack = await rig({ zswap: null, swaps, mm: { swapSlots } });
    const space = stack.mm.space({ name: "data", size: 800 * PAGE_SIZE });
    await fill(space, 800);
    expect(used(stack).first).toBeGreaterThan(30);
    expect(used(stack).second).toBeGreaterThan(400);
    expect(stack.mm.counters().deviceWriteErrors, "it is not asked again and again").toBeLessThan(400);
    await expectPages(space, 800);
    await end(stack);
  });

  test("alone ends in an error that says so, and what it holds is there", async () => {
    const stack = await rig({ zswap: null, swaps: [{ store: limited(60), io: "async" }] });
    const space = stack.mm.space({ name: "data", size: 800 * PAGE_SIZE });
    let written = 0;
    const error = await codeOf(
      (async () => {
        for (; written < 800; written++) await space.write(written, 0, pageOf(written, 1));
      })(),
    );
    expect(error.code).toBe("MM_OUT_OF_MEMORY");
    expect(error.message).toMatch(/the last write failed \(slot \d+: the disk is full; free space\.\)/);
    await expectPages(space, written);
    await end(stack);
  });
});

describe("turning a store on", () => {
  test("gives a stack that is full more room", async () => {
    const stack = await rig({ zswap: null, stores: [new ScriptedStore({ pages: 50 })] });
    const space = stack.mm.space({ name: "data", size: 2000 * PAGE_SIZE });
    const fails = await codeOf(fill(space, 400));
    expect(fails.code).toBe("MM_OUT_OF_MEMORY");
    expect(await stack.mm.swapOn({ store: new ScriptedStore(), name: "more", io: "async" })).toBe("more");
    await fill(space, 400);
    await expectPages(space, 400);
    expect(named(stack, "more")).toMatchObject({ store: "scripted", priority: -2, draining: false });
    await end(stack);
  });

  test("wants a name of its own, and numbers those that have none", async () => {
    const stack = await rig({ swaps: [{ store: new ScriptedStore(), name: "scripted", io: "async" }] });
    const again = new ScriptedStore();
    const error = await codeOf(stack.mm.swapOn({ store: again, name: "scripted", io: "async" }));
    expect(error.code).toBe("MM_SWAP_EXISTS");
    const both = [1, 2].map(() => stack.mm.swapOn({ store: new ScriptedStore(), io: "async" }));
    expect(await Promise.all(both)).toEqual(["scripted-2", "scripted-3"]);
    await end(stack);
  });

  test("that does not open changes nothing", async () => {
    const stack = await pair();
    const broken = new ScriptedStore();
    broken.open = () => Promise.reject(new TierError("STORE_OPEN", "says the test."));
    expect((await codeOf(stack.mm.swapOn({ store: broken, name: "broken", io: "async" }))).code).toBe("STORE_OPEN");
    expect(stack.mm.stats().swaps).toHaveLength(2);
    expect(await stack.mm.swapOn({ store: new ScriptedStore(), name: "broken", io: "async" })).toBe("broken");
    await end(stack);
  });

  test.each(["device", "virtual"] as const)("goes up to 32 stores, slots being of the %s kind", async (swapSlots) => {
    const swaps = Array.from({ length: 32 }, () => ({ store: new ScriptedStore(), io: "async" as const }));
    const stack = await rig({ zswap: null, swaps, mm: { swapSlots } });
    expect((await codeOf(stack.mm.swapOn({ store: new ScriptedStore(), io: "async" }))).code).toBe("MM_TOO_MANY_SWAPS");
    await stack.mm.swapOff("scripted-7");
    expect(await stack.mm.swapOn({ store: new ScriptedStore(), io: "async" })).toBe("scripted-7");
    const space = stack.mm.space({ name: "data", size: 300 * PAGE_SIZE });
    await fill(space, 300);
    await evictAll(stack);
    await expectPages(space, 300);
    await end(stack);
  });

  test("makes room for its buffers in a memory that is full", async () => {
    const stack = await pair();
    await fill(stack.space, 600);
    const large = new ScriptedStore();
    large.memoryBytes = () => 200_000;
    await stack.mm.swapOn({ store: large, name: "large", io: "async" });
    expect(stack.frames.chargedBytes).toBeGreaterThanOrEqual(200_000);
    const huge = new ScriptedStore();
    huge.memoryBytes = () => 2 ** 20;
    expect((await codeOf(stack.mm.swapOn({ store: huge, io: "async" }))).code).toBe("MM_NO_ROOM");
    await expectPages(stack.space, 600);
    await stack.mm.swapOff("large");
    await end(stack);
    expect(stack.frames.chargedBytes).toBe(0);
  });
});

describe("turning a store off", () => {
  test.each(["async", "now"] as const)("brings home what it holds, which leaves for the others (io %s)", async (io) => {
    const stack = await pair({ io });
    await fill(stack.space, 600);
    const { fast } = used(stack);
    expect(fast).toBeGreaterThan(300);
    const faults = stack.mm.stats().faults;
    expect(await stack.mm.swapOff("fast")).toBeGreaterThanOrEqual(fast!);
    expect(stack.mm.stats().faults, "nobody asked for those pages").toEqual(faults);
    expect(used(stack)).toEqual({ slow: expect.any(Number) });
    expect(used(stack).slow).toBeGreaterThan(300);
    stack.fast.faultOf = () => {
      throw new Error("a store that is off is not used");
    };
    await expectPages(stack.space, 600);
    await end(stack);
  });

  test("of which nothing is used is at once", async () => {
    const stack = await pair();
    expect(await stack.mm.swapOff("slow")).toBe(0);
    expect((await codeOf(stack.mm.swapOff("slow"))).message).toMatch(/there is no swap store slow; these are on: fast/);
    await stack.mm.swapOff("fast");
    expect((await codeOf(stack.mm.swapOff("fast"))).code).toBe("MM_NO_SWAP");
    await fill(stack.space, 100);
    await end(stack);
  });

  test("twice at a time is once", async () => {
    const stack = await pair();
    await fill(stack.space, 400);
    const [one, two] = await Promise.all([stack.mm.swapOff("fast"), stack.mm.swapOff("fast")]);
    expect(one).toBe(two);
    await expectPages(stack.space, 400);
    await end(stack);
  });

  test("goes on while pages are read, written and discarded, and is seen in the statistics", async () => {
    const stack = await pair();
    stack.fast.turnsOf = () => 3;
    await fill(stack.space, 800);
    const off = stack.mm.swapOff("fast");
    expect(named(stack, "fast")?.draining).toBe(true);
    const newer = new Set<number>();
    for (let step = 0; step < 300; step++) {
      const page = (step * 37) % 800;
      if (step % 3 === 0) {
        newer.add(page);
        await stack.space.write(page, 0, pageOf(page + 5000, 1));
      } else {
        const into = new Uint8Array(PAGE_SIZE);
        await stack.space.read(page, 0, into);
        expect(Buffer.compare(into, pageOf(newer.has(page) ? page + 5000 : page, 1))).toBe(0);
      }
    }
    for (const page of newer) stack.space.discard(page);
    await off;
    stack.mm.verify();
    for (const page of newer) await stack.space.write(page, 0, pageOf(page, 1));
    await expectPages(stack.space, 800);
    await end(stack);
  });

  test("without room for what it holds fails, says so, and changes nothing", async () => {
    const stack = await pair({}, {}, { pages: 20 });
    await fill(stack.space, 600);
    const error = await codeOf(stack.mm.swapOff("fast"));
    expect(error.code).toBe("MM_SWAP_IN_USE");
    expect(error.message).toMatch(
      /swap store fast cannot be turned off: \d+ pages lie there, and neither memory nor other/,
    );
    expect(named(stack, "fast")?.draining).toBe(false);
    expect(stack.mm.counters().outOfMemory).toBe(0);
    stack.mm.verify();
    await expectPages(stack.space, 600);
    await stack.mm.swapOn({ store: new ScriptedStore(), name: "more", io: "async" });
    await stack.mm.swapOff("fast");
    await expectPages(stack.space, 600);
    await end(stack);
  });

  test("gives way to an access that finds no memory", async () => {
    const stack = await pair({}, {}, { pages: 20 });
    await fill(stack.space, 500);
    const off = codeOf(stack.mm.swapOff("fast"));
    await Promise.all(
      Array.from({ length: 300 }, (_none, page) => stack.space.write(500 + page, 0, pageOf(500 + page, 1))),
    );
    expect((await off).code).toBe("MM_SWAP_IN_USE");
    expect(stack.mm.counters().outOfMemory).toBe(0);
    await expectPages(stack.space, 800);
    await end(stack);
  });

  test("that holds pages nobody can read fails until those are given up", async () => {
    const stack = await pair();
    await fill(stack.space, 400);
    await evictAll(stack);
    const broken = new Set(stack.fast.slotsWritten.slice(5, 8));
    stack.fast.faultOf = (_count, operation, slots) =>
      operation === "read" && slots.some((slot) => broken.has(slot)) ? "status" : undefined;
    const error = await codeOf(stack.mm.swapOff("fast"));
    expect(error.code).toBe("MM_SWAP_IN_USE");
    expect(error.message).toMatch(/3 of its pages cannot be read \(scripted failure of a read of slot \d+\)/);
    expect(used(stack).fast).toBe(3);
    stack.mm.verify();
    const unreadable: number[] = [];
    for (let page = 0; page < 400; page++) {
      await stack.space.read(page, 0, new Uint8Array(8)).catch(() => unreadable.push(page));
    }
    expect(unreadable).toHaveLength(3);
    for (const page of unreadable) stack.space.discard(page);
    await stack.mm.swapOff("fast");
    await end(stack);
  });

  test("ends when the stack closes", async () => {
    const stack = await pair();
    await fill(stack.space, 400);
    stack.fast.hold();
    const off = codeOf(stack.mm.swapOff("fast"));
    await turns();
    const closing = stack.mm.close();
    await turns();
    stack.fast.resume();
    await closing;
    expect((await off).code).toBe("MM_CLOSED");
    expect((await codeOf(stack.mm.swapOff("slow"))).code).toBe("MM_CLOSED");
    expect((await codeOf(stack.mm.swapOn({ store: new ScriptedStore(), io: "async" }))).code).toBe("MM_CLOSED");
    expect(stack.frames.used).toBe(0);
  });

  test("takes pages out of pools too, and from other machines", async () => {
    for (const remote of [false, true]) {
      const { backend, ...stack } = await watched({ remote });
      await fill(stack.space, 60, 0.3);
      await evictAll(stack);
      if (remote) backend.reclaim(40);
      await turns();
      expect(backend.currPages()).toBeGreaterThan(0);
      await stack.mm.swapOff("only");
      expect([backend.currPages(), stack.frontswap.currPages()]).toEqual([0, 0]);
      expect(stack.mm.stats().swaps).toEqual([]);
      await expectPages(stack.space, 60, 0.3);
      await end(stack);
    }
  });
});

describe("taking a part away", () => {
  test("of a store: so many pages come home, and it stays on", async () => {
    const stack = await pair();
    await fill(stack.space, 150);
    await evictAll(stack);
    expect(used(stack)).toEqual({ fast: 150, slow: 0 });
    expect(await stack.mm.swapOff("fast", { pages: 40 })).toBe(40);
    expect(used(stack)).toEqual({ fast: 110, slow: 0 });
    const { swapReadaheadPages } = stack.mm.counters(); // Of them some came along with others and are still on the device.
    expect(stack.mm.stats().tiers[0]!.pages - 40).toBeLessThanOrEqual(swapReadaheadPages!);
    expect(await stack.mm.swapOff("fast", { pages: 0 })).toBe(0);
    await expectPages(stack.space, 150);
    await end(stack);
  });

  test("of a pool: pages come home while there is free memory (frontswap_shrink)", async () => {
    const { backend, ...stack } = await watched();
    await fill(stack.space, 100, 0.3);
    await evictAll(stack);
    expect(backend.currPages()).toBe(100);
    expect(await stack.mm.shrinkFrontswap(100)).toBe(0);
    expect(await stack.mm.shrinkFrontswap(70)).toBe(30);
    expect(backend.currPages()).toBe(70);
    await stack.mm.shrinkFrontswap(0);
    expect(backend.currPages()).toBe(0);
    await expectPages(stack.space, 100, 0.3);
    await fill(stack.space, 900, 0.3);
    const held = backend.currPages();
    expect(held).toBeGreaterThan(500);
    await stack.mm.shrinkFrontswap(0);
    expect(backend.currPages(), "a memory that is full has no room for them").toBeGreaterThan(500);
    await expectPages(stack.space, 900, 0.3);
    await end(stack);
  });
});

describe("virtual slots", () => {
  const mm = { swapSlots: "virtual" as const };

  test("let pages move from store to store without anybody noticing", async () => {
    const stack = await pair({ mm });
    await fill(stack.space, 600);
    const { fast } = used(stack);
    const resident = stack.mm.stats().tiers[0]?.pages;
    const before = stack.mm.counters();
    expect(await stack.mm.swapOff("fast")).toBeGreaterThanOrEqual(fast!);
    const after = stack.mm.counters();
    expect(after.swapMovedPages).toBeGreaterThanOrEqual(fast! * 0.9);
    expect([stack.mm.stats().tiers[0]?.pages, after.swappedPages]).toEqual([resident, before.swappedPages]);
    expect(used(stack)).toEqual({ slow: expect.any(Number) });
    stack.fast.faultOf = () => {
      throw new Error("a store that is off is not used");
    };
    await expectPages(stack.space, 600);
    await end(stack);
  });

  test("keep a page where it is when the other store fails to take it", async () => {
    for (const fault of ["status", "reject"] as const) {
      const stack = await pair({ mm });
      await fill(stack.space, 300);
      await evictAll(stack);
      let failures = 40;
      stack.slow.faultOf = (_count, operation) => (operation === "write" && failures-- > 0 ? fault : undefined);
      await stack.mm.swapOff("fast").catch((error: unknown) => {
        if (!TierError.is(error, "MM_SWAP_IN_USE")) throw error;
      });
      stack.mm.verify();
      stack.slow.faultOf = () => undefined;
      await expectPages(stack.space, 300);
      await end(stack);
    }
  });

  test("bring home what no other store has room for", async () => {
    const stack = await pair({ mm }, {}, { pages: 61 });
    await fill(stack.space, 120);
    await evictAll(stack);
    await stack.mm.swapOff("fast");
    expect(used(stack)).toEqual({ slow: 60 });
    expect(stack.mm.stats().tiers[0]?.pages).toBe(60);
    await expectPages(stack.space, 120);
    await end(stack);
  });

  test("outlive the last store: what a pool holds needs none", async () => {
    const stack = await rig({ mm, swaps: [{ store: new ScriptedStore(), name: "only", io: "now" }] });
    const space = stack.mm.space({ name: "data", size: 300 * PAGE_SIZE });
    await fill(space, 300, 0.1);
    await stack.mm.swapOff("only");
    expect(stack.zswap?.currPages()).toBeGreaterThan(0);
    await expectPages(space, 300, 0.1);
    await stack.mm.swapOn({ store: new ScriptedStore(), name: "next", io: "async" });
    await fill(space, 300);
    await expectPages(space, 300);
    await end(stack);
  });
});

describe("10.2 write-back and reclaim races", () => {
  test("m: swapoff while pages are stored and written back ends, the index is empty, no store is accepted afterwards", async () => {
    const { backend, ...stack } = await watched();
    await fill(stack.space, 120, 0.3);
    await evictAll(stack);
    stack.store.hold();
    backend.reclaim(20); // Written back, and the writes do not settle yet.
    await turns();
    expect(stack.store.waiting.length).toBeGreaterThan(0);
    await fill(stack.space, 40, 0.3);
    const evicting = evictAll(stack); // Stores more of them meanwhile.
    const off = stack.mm.swapOff("only");
    await turns();
    stack.store.resume();
    await Promise.all([evicting, off]);
    expect([backend.currPages(), backend.offsets.length, stack.frontswap.currPages()]).toEqual([0, 0, 0]);
    expect(stack.frontswap.counters().areaInvalidated, "every page was brought home before").toBe(0);
    backend.types.length = 0;
    await evictAll(stack);
    expect(backend.types).toEqual([]);
    await expectPages(stack.space, 120, 0.3);
    await end(stack);
  });

  test("m: a page whose write is under way gives its slot up, which is free when the write has ended", async () => {
    const stack = await pair();
    await fill(stack.space, 60);
    stack.fast.hold();
    const evicting = evictAll(stack);
    await turns();
    expect(stack.fast.waiting.length).toBeGreaterThan(0);
    let isOff = false;
    const off = stack.mm.swapOff("fast").then(() => {
      isOff = true;
    });
    await turns();
    expect(isOff).toBe(false);
    stack.fast.resume(); // The store itself asserts that nothing is in flight when it closes.
    await Promise.all([evicting, off]);
    await expectPages(stack.space, 60);
    await end(stack);
  });

  test("b: a claim of a slot that is being emptied says that the page is on its way", async () => {
    const { backend, ...stack } = await watched();
    await fill(stack.space, 30, 0.3);
    await evictAll(stack);
    const claim = stack.mm.claim(0, backend.offsets[0]!);
    expect(claim).toBeTypeOf("object");
    const off = stack.mm.swapOff("only");
    await turns(2);
    for (const offset of backend.offsets) expect(stack.mm.claim(0, offset)).toBe("exists");
    stack.mm.release(claim as never);
    await off;
    await expectPages(stack.space, 30, 0.3);
    await end(stack);
  });

  test("b: a claim that nobody releases keeps the store on", async () => {
    const { backend, ...stack } = await watched();
    await fill(stack.space, 30, 0.3);
    await evictAll(stack);
    const claim = stack.mm.claim(0, backend.offsets[0]!);
    const error = await codeOf(stack.mm.swapOff("only"));
    expect(error.message).toMatch(/1 of its slots are held by a backend/);
    stack.mm.release(claim as never);
    await stack.mm.swapOff("only");
    await expectPages(stack.space, 30, 0.3);
    await end(stack);
  });
});

describe("10.6 the core", () => {
  test("b: a clean page whose slot is emptied is written to another store before it is dropped", async () => {
    const stack = await pair();
    await fill(stack.space, 40);
    await evictAll(stack);
    await expectPages(stack.space, 40); // In memory and on the device.
    expect(stack.space.where(0).copyBelow).toBe(true);
    await stack.mm.swapOff("fast");
    expect(stack.space.where(0).copyBelow).toBe(false);
    await evictAll(stack);
    expect(stack.slow.slotsWritten).toHaveLength(40);
    await expectPages(stack.space, 40);
    await end(stack);
  });

  test("f: a page that is being read while its slot is emptied is mapped once, and a stale one not at all", async () => {
    const stack = await pair();
    await fill(stack.space, 40);
    await evictAll(stack);
    stack.fast.hold();
    const into = new Uint8Array(PAGE_SIZE);
    const read = stack.space.read(0, 0, into);
    const off = stack.mm.swapOff("fast");
    await turns();
    stack.space.discard(1); // The drain is reading it.
    const write = stack.space.write(2, 0, new Uint8Array(0));
    stack.fast.resume();
    await Promise.all([read, write, off]);
    expect(Buffer.compare(into, pageOf(0, 1))).toBe(0);
    await stack.space.read(1, 0, into);
    expect(into.every((byte) => byte === 0)).toBe(true);
    await stack.space.write(1, 0, pageOf(1, 1));
    await expectPages(stack.space, 40);
    expect(stack.mm.stats().faults.majorFrom.store).toBeLessThanOrEqual(2);
    await end(stack);
  });

  test("g: accesses of a page that swapoff is reading wait for that one read", async () => {
    const stack = await pair();
    await fill(stack.space, 10);
    await evictAll(stack);
    stack.fast.hold();
    const off = stack.mm.swapOff("fast");
    await turns();
    const reads = Array.from({ length: 10 }, (_none, page) => stack.space.read(page, 0, new Uint8Array(8)));
    await turns();
    stack.fast.resume();
    await Promise.all([...reads, off]);
    expect(stack.fast.slotsRead).toHaveLength(10);
    await expectPages(stack.space, 10);
    await end(stack);
  });

  test("h: a store that is turned off is told to forget nothing that another page took since", async () => {
    const stack = await pair({}, { pages: 120 });
    for (let round = 0; round < 4; round++) {
      await fill(stack.space, 300);
      const error = await stack.mm.swapOff("fast").then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeUndefined();
      await expectPages(stack.space, 300);
      await stack.mm.swapOn({ store: new ScriptedStore({ pages: 120 }), name: "fast", priority: 10, io: "async" });
      stack.mm.verify();
    }
    await end(stack);
  });
});
