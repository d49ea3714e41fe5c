// Whole stacks against a plain map, under a store whose n-th operation fails, for n = 1, 2, 3 … until none is left to fail.

import { createPrng, PAGE_SIZE, type Prng, TierError } from "@pagetier/base";
import { createStack, type RecipeInput } from "@pagetier/stack";
import type { StorePlugin } from "@pagetier/store";
import { FailingStore } from "@pagetier/store/conformance";
import { MemoryStore } from "@pagetier/store-memory";
import { describe, expect, test } from "vitest";
import { z } from "zod";

const PAGES = 400;
const BATCHES = 250;
/** Every operation of the store fails once up to this one; then only some, so that the test stays short. */
const EACH_UP_TO = 20;
const STEP = 29;

/** Bytes of the kinds that tiers treat differently. */
function contentOf(random: Prng): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  const kind = random.below(4);
  if (kind === 1)
    page.fill(random.below(256)); // Same-filled.
  else if (kind > 1) for (let at = 0; at < PAGE_SIZE; at += kind === 2 ? 3 : 1) page[at] = random.u32(); // Compresses to half, or not at all.
  return page;
}

/** A space as somebody sees it who never heard of tiers. */
class Model {
  readonly #pages = new Map<number, Uint8Array>();

  page(page: number): Uint8Array {
    return this.#pages.get(page) ?? new Uint8Array(PAGE_SIZE);
  }

  write(page: number, offset: number, bytes: Uint8Array): void {
    const written = this.page(page).slice();
    written.set(bytes, offset);
    this.#pages.set(page, written);
  }

  discard(page: number): void {
    this.#pages.delete(page);
  }
}

/** Runs one scenario. @returns whether the failure came */
async function scenario(recipe: RecipeInput, seed: number, failing: number): Promise<boolean> {
  const store = new FailingStore(new MemoryStore());
  const plugin: StorePlugin<object> = {
    family: "store",
    contract: 1,
    name: "failing",
    summary: "Fails once.",
    options: z.strictObject({}),
    create: () => store,
  };
  const stack = await createStack({ ...recipe, swap: "failing" }, { plugins: [plugin], seed });
  const space = stack.space({ name: "model", size: PAGES * PAGE_SIZE });
  const model = new Model();
  const random = createPrng(seed);
  const script = store.failAt(failing);
  // One operation fails, so at most one access may show it.
  let excuses = 1;
  const mayFail = (error: unknown): void => {
    if (!TierError.is(error, "STORE_IO") || excuses-- === 0) throw error;
  };

  const write = async (page: number, offset: number, bytes: Uint8Array): Promise<void> => {
    try {
      await space.write(page, offset, bytes);
      model.write(page, offset, bytes);
    } catch (error) {
      mayFail(error);
    }
  };
  const read = async (page: number): Promise<void> => {
    const into = new Uint8Array(PAGE_SIZE);
    try {
      await space.read(page, 0, into);
    } catch (error) {
      mayFail(error);
      return;
    }
    expect(Buffer.compare(into, model.page(page)), `page ${page}, failure at ${failing}`).toBe(0);
  };

  for (let page = 0; page < PAGES; page++) await write(page, 0, contentOf(random));
  for (let batch = 0; batch < BATCHES; batch++) {
    // Several at once, on pages of their own, so that each answer is certain.
    const work: Promise<void>[] = [];
    const first = random.below(PAGES);
    for (let index = 0; index < 4; index++) {
      const page = (first + index * 97) % PAGES;
      const action = random.below(16);
      if (action < 7) work.push(read(page));
      else if (action < 10) work.push(write(page, 0, contentOf(random)));
      else if (action < 14) work.push(write(page, random.below(4000), new Uint8Array(64).fill(random.u32())));
      else {
        space.discard(page);
        model.discard(page);
      }
    }
    await Promise.all(work);
    if (batch % 50 === 49) {
      await stack.shrink("256KiB");
      stack.verify();
    }
  }
  const { fired } = script;
  store.failAt(Number.POSITIVE_INFINITY);
  for (let page = 0; page < PAGES; page++) await read(page);
  stack.verify();
  const { memory } = stack.stats();
  expect(memory.peakBytes).toBeLessThanOrEqual(memory.budgetBytes);
  await stack.close();
  expect(stack.stats().memory.holders).toEqual({});
  return fired;
}

const zswap = {
  use: "zswap",
  allocator: "zsmalloc",
  compressor: "lz4js",
  maxPoolPercent: 15,
  acceptThresholdPercent: 80,
};
const STACKS: Readonly<Record<string, RecipeInput>> = {
  none: { memory: "1MiB" },
  zswap: { memory: "1MiB", frontswap: zswap },
  "zswap, exclusive loads, with a shrinker": {
    memory: "1MiB",
    frontswap: { ...zswap, exclusiveLoads: true, shrinker: true },
  },
  "zswap, write-through, dropping clean copies": {
    memory: "1MiB",
    write: "through",
    reclaim: { poolFull: "drop-clean", policy: "lru" },
    frontswap: zswap,
  },
};

describe("whatever operation of the store fails, nothing accepted is lost or stale", () => {
  test.each(Object.entries(STACKS))("%s", async (_name, recipe) => {
    let failures = 0;
    for (let failing = 1; await scenario(recipe, failing, failing); failing += failing < EACH_UP_TO ? 1 : STEP)
      failures++;
    expect(failures, "the store was used").toBeGreaterThan(EACH_UP_TO);
  });
});
