// The traps of memory management that this package could fall into, by their number in the project's list.

import { PAGE_SIZE } from "@pagetier/base";
import type { FrontswapCopy, StoreOutcome, SwapWriteback } from "@pagetier/frontswap";
import { ReferenceFrontswap, type ReferenceFrontswapOptions } from "@pagetier/frontswap/conformance";
import { describe, expect, test } from "vitest";
import type { AnonSpace } from "../src/index.js";
import { evictAll, memoryStore, pageOf, type Rig, type RigOptions, rig, turns } from "./rig.js";
import { ScriptedStore } from "./scripted-store.js";

/** A backend that refuses when told to, and remembers the order of what it was asked. */
class Gate extends ReferenceFrontswap {
  refusing = false;
  readonly calls: string[] = [];

  constructor(writeback: SwapWriteback, options: ReferenceFrontswapOptions = {}) {
    super({ capacityBytes: 2 ** 24, ...options }, writeback);
  }

  override store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    this.calls.push(`store ${offset}`);
    if (!this.refusing) return super.store(type, offset, page, copy);
    super.invalidatePage(type, offset);
    return "refused";
  }

  override invalidatePage(type: number, offset: number): void {
    this.calls.push(`invalidate ${offset}`);
    super.invalidatePage(type, offset);
  }

  /** The slot of the only page held. */
  get onlySlot(): number {
    expect(this.entries.size).toBe(1);
    return [...this.entries.values()][0]!.offset;
  }
}

interface Gated extends Rig {
  readonly gate: Gate;
  readonly store: ScriptedStore;
  readonly space: AnonSpace;
}

async function gated(options: RigOptions = {}, backend: ReferenceFrontswapOptions = {}): Promise<Gated> {
  let gate: Gate | undefined;
  const store = new ScriptedStore();
  const stack = await rig({
    stores: [store],
    backend: (writeback) => {
      gate = new Gate(writeback, backend);
      return gate;
    },
    ...options,
  });
  return { ...stack, gate: gate!, store, space: stack.mm.space({ name: "data", size: 1000 * PAGE_SIZE }) };
}

async function expectPage(space: AnonSpace, page: number, expected: Uint8Array): Promise<void> {
  const into = new Uint8Array(PAGE_SIZE);
  await space.read(page, 0, into);
  expect(Buffer.compare(into, expected), `page ${page}`).toBe(0);
}

async function end(stack: Rig): Promise<void> {
  stack.mm.verify();
  await stack.mm.close();
  expect(stack.frames.used).toBe(0);
}

