import { createPrng, PAGE_SIZE } from "@pagetier/base";
import { createStack } from "pagetier";
import { expect, test } from "vitest";
import { NextUseOrder, nextUseZcachePlugin } from "../src/experiment/next-use-order.js";

test("the zpage that is wanted last goes, wherever its page lies in the file", () => {
  const wanted = new Map([
    [10, 500],
    [11, 900],
    [12, 100],
  ]);
  const order = new NextUseOrder({ nextUse: (page) => wanted.get(page)! }, (page) => page + 9);
  const victims = new Uint32Array(4);
  const chosen = (): number[] => [...victims.subarray(0, order.choose(victims))];
  expect(chosen()).toEqual([]);
  for (const page of [1, 2, 3]) order.add(page, 1 as never);
  expect(chosen()).toEqual([2]);
  order.leaving(2, 1 as never);
  expect(chosen()).toEqual([1]);
  wanted.set(12, 700);
  expect(chosen()).toEqual([3]);
  order.verify(2);
});

/** Half of a page of noise. */
function pageOf(number: number): Uint8Array {
  const random = createPrng(number);
  return new Uint8Array(PAGE_SIZE).map((_, index) => (index < PAGE_SIZE / 2 ? random.u32() & 255 : 0));
}

test("zcache throws clean pages away in that order", async () => {
  // Page p is wanted again at p: the higher, the later.
  const plugin = nextUseZcachePlugin({ nextUse: (page: number) => page } as never);
  const zcache = { use: "zcache-next-use", order: "object-lru", maxPoolPercent: 20 };
  await using stack = await createStack(
    { memory: "2MiB", frontswap: zcache, cleancache: "zcache-next-use", swap: "memory" },
    { plugins: [plugin] },
  );
  const pages = 1500;
  const file = await stack.open({ store: { use: "memory", size: pages * PAGE_SIZE }, size: pages * PAGE_SIZE });
  const into = new Uint8Array(8);
  for (let page = 0; page < pages; page++) await file.write(page, 0, pageOf(page));
  await file.fsync();
  for (let page = 0; page < pages; page++) await file.read(page, 0, into);
  const hits = (): number => stack.stats().counters.mm!.cleancacheHits!;
  const before = hits();
  for (let page = 0; page < 100; page++) await file.read(page, 0, into);
  expect(hits() - before).toBe(100); // The first pages are wanted first, so they were kept, and are the oldest of all.
});
