// Random steps on both hooks of one zcache, beside two Maps: what frontswap took must be there, byte for byte, or safe on the
// device; what cleancache has is the last page put, or a miss that stays. Whatever fails meanwhile: frames that others take,
// a pool that refuses, writes, damaged zpages, no page to lend, memory pressure, freezing.

import { PAGE_SIZE } from "@pagetier/base";
import type { Frame } from "@pagetier/frames";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EVICTION_ORDERS } from "../src/index.js";
import { type Bed, bed, POOLS, pageOf, press } from "./bed.js";

const offset = fc.constantFrom(0, 1, 2, 255, 256, 257, 70_000);
const file = fc.constantFrom(1, 2, 2 ** 40);
const index = fc.oneof(fc.nat({ max: 12 }), fc.constantFrom(64, 2 ** 32 - 1));
const random = fc.constantFrom(0, 40, 900, 1500, 2600, 3500, PAGE_SIZE);
const fs = fc.nat({ max: 2 });

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("store" as const), offset, random, clean: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("load" as const), offset }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("invalidate" as const, "markClean" as const), offset }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("put" as const), fs, file, index, random, wasActive: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("get" as const), fs, file, index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("invalidatePage" as const), fs, file, index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("invalidateInode" as const), fs, file }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remount" as const), fs }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("fill" as const), pages: fc.nat({ max: 40 }), random }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("press" as const),
      which: fc.nat({ max: 1 }),
      pages: fc.nat({ max: 20 }),
      mayIo: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("settle" as const), failed: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lend" as const), pages: fc.constantFrom(0, 1, 32) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("frames" as const), leave: fc.constantFrom(0, 1, 10, 1000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("freeze" as const), frozen: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("area" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

interface Stored {
  readonly page: Uint8Array;
  onDevice: boolean;
  mayHit: boolean;
}

class Model {
  readonly #bed: Bed;
  readonly #pools: number[] = [];
  readonly #stored = new Map<number, Stored>();
  readonly #put = new Map<string, Uint8Array>();
  readonly #taken: Frame[] = [];
  readonly #owner: number;
  #seed = 0;
  #fill = 1000;

  constructor(made: Bed) {
    this.#bed = made;
    this.#owner = made.frames.register({ name: "others" });
    for (let fs = 0; fs < 3; fs++) this.#pools[fs] = this.#mount(fs);
    made.writeback.hold();
    made.writeback.onSettled = (_type, offset, _outcome, dropped) => {
      const slot = this.#stored.get(offset);
      if (!dropped || slot === undefined) return;
      slot.onDevice = true;
      slot.mayHit = false;
    };
  }