describe("10.1 stale data and double stores", () => {
  test("a: a page whose newer version the backend refuses is read from the device, newer", async () => {
    const stack = await gated();
    const { space, gate, store } = stack;
    await space.write(0, 0, pageOf(1));
    await evictAll(stack);
    expect(space.where(0).tier).toBe("pool");
    await space.write(0, 0, pageOf(2));
    gate.refusing = true;
    await evictAll(stack);
    expect(space.where(0).tier).toBe("store");
    expect(gate.currPages()).toBe(0);
    await expectPage(space, 0, pageOf(2));
    expect(store.slotsRead).toHaveLength(1);
    await end(stack);
  });

  test("c: a page that the backend lost is an error, again and again, and the device is never read", async () => {
    const stack = await gated();
    const { space, gate, store } = stack;
    await space.write(0, 0, pageOf(1));
    await evictAll(stack);
    gate.corrupt(0, gate.onlySlot);
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(space.read(0, 0, new Uint8Array(8))).rejects.toMatchObject({ code: "FRONTSWAP_LOST" });
      expect(() => space.readNow(0, 0, new Uint8Array(8))).toThrow(/reference cannot give back the page/);
    }
    expect(store.slotsRead).toEqual([]);
    expect(stack.frames.used).toBe(0); // The frames that were to hold it went back.
    space.discard(0);
    await expectPage(space, 0, new Uint8Array(PAGE_SIZE));
    await space.write(0, 0, pageOf(2));
    await expectPage(space, 0, pageOf(2));
    await end(stack);
  });

  test("d: of two backends only the one with the newest version has the page", async () => {
    const stack = await gated();
    const { space, gate, frontswap, mm } = stack;
    await space.write(0, 0, pageOf(1));
    await evictAll(stack);
    expect(gate.currPages()).toBe(1);
    const late = new Gate(mm);
    frontswap.register(late); // The newest is asked first.
    await space.write(0, 0, pageOf(2));
    await evictAll(stack);
    expect([gate.currPages(), late.currPages()]).toEqual([0, 1]);
    await expectPage(space, 0, pageOf(2));
    late.refusing = true;
    await space.write(0, 0, pageOf(3));
    await evictAll(stack);
    expect([gate.currPages(), late.currPages()]).toEqual([1, 0]);
    await expectPage(space, 0, pageOf(3));
    await end(stack);
  });

  test("f: a page that becomes zeroes stays zeroes, whatever zswap writes back later", async () => {
    const store = new ScriptedStore();
    const stack = await rig({ stores: [store], zswap: { shrinker: true } });
    const space = stack.mm.space({ name: "data", size: 10 * PAGE_SIZE });
    await space.write(0, 0, pageOf(1, 1));
    for (const content of [new Uint8Array(PAGE_SIZE), pageOf(2, 1), new Uint8Array(PAGE_SIZE)]) {
      await evictAll(stack);
      await space.write(0, 0, content);
      await evictAll(stack);
      await expectPage(space, 0, content);
    }
    await end(stack);
  });

  test("l: a page that was loaded exclusively survives being evicted unchanged", async () => {
    const stack = await gated({}, { exclusive: true });
    const { space, gate } = stack;
    await space.write(0, 0, pageOf(1));
    for (let round = 0; round < 4; round++) {
      await evictAll(stack);
      expect(gate.currPages()).toBe(1);
      await expectPage(space, 0, pageOf(1));
      expect(gate.currPages()).toBe(0);
      expect(space.where(0)).toMatchObject({ tier: "resident", copyBelow: false });
    }
    await end(stack);
  });

  test("m: a fault that fails after memory was found leaves the page where it was", async () => {
    const store = new ScriptedStore();
    const stack = await rig({ zswap: null, stores: [store] });
    const space = stack.mm.space({ name: "data", size: 10 * PAGE_SIZE });
    await space.write(0, 0, pageOf(1));
    await evictAll(stack);
    let failures = 3;
    store.faultOf = () => (failures-- > 0 ? (failures === 1 ? "reject" : "status") : undefined);
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(space.read(0, 0, new Uint8Array(8))).rejects.toMatchObject({ code: "STORE_IO" });
      expect(stack.frames.used).toBe(0);
    }
    await expectPage(space, 0, pageOf(1));
    await end(stack);
  });
});

