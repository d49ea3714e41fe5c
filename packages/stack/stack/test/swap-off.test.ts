// Swap stores that come and go under a whole stack.

import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { createPrng, PAGE_SIZE } from "@pagetier/base";
import { createStack, type RecipeInput, type Stack } from "@pagetier/stack";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failure } from "./failure.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pagetier-swap-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const PAGES = 1000;
const swap: RecipeInput["swap"] = [
  { use: "file", path: "./fast.img", size: "4MiB", name: "fast", priority: 10 },
  { use: "stats", next: { use: "memory", size: "8MiB" }, name: "slow", priority: 1, io: "now" },
];

/** Half a page of noise, half of the page's number and version. */
function pageOf(page: number, version: number): Uint8Array {
  const random = createPrng(page * 1000 + version);
  return new Uint8Array(PAGE_SIZE).map((_, index) => (index % 2 === 0 ? page + version : random.u32()) & 255);
}

/** Accesses that check everything they read, for as long as somebody wants. */
class Application {
  mismatches = 0;
  accesses = 0;
  readonly #space;
  readonly #versions = new Uint8Array(PAGES);
  readonly #random = createPrng(42);

  constructor(stack: Stack) {
    this.#space = stack.space({ name: "application", size: PAGES * PAGE_SIZE });
  }

  async access(page = this.#random.below(PAGES)): Promise<void> {
    this.accesses++;
    const version = this.#versions[page]!;
    if (version > 0) {
      const into = new Uint8Array(PAGE_SIZE);
      await this.#space.read(page, 0, into);
      if (Buffer.compare(into, pageOf(page, version)) !== 0) this.mismatches++;
      if (this.#random.below(2) === 0) return;
    }
    this.#versions[page] = (version % 200) + 1;
    await this.#space.write(page, 0, pageOf(page, this.#versions[page]!));
  }

  async runUntil(end: Promise<unknown>): Promise<void> {
    let ended = false;
    const done = end.finally(() => {
      ended = true;
    });
    while (!ended) {
      await this.access();
      await turn(); // What memory serves takes no turn of the event loop, and others need some.
    }
    await done;
  }

  async all(): Promise<void> {
    for (let page = 0; page < PAGES; page++) await this.access(page);
  }
}

describe.each(["device", "virtual"] as const)("with %s slots", (swapSlots) => {
  test.each(["zswap", "none"])(
    "a store is turned off in the middle of everything (frontswap: %s)",
    async (frontswap) => {
      await using stack = await createStack(
        {
          memory: "2MiB",
          swapSlots,
          swap,
          ...(frontswap === "none" ? {} : { frontswap: { use: frontswap, maxPoolPercent: 30 } }),
        },
        { directory: folder },
      );
      const application = new Application(stack);
      await application.all();
      const { swaps, counters } = stack.stats();
      expect(swaps.map(({ name, store, priority }) => [name, store, priority])).toEqual([
        ["fast", "file", 10],
        ["slow", "stats", 1],
      ]);
      expect(counters["swap[1].next"]).toBeDefined();
      expect(statSync(join(folder, "fast.img")).size).toBeGreaterThan(0);
      await application.runUntil(stack.swapOff("fast"));
      stack.verify();
      expect(readdirSync(folder), "the lock is gone").not.toContain("fast.img.lock");
      expect(stack.stats().swaps.map(({ name }) => name)).toEqual(["slow"]);
      expect(Object.keys(stack.stats().counters)).not.toContain("swap[0]");
      await application.all();

      const added = stack.swapOn({ use: "delay", readUs: 100, next: "memory", name: "third", priority: 5 });
      await application.runUntil(added);
      expect(await added).toBe("third");
      await application.runUntil(stack.swapOff("slow"));
      expect(Object.keys(stack.stats().counters).filter((place) => place.startsWith("swap"))).toEqual([
        "swap[2].next",
        "swap[2]",
      ]);
      await application.all();
      stack.verify();
      expect(application.mismatches).toBe(0);
    },
  );
});

test("a store that cannot go says why, and stays", async () => {
  await using stack = await createStack({ memory: "1MiB", swap: [{ use: "memory", name: "only" }] });
  const application = new Application(stack);
  await application.all();
  const message = await failure("MM_SWAP_IN_USE", () => stack.swapOff("only"));
  expect(message).toMatch(
    /^swap store only cannot be turned off: \d+ pages lie there, .* or give more memory\. It is on as before\.$/,
  );
  expect(await stack.swapOff("only", { pages: 10 })).toBe(10);
  await application.all();
  stack.verify();
  expect(application.mismatches).toBe(0);
});

test("a pool shrinks into memory that became free", async () => {
  await using stack = await createStack({ memory: "4MiB", frontswap: "zswap", swap: "memory" });
  const space = stack.space({ name: "a", size: "3MiB" });
  for (let page = 0; page < space.pages; page++) await space.write(page, 0, pageOf(page, 1));
  await stack.shrink("2MiB");
  const held = stack.stats().counters.frontswap!.currPages!;
  expect(held).toBeGreaterThan(100);
  const home = await stack.shrinkFrontswap(held - 50);
  expect(home).toBe(50);
  expect(stack.stats().counters.frontswap?.currPages).toBe(held - 50);
  stack.verify();
});

test("what is asked for must make sense", async () => {
  await using stack = await createStack(
    { memory: "1MiB", swap: [{ use: "file", path: "./one.img", name: "one" }] },
    { directory: folder },
  );
  expect(await failure("RECIPE_INVALID", () => stack.swapOn({ use: "memory", name: "a b" }))).toContain('"a b"');
  expect(await failure("RECIPE_INVALID", () => stack.swapOn({ use: "memory", size: "1 banana" }))).toContain(
    "swap[2].size",
  );
  expect(await failure("RECIPE_INVALID", () => stack.swapOn("" as never))).toContain("name");
  expect(await failure("RECIPE_CONFLICT", () => stack.swapOn({ use: "delay", next: "memory", io: "now" }))).toContain(
    "blocking",
  );
  await failure("PLUGIN_NOT_FOUND", () => stack.swapOn("memry"));
  await failure("STORE_OPEN", () => stack.swapOn({ use: "file", path: "./one.img" }));
  await failure("MM_SWAP_EXISTS", () => stack.swapOn({ use: "memory", name: "one" }));
  expect(await failure("MM_NO_SWAP", () => stack.swapOff("two"))).toContain("these are on: one");
  for (const pages of [-1, 0.5, Number.NaN]) {
    await failure("MM_BAD_RANGE", () => stack.swapOff("one", { pages }));
    await failure("MM_BAD_RANGE", () => stack.shrinkFrontswap(pages));
  }
  expect(Object.keys(stack.stats().counters).filter((place) => place.startsWith("swap"))).toEqual(["swap[0]"]);
  await failure("MM_SWAP_EXISTS", () =>
    createStack({
      swap: [
        { use: "memory", name: "twice" },
        { use: "memory", name: "twice" },
      ],
    }),
  );
});