  #mount(fs: number): number {
    const { cleancache } = this.#bed.zcache;
    return fs === 2 ? cleancache.initSharedFs("00112233445566778899aabbccddeeff") : cleancache.initFs();
  }

  apply(next: Step): void {
    const { zcache, writeback, frames } = this.#bed;
    const { frontswap, cleancache } = zcache;
    switch (next.do) {
      case "store":
        this.#store(next.offset, pageOf(++this.#seed, next.random), next.clean);
        break;
      case "load":
        this.#load(next.offset);
        break;
      case "invalidate":
        this.#free(next.offset);
        break;
      case "markClean": {
        const slot = this.#stored.get(next.offset);
        if (slot !== undefined) slot.onDevice = true;
        frontswap.markClean(0, next.offset);
        break;
      }
      case "area":
        for (const offset of [...this.#stored.keys()]) this.#drop(offset);
        frontswap.invalidateArea(0);
        frontswap.init(0);
        break;
      case "put": {
        const page = pageOf(++this.#seed, next.random);
        cleancache.putPage(this.#pools[next.fs]!, next.file, next.index, page, next.wasActive);
        this.#put.set(`${next.fs}:${next.file}:${next.index}`, page.slice());
        page.fill(0xee);
        break;
      }
      case "get":
        this.#get(next.fs, next.file, next.index);
        break;
      case "invalidatePage":
        cleancache.invalidatePage(this.#pools[next.fs]!, next.file, next.index);
        this.#put.delete(`${next.fs}:${next.file}:${next.index}`);
        break;
      case "invalidateInode":
        cleancache.invalidateInode(this.#pools[next.fs]!, next.file);
        this.#forget(`${next.fs}:${next.file}:`);
        break;
      case "remount":
        cleancache.invalidateFs(this.#pools[next.fs]!);
        this.#pools[next.fs] = this.#mount(next.fs);
        this.#forget(`${next.fs}:`);
        break;
      case "fill":
        for (let page = 0; page < next.pages; page++)
          this.#store(this.#fill++, pageOf(++this.#seed, next.random), false);
        break;
      case "press":
        press(zcache.shrinkers[next.which]!, next.pages, next.mayIo);
        break;
      case "settle":
        if (next.failed) writeback.failNext(1);
        writeback.settleNext();
        writeback.failNext(0);
        break;
      case "lend":
        writeback.pagesFree = next.pages;
        break;
      case "frames":
        for (const frame of this.#taken.splice(0)) frames.give(frame);
        while (frames.available("reclaim") > next.leave) this.#taken.push(frames.take("reclaim", this.#owner));
        break;
      case "freeze":
        if (next.frozen) zcache.freeze();
        else zcache.thaw();
        break;
    }
    this.#compare();
  }

  end(): void {
    for (const offset of [...this.#stored.keys()]) this.#load(offset);
    for (const key of [...this.#put.keys()]) {
      const [fs, file, index] = key.split(":").map(Number);
      this.#get(fs!, file!, index!);
    }
    this.#compare();
  }

  #store(offset: number, page: Uint8Array, clean: boolean): void {
    if (this.#bed.writeback.isClaimed(0, offset)) this.#free(offset);
    const stored = this.#bed.zcache.frontswap.store(0, offset, page, clean ? "clean" : "only") === "stored";
    this.#stored.set(offset, { page, onDevice: clean || !stored, mayHit: stored });
  }

  #load(offset: number): void {
    const into = new Uint8Array(PAGE_SIZE).fill(0xee);
    const outcome = this.#bed.zcache.frontswap.load(0, offset, into);
    const slot = this.#stored.get(offset);
    if (outcome === "miss") {
      expect(slot === undefined || slot.onDevice, "an only copy does not miss").toBe(true);
      if (slot !== undefined) slot.mayHit = false;
      return;
    }
    expect(slot?.mayHit, "only what is stored is hit").toBe(true);
    expect(Buffer.compare(into, slot!.page), "a load gives the bytes last stored").toBe(0);
    if (outcome === "hitExclusive") this.#drop(offset);
  }

  #get(fs: number, file: number, index: number): void {
    const into = new Uint8Array(PAGE_SIZE).fill(0xee);
    const key = `${fs}:${file}:${index}`;
    const outcome = this.#bed.zcache.cleancache.getPage(this.#pools[fs]!, file, index, into);
    if (outcome === "hit") {
      const page = this.#put.get(key);
      expect(page !== undefined && Buffer.compare(into, page) === 0, "a get gives the bytes last put").toBe(true);
    }
    if (outcome === "miss" || fs !== 2) this.#put.delete(key); // A miss stays; a hit in a private pool took the page.
  }

  #free(offset: number): void {
    this.#drop(offset);
    this.#bed.zcache.frontswap.invalidatePage(0, offset);
  }

  #drop(offset: number): void {
    this.#stored.delete(offset);
    this.#bed.writeback.freeSlot(0, offset);
  }

  #forget(prefix: string): void {
    for (const key of this.#put.keys()) if (key.startsWith(prefix)) this.#put.delete(key);
  }

  #compare(): void {
    const { zcache, frames, persistentPool, ephemeralPool } = this.#bed;
    zcache.frontswap.verify();
    zcache.cleancache.verify();
    const held = zcache.frontswap.currPages();
    let only = 0;
    let most = 0;
    for (const { onDevice, mayHit } of this.#stored.values()) {
      if (!onDevice) only++;
      if (mayHit) most++;
    }
    expect(held >= only && held <= most, "currPages counts every only copy, and nothing that is gone").toBe(true);
    expect(zcache.cleancache.currPages()).toBeLessThanOrEqual(this.#put.size);
    const pooled = persistentPool.totalFrames() + ephemeralPool.totalFrames();
    expect(pooled).toBeLessThanOrEqual(Math.floor(frames.total / 2));
    expect(frames.usedBytes).toBeLessThanOrEqual(frames.budgetBytes);
  }
}

const orders = [...EVICTION_ORDERS];
const pools = Object.keys(POOLS);

test("nothing accepted is lost, nothing stale comes back, and the limits hold", () => {
  fc.assert(
    fc.property(
      fc.record({
        order: fc.constantFrom(...orders),
        pool: fc.constantFrom(...pools),
        exclusiveLoads: fc.boolean(),
        compaction: fc.boolean(),
        activeOnly: fc.boolean(),
        poolFull: fc.constantFrom("writeback-lru" as const, "drop-clean" as const, "refuse" as const),
        shrinker: fc.boolean(),
      }),
      fc.array(step, { maxLength: 70, size: "max" }),
      ({ pool, ...zcache }, steps) => {
        const model = new Model(bed({ pool: POOLS[pool]!, zcache }));
        for (const next of steps) model.apply(next);
        model.end();
      },
    ),
    { numRuns: 60 },
  );
});