describe("10.2 write-back and reclaim races", () => {
  test("a: a slot that is freed while its page is written is not used again before the write has ended", async () => {
    const store = new ScriptedStore({ pages: 40 }); // Few slots, so that they are used again at once.
    const stack = await rig({ stores: [store], zswap: { shrinker: true } });
    const space = stack.mm.space({ name: "data", size: 200 * PAGE_SIZE });
    for (let page = 0; page < 30; page++) await space.write(page, 0, pageOf(page, 1));
    store.hold();
    const evicting = evictAll(stack);
    await turns();
    expect(store.waiting.length).toBeGreaterThan(0);
    space.discard(0, 30);
    for (let page = 100; page < 130; page++) await space.write(page, 0, pageOf(page, 1));
    store.resume(); // The store itself asserts that nothing overlaps on a slot.
    await evicting;
    await evictAll(stack);
    for (let page = 0; page < 30; page++) await expectPage(space, page, new Uint8Array(PAGE_SIZE));
    for (let page = 100; page < 130; page++) await expectPage(space, page, pageOf(page, 1));
    await end(stack);
  });

  test("b: a page that is loaded while it is written back is one page", async () => {
    const stack = await gated();
    const { space, gate, store } = stack;
    await space.write(0, 0, pageOf(1));
    await evictAll(stack);
    store.hold();
    gate.reclaim(1);
    await turns();
    expect(store.waiting).toHaveLength(1);
    await expectPage(space, 0, pageOf(1)); // From the pool: the zpage stays until the write has settled.
    store.resume();
    await turns();
    expect(gate.currPages()).toBe(0);
    expect(space.where(0)).toMatchObject({ tier: "resident", copyBelow: true });
    await evictAll(stack);
    await expectPage(space, 0, pageOf(1)); // From the device.
    await end(stack);
  });

  test("b: a page that is written to while it is written back keeps what was written to it", async () => {
    const stack = await gated();
    const { space, gate, store } = stack;
    await space.write(0, 0, pageOf(1));
    await evictAll(stack);
    store.hold();
    gate.reclaim(1);
    await turns();
    await space.write(0, 0, pageOf(2));
    store.resume();
    await turns();
    expect(space.where(0)).toMatchObject({ tier: "resident", copyBelow: false });
    await evictAll(stack);
    await expectPage(space, 0, pageOf(2));
    await end(stack);
  });

  test("b: a page that is being fetched is not claimed", async () => {
    const stack = await gated({}, { remote: true });
    const { space, gate, mm } = stack;
    await space.write(0, 0, pageOf(1));
    await evictAll(stack);
    gate.reclaim(1);
    expect(space.where(0).tier).toBe("remote");
    const into = new Uint8Array(PAGE_SIZE);
    const read = space.read(0, 0, into);
    await Promise.resolve();
    expect(mm.claim(0, gate.onlySlot)).toBe("exists");
    await read;
    expect(Buffer.compare(into, pageOf(1))).toBe(0);
    expect(mm.stats().faults.majorFrom.remote).toBe(1);
    await end(stack);
  });

  test("k: writes in flight are bounded, swap-out and write-back together", async () => {
    const store = new ScriptedStore();
    const stack = await rig({ stores: [store], mm: { inFlightPagesMax: 32 }, zswap: { shrinker: true } });
    const space = stack.mm.space({ name: "data", size: 400 * PAGE_SIZE });
    let inFlight = 0;
    store.onBegin = (operation, slots) => {
      inFlight = store.waiting
        .filter((each) => each.operation === "write")
        .reduce((sum, each) => sum + each.slots.length, 0);
      if (operation === "write") expect(inFlight + slots.length).toBeLessThanOrEqual(32);
    };
    store.hold();
    const writes = Array.from({ length: 400 }, (_none, page) => space.write(page, 0, pageOf(page, 1)));
    for (let step = 0; step < 400; step++) {
      await turns(1);
      store.letGo(1);
    }
    store.resume();
    await Promise.all(writes);
    for (let page = 0; page < 400; page += 7) await expectPage(space, page, pageOf(page, 1));
    await end(stack);
  });

  test("m: closing while pages are written, written back and read ends all of it", async () => {
    const store = new ScriptedStore();
    const stack = await rig({ stores: [store], zswap: { shrinker: true } });
    const space = stack.mm.space({ name: "data", size: 600 * PAGE_SIZE });
    for (let page = 0; page < 400; page++) await space.write(page, 0, pageOf(page, 0.6));
    store.hold();
    const accesses = Array.from({ length: 60 }, (_none, index) =>
      index % 2 === 0 ? space.read(index * 6, 0, new Uint8Array(8)) : space.write(400 + index, 0, pageOf(index, 1)),
    );
    const ends = Promise.allSettled(accesses);
    await turns();
    const closing = stack.mm.close();
    expect(stack.mm.close()).toBe(closing);
    expect(() => stack.mm.space({ name: "late", size: 1 })).toThrow(expect.objectContaining({ code: "MM_CLOSED" }));
    await turns();
    store.resume();
    await closing;
    for (const each of await ends) {
      if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "MM_CLOSED" });
    }
    expect(stack.frames.used).toBe(0);
    expect(() => space.readNow(0, 0, new Uint8Array(1))).toThrow(expect.objectContaining({ code: "MM_CLOSED" }));
  });

  test("n: what a backend writes back is not offered to it again", async () => {
    const stack = await gated();
    const { space, gate, store } = stack;
    await space.write(0, 0, pageOf(1));
    await evictAll(stack);
    gate.calls.length = 0;
    gate.reclaim(1);
    await stack.mm.flush();
    expect(store.slotsWritten).toHaveLength(1);
    expect(gate.calls).toEqual([]);
    expect(gate.currPages()).toBe(0);
    await expectPage(space, 0, pageOf(1));
    await end(stack);
  });
});

