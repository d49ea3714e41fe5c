import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { NO_TMEM_POOL, type TmemKind } from "../src/index.js";
import { LimitedAccountant, NumberHost } from "./tmem-host.js";

const pool = fc.nat({ max: 3 });
const oid = fc.constantFrom(0, 1, 2, 2 ** 40, 2 ** 53);
const index = fc.oneof(fc.nat({ max: 5 }), fc.constantFrom(64, 2 ** 32 - 1, 2 ** 32));
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("put" as const), pool, oid, index }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("get" as const),
      pool,
      oid,
      index,
      take: fc.constantFrom(undefined, true, false),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("flushPage" as const), pool, oid, index }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("flushObject" as const), pool, oid }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), nth: fc.nat({ max: 20 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("newPool" as const),
      kind: fc.constantFrom<TmemKind>("persistent", "ephemeral"),
      uuid: fc.constantFrom(undefined, "a", "b"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("destroyPool" as const), pool }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("memory" as const), charges: fc.nat({ max: 3 }) }) },
);

interface ModelPool {
  readonly kind: TmemKind;
  readonly uuid: string | undefined;
  clients: number;
  readonly pages: Map<string, number>;
}

/** Pools of pages in the plainest way. */
class Model {
  readonly pools: (ModelPool | undefined)[] = [];

  open(kind: TmemKind, uuid: string | undefined): number {
    const shared = uuid === undefined ? -1 : this.pools.findIndex((other) => other?.uuid === uuid);
    if (shared >= 0) {
      if (this.pools[shared]!.kind !== kind) return NO_TMEM_POOL;
      this.pools[shared]!.clients++;
      return shared;
    }
    let id = 0;
    while (this.pools[id] !== undefined) id++;
    if (id >= 3) return NO_TMEM_POOL;
    this.pools[id] = { kind, uuid, clients: 1, pages: new Map() };
    return id;
  }
}

test("agrees with pools of maps, whatever memory there is", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
      const accountant = new LimitedAccountant(4);
      const host = new NumberHost(accountant, { poolsMax: 3 });
      const model = new Model();
      for (const next of steps) {
        if (next.do === "memory") {
          accountant.left = next.charges;
          continue;
        }
        if (next.do === "newPool") {
          assert.equal(host.tmem.newPool(next.kind, next.uuid), model.open(next.kind, next.uuid));
          continue;
        }
        if (next.do === "remove") {
          removeNth(host, model, next.nth);
          continue;
        }
        const there = model.pools[next.pool];
        if (there === undefined) continue;
        if (next.do === "destroyPool") {
          const last = --there.clients === 0;
          assert.equal(host.tmem.destroyPool(next.pool), last ? there.pages.size : 0);
          if (last) model.pools[next.pool] = undefined;
        } else if (next.do === "flushObject") {
          const keys = [...there.pages.keys()].filter((key) => key.startsWith(`${next.oid}/`));
          assert.equal(host.tmem.flushObject(next.pool, next.oid), keys.length);
          for (const key of keys) there.pages.delete(key);
        } else {
          const key = `${next.oid}/${next.index}`;
          if (next.do === "put") {
            const word = host.put(next.pool, next.oid, next.index);
            there.pages.delete(key);
            if (word !== 0) there.pages.set(key, word);
          } else if (next.do === "get") {
            assert.equal(host.get(next.pool, next.oid, next.index, next.take), there.pages.get(key) ?? 0);
            if (next.take ?? (there.kind === "ephemeral" && there.uuid === undefined)) there.pages.delete(key);
          } else assert.equal(host.tmem.flushPage(next.pool, next.oid, next.index), there.pages.delete(key));
        }
        host.verify();
        for (const [id, each] of model.pools.entries()) {
          if (each !== undefined) assert.equal(host.tmem.pagesIn(id), each.pages.size);
        }
      }
    }),
    { numRuns: 200 },
  );
});

/** The host gives up the n-th live page. */
function removeNth(host: NumberHost, model: Model, nth: number): void {
  const { tmem } = host;
  const live = Array.from({ length: tmem.end }, (_, page) => page).filter((page) => tmem.isLive(page));
  const page = live[nth];
  if (page === undefined) return;
  model.pools[tmem.poolOf(page)]!.pages.delete(`${tmem.oidOf(page)}/${tmem.indexOf(page)}`);
  tmem.remove(page);
  host.verify();
}

test("thousands of pages come and go, and the indexes stay whole", () => {
  const host = new NumberHost();
  const pool = host.tmem.newPool("persistent");
  const words = new Map<number, number>();
  for (let round = 0; round < 3; round++) {
    for (let key = 0; key < 20_000; key += 1 + round) words.set(key, host.put(pool, key & 255, key >>> 8));
    for (let key = 0; key < 20_000; key += 3) if (words.delete(key)) host.tmem.flushPage(pool, key & 255, key >>> 8);
    host.verify();
    for (const [key, word] of words) assert.equal(host.get(pool, key & 255, key >>> 8), word);
  }
});
