// A backend for both hooks: one instance where both name it, one of its own where only one does.

import { createPrng, PAGE_SIZE } from "@pagetier/base";
import { createStack, type RecipeInput, type Stack } from "@pagetier/stack";
import { expect, test } from "vitest";
import { failure } from "./failure.js";

const zcache = { use: "zcache", allocator: "zbud", compressor: "lz4", maxPoolPercent: 60 } as const;

/** A quarter of a page of noise. */
function pageOf(number: number): Uint8Array {
  const random = createPrng(number);
  const page = new Uint8Array(PAGE_SIZE);
  for (let index = 0; index < PAGE_SIZE / 4; index++) page[index] = random.u32() & 255;
  return page;
}

/** Writes a file of so many pages, reads some of it twice, and compares. */
async function useFile(stack: Stack, pages: number): Promise<void> {
  const file = await stack.open({ store: "memory", size: pages * PAGE_SIZE, name: "file" });
  for (let page = 0; page < pages; page++) await file.write(page, 0, pageOf(page));
  await file.fsync();
  const into = new Uint8Array(PAGE_SIZE);
  for (let round = 0; round < 3; round++) {
    for (let page = 0; page < pages; page++) {
      await file.read(page, 0, into);
      expect(Buffer.compare(into, pageOf(page)), `page ${page}`).toBe(0);
    }
  }
}

test("both hooks name it: one instance, one limit, and what must stay displaces what may go", async () => {
  const stack = await createStack({ memory: "2MiB", frontswap: zcache, cleancache: "zcache", swap: "memory" });
  await useFile(stack, 600);
  const before = stack.stats();
  expect(Object.keys(before.pools)).toEqual(["frontswap.allocator", "frontswap.ephemeralAllocator"]);
  const pools = before.tiers.filter(({ kind }) => kind === "pool");
  expect(pools.map(({ name, hook }) => [name, hook])).toEqual([
    ["zcache", "frontswap"],
    ["zcache", "cleancache"],
  ]);
  expect(pools[1]!.pages).toBeGreaterThan(100);
  expect(before.faults.majorFrom.pool).toBe(before.counters.cleancache!.succGets);
  expect(before.faults.majorFrom.pool).toBeGreaterThan(100);
  const space = stack.space({ name: "memory", size: 700 * PAGE_SIZE });
  for (let page = 0; page < 700; page++) await space.write(page, 0, pageOf(1000 + page));
  const after = stack.stats();
  expect(after.counters.zcache!.persAteEph).toBeGreaterThan(0);
  const [had, has] = [before, after].map(({ counters }) => counters["zcache.cleancache"]!.ephPages!);
  expect(has).toBeLessThan(had!);
  const into = new Uint8Array(PAGE_SIZE);
  for (let page = 0; page < 700; page++) {
    await space.read(page, 0, into);
    expect(Buffer.compare(into, pageOf(1000 + page)), `page ${page}`).toBe(0);
  }
  stack.verify();
  await stack.close();
  expect(stack.stats().memory.holders).toEqual({});
});

test("the same options at both hooks are the same node; others are a conflict that names both", async () => {
  const make = (cleancache: RecipeInput["cleancache"]) =>
    createStack({ memory: "2MiB", frontswap: zcache, cleancache: cleancache!, swap: "memory" });
  const same = await make({ ...zcache });
  expect(Object.keys(same.stats().pools)).toHaveLength(2);
  await same.close();
  const message = await failure("RECIPE_CONFLICT", () => make({ ...zcache, allocator: "zsmalloc" }));
  expect(message).toContain("frontswap");
  expect(message).toContain("only its name at cleancache");
});

test("zswap with zsmalloc and zcache with zbud in one stack each have their own parts", async () => {
  const stack = await createStack({
    memory: "2MiB",
    frontswap: { use: "zswap", allocator: "zsmalloc" },
    cleancache: { use: "zcache", allocator: "zbud", ephemeralAllocator: "z3fold" },
    swap: "memory",
  });
  await useFile(stack, 500);
  const space = stack.space({ name: "memory", size: 500 * PAGE_SIZE });
  for (let page = 0; page < 500; page++) await space.write(page, 0, pageOf(page));
  const { tiers, pools, memory, counters } = stack.stats();
  expect(Object.keys(pools)).toEqual(["frontswap.allocator", "cleancache.allocator", "cleancache.ephemeralAllocator"]);
  expect(tiers.filter(({ kind }) => kind === "pool").map(({ name }) => name)).toEqual(["zswap", "zcache"]);
  expect(memory.holders).toMatchObject({ zsmalloc: pools["frontswap.allocator"]!.frames });
  expect(memory.holders.zbud).toBeUndefined(); // Nobody gave it a page: frontswap is zswap's.
  expect(counters.zcache!.ephPuts).toBeGreaterThan(0);
  expect(counters.zswap!.stores).toBeGreaterThan(0);
  stack.verify();
  await stack.close();
});

test("an allocator for clean pages is made like the other one unless the recipe names another", async () => {
  const stack = await createStack({ memory: "2MiB", cleancache: zcache });
  await useFile(stack, 500);
  const { pools, counters } = stack.stats();
  expect(Object.keys(pools)).toEqual(["cleancache.allocator", "cleancache.ephemeralAllocator"]);
  expect(pools["cleancache.ephemeralAllocator"]!.frames).toBe(counters.zcache!.ephPageframes);
  expect(counters.zcache!.ephSuccGets).toBeGreaterThan(0);
  stack.verify();
  await stack.close();
});

test("what a recipe chooses for all backends reaches a backend for both hooks", async () => {
  const stack = await createStack({
    memory: "2MiB",
    frontswap: "zcache",
    cleancache: "zcache",
    reclaim: { poolFull: "refuse" },
  });
  const space = stack.space({ name: "memory", size: 300 * PAGE_SIZE });
  for (let page = 0; page < 300; page++) await space.write(page, 0, pageOf(page));
  stack.verify();
  await stack.close();
});