describe("10.6 the core", () => {
  test("a: a page that is written to while it is swapped out survives", async () => {
    const store = new ScriptedStore();
    const stack = await rig({ zswap: null, stores: [store] });
    const space = stack.mm.space({ name: "data", size: 10 * PAGE_SIZE });
    await space.write(0, 0, pageOf(1));
    await space.write(1, 0, pageOf(9));
    store.hold();
    const evicting = evictAll(stack);
    await turns();
    await space.write(0, 0, pageOf(2)); // The write of version 1 is under way.
    expect(space.readNow(1, 0, new Uint8Array(1))).toBe(true); // Used meanwhile: it stays.
    store.resume();
    await evicting;
    await evictAll(stack);
    await expectPage(space, 0, pageOf(2));
    await expectPage(space, 1, pageOf(9));
    await end(stack);
  });

  test("b: a clean page is dropped without a write, and only a clean one", async () => {
    const store = new ScriptedStore();
    const stack = await rig({ zswap: null, stores: [store] });
    const space = stack.mm.space({ name: "data", size: 10 * PAGE_SIZE });
    await space.write(0, 0, pageOf(1));
    await evictAll(stack);
    expect(store.slotsWritten).toHaveLength(1);
    for (let round = 0; round < 3; round++) {
      await expectPage(space, 0, pageOf(1));
      expect(space.where(0).copyBelow).toBe(true);
      await evictAll(stack);
    }
    expect(store.slotsWritten).toHaveLength(1);
    await space.write(0, 0, new Uint8Array([1]));
    expect(space.where(0).copyBelow).toBe(false);
    await evictAll(stack);
    expect(store.slotsWritten).toHaveLength(2);
    await end(stack);
  });

  test("d: reclaim does not start inside reclaim", async () => {
    const stack = await rig({ zswap: null });
    const { mm, shrinkers } = stack;
    const space = mm.space({ name: "data", size: 2000 * PAGE_SIZE });
    let depth = 0;
    let deepest = 0;
    const answers: boolean[] = [];
    shrinkers.register({
      name: "writes",
      seeks: 0,
      batch: 1,
      countObjects: () => 2,
      scanObjects: (control) => {
        deepest = Math.max(deepest, ++depth);
        answers.push(space.writeNow(1000 + answers.length, 0, pageOf(1)));
        depth--;
        control.nrScanned = control.nrToScan;
        return 0;
      },
    });
    for (let page = 0; page < 260; page++) await space.write(page, 0, pageOf(page));
    expect(answers).toContain(false); // No frame, and no reclaim to get one.
    expect(deepest).toBe(1);
    for (let page = 0; page < 260; page++) await expectPage(space, page, pageOf(page));
    await end(stack);
  });

  test("f: a page that was discarded while it was read from the device is not mapped", async () => {
    const store = new ScriptedStore();
    const stack = await rig({ zswap: null, stores: [store] });
    const space = stack.mm.space({ name: "data", size: 10 * PAGE_SIZE });
    await space.write(0, 0, pageOf(1));
    await evictAll(stack);
    store.hold();
    const into = new Uint8Array(PAGE_SIZE);
    const read = space.read(0, 0, into);
    await turns();
    space.discard(0);
    const write = space.write(0, 100, new Uint8Array([7]));
    await turns();
    store.resume();
    await Promise.all([read, write]);
    const expected = new Uint8Array(PAGE_SIZE);
    expect(Buffer.compare(into, expected)).toBe(0);
    expected[100] = 7;
    await expectPage(space, 0, expected);
    await end(stack);
  });

  test("g: many accesses of one page are one read of the device, done in order", async () => {
    const store = new ScriptedStore();
    const stack = await rig({ zswap: null, stores: [store] });
    const space = stack.mm.space({ name: "data", size: 10 * PAGE_SIZE });
    await space.write(0, 0, pageOf(1));
    await evictAll(stack);
    store.hold();
    const seen: number[] = [];
    const accesses: Promise<void>[] = [];
    for (let count = 1; count <= 20; count++) {
      accesses.push(space.write(0, 0, new Uint8Array([count])));
      const into = new Uint8Array(1);
      accesses.push(space.read(0, 0, into).then(() => void seen.push(into[0]!)));
      expect(space.readNow(0, 0, into)).toBe(false);
    }
    await turns();
    store.resume();
    await Promise.all(accesses);
    expect(store.slotsRead).toHaveLength(1);
    expect(seen).toEqual(Array.from({ length: 20 }, (_none, index) => index + 1));
    expect(stack.mm.stats().faults).toMatchObject({ major: 1, majorFrom: { store: 1 } });
    await end(stack);
  });

  test("h: a slot is invalidated before it is given out again", async () => {
    const stack = await gated({ stores: [memoryStore(300)] });
    const { space, gate } = stack;
    for (let round = 0; round < 3; round++) {
      for (let page = 0; page < 40; page++) await space.write(page, 0, pageOf(page + round));
      await evictAll(stack);
      space.discard(round * 10, 10);
    }
    const held = new Set<string>();
    for (const call of gate.calls) {
      const [operation, slot] = call.split(" ") as [string, string];
      if (operation === "invalidate") held.delete(slot);
      else {
        expect(held.has(slot), `slot ${slot} is stored twice without being invalidated`).toBe(false);
        held.add(slot);
      }
    }
    await end(stack);
  });
});
