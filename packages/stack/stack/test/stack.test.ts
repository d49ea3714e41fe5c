import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kmalloc } from "@pagetier/allocator-kmalloc";
import { zswap } from "@pagetier/backend-zswap";
import { createPrng, PAGE_SIZE } from "@pagetier/base";
import { type AnyPlugin, createStack, listPlugins, type Stack } from "@pagetier/stack";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { failure } from "./failure.js";
import { loggedAllocator, loggedStore, type MapBackend, mapPlugin } from "./fakes.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pagetier-stack-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Half a page of noise, half of the page's number. */
function halfNoise(number: number): Uint8Array {
  const random = createPrng(number);
  return new Uint8Array(PAGE_SIZE).map((_, index) => (index % 2 === 0 ? number : random.u32()) & 255);
}

/** A page that compresses to about a quarter. */
function quarterNoise(number: number): Uint8Array {
  return halfNoise(number).fill(number, PAGE_SIZE / 4);
}

/** Fills a space far larger than memory, reads it back in another order, and closes the stack. */
async function roundTrip(stack: Stack, pages: number, pageOf = halfNoise): Promise<void> {
  const space = stack.space({ name: "test", size: pages * PAGE_SIZE });
  for (let page = 0; page < pages; page++) await space.write(page, 0, pageOf(page));
  stack.verify();
  const into = new Uint8Array(PAGE_SIZE);
  for (let step = 0; step < pages; step++) {
    const page = (step * 389) % pages;
    await space.read(page, 0, into);
    expect(Buffer.compare(into, pageOf(page)), `page ${page}`).toBe(0);
  }
  stack.verify();
  const { memory } = stack.stats();
  expect(memory.peakBytes).toBeLessThanOrEqual(memory.budgetBytes);
  await stack.close();
  expect(stack.stats().memory.holders).toEqual({});
}

describe("presets", () => {
  test.each(["none", "simple", "zcache", "zswap", "zswap-completion", "zswap-shrinker", "zswap-writethrough"])(
    "%s keeps four times its memory",
    async (preset) => {
      const stack = await createStack(preset, { memory: "1MiB" });
      expect(stack.name).toBe(preset);
      await roundTrip(stack, 1021);
      const { faults, counters } = stack.stats();
      expect(faults.minor).toBe(1021);
      expect(counters["swap[0]"]?.writtenPages).toBeGreaterThan(0);
      if (preset !== "none") expect((counters.zswap ?? counters.zcache)?.stores).toBeGreaterThan(0);
    },
  );

  test("zram keeps twice its memory, and with too little loses nothing", async () => {
    const stack = await createStack("zram", { memory: "2MiB" });
    await roundTrip(stack, 1021, quarterNoise);
    await using small = await createStack("zram", { memory: "1MiB" });
    const space = small.space({ name: "test", size: "8MiB" });
    let written = 0;
    const filling = async (): Promise<void> => {
      for (; written < 2048; written++) await space.write(written, 0, halfNoise(written));
    };
    await expect(filling()).rejects.toMatchObject({ code: "MM_OUT_OF_MEMORY" });
    expect(written).toBeGreaterThan(150);
    const into = new Uint8Array(4096);
    for (let page = 0; page < written; page++) {
      await space.read(page, 0, into);
      expect(Buffer.compare(into, halfNoise(page)), `page ${page}`).toBe(0);
    }
    small.verify();
  });

  test("the default is zswap", async () => {
    await using stack = await createStack();
    expect(stack.name).toBe("zswap");
    expect(stack.stats().memory.budgetBytes).toBe(64 * 2 ** 20);
  });
});

test("a recipe in a file finds plugins and puts stores beside itself", async () => {
  const example = new URL("../../../../apps/example-plugin/dist/", import.meta.url).pathname;
  await writeFile(
    join(folder, "mine.yaml"),
    `memory: 1MiB
frontswap: { use: zswap, allocator: kmalloc, compressor: { use: "${example}rle.js", runMin: 4 } }
reclaim: { policy: "${example}coin-flip.js" }
swap: { use: file, path: ./mine.img, size: 8MiB }
`,
  );
  const stack = await createStack(join(folder, "mine.yaml"));
  expect(stack.name).toBe("mine");
  expect(await readdir(folder)).toContain("mine.img");
  await roundTrip(stack, 600);
});

test("each node has its own parts under the same tokens", async () => {
  const made: MapBackend[] = [];
  const stack = await createStack(
    {
      memory: "2MiB",
      frontswap: [
        zswap({ allocator: "zsmalloc", compressor: "null" }),
        { use: "map", pagesMax: 50, allocator: kmalloc(), compressor: "lz4js" },
      ],
      swap: "memory",
    },
    { plugins: [mapPlugin([], made)] },
  );
  const [backend] = made;
  expect(backend?.pool.type).toBe("kmalloc");
  expect(backend?.compressor.type).toBe("lz4js");
  expect(Object.keys(stack.stats().pools)).toEqual(["frontswap[0].allocator", "frontswap[1].allocator"]);
  await roundTrip(stack, 1021);
  const { counters, pools } = stack.stats();
  expect(counters.zswap?.stores, "what the newest refuses goes to the other").toBeGreaterThan(0);
  expect(pools["frontswap[1].allocator"]?.objects).toBe(0);
});

test("a stack closes itself from the hooks inwards", async () => {
  const log: string[] = [];
  const plugins = [mapPlugin(log), loggedAllocator(log), loggedStore(log)];
  const stack = await createStack(
    { memory: "1MiB", frontswap: { use: "map", allocator: "logged" }, swap: ["logged"] },
    { plugins },
  );
  const space = stack.space({ name: "test", size: "1MiB" });
  await space.write(0, 0, halfNoise(0));
  await Promise.all([stack.close(), stack.close()]);
  await stack[Symbol.asyncDispose]();
  expect(log).toEqual(["store opened", "backend closed", "store closed", "pool destroyed"]);
  await failure("MM_CLOSED", () => stack.space({ name: "late", size: "1MiB" }));
  await failure("MM_CLOSED", () => stack.shrink("1MiB"));
});

test("an option that createStack does not know is refused, with what may have been meant", async () => {
  const misspelt = { memroy: "8MiB" } as object;
  const message = await failure("STACK_OPTION", () => createStack("zswap", misspelt));
  expect(message).toBe("createStack has no option memroy; did you mean memory?");
});

test("a stack that cannot open leaves nothing open", async () => {
  const log: string[] = [];
  const plugins = [mapPlugin(log), loggedAllocator(log), loggedStore(log)];
  const swap = ["logged", { use: "logged", opens: false }];
  await failure("STORE_OPEN", () => createStack({ frontswap: { use: "map", allocator: "logged" }, swap }, { plugins }));
  expect(log[0]).toBe("store opened");
  expect(log.slice(1)).toEqual(expect.arrayContaining(["store closed", "backend closed"]));
  expect(log.at(-1)).toBe("pool destroyed");
});

test("a store that cannot block is refused for io: now", async () => {
  const noNow = {
    ...loggedStore([]),
    name: "later",
    create: () => Object.assign(Object.create(null), { type: "later" }),
  };
  const message = await failure("RECIPE_CONFLICT", () =>
    createStack({ swap: [{ use: "later", io: "now" }] }, { plugins: [noNow] }),
  );
  expect(message).toContain("swap[0].io");
});

test("a policy that must know the future is refused", async () => {
  const belady: AnyPlugin = {
    family: "policy",
    contract: 1,
    name: "belady",
    summary: "Knows the future.",
    options: z.strictObject({}),
    create: () => ({ type: "belady", misses: () => 0 }),
  };
  const recipe = { reclaim: { policy: "belady" } };
  const message = await failure("RECIPE_INVALID", () => createStack(recipe, { plugins: [belady] }));
  expect(message).toContain("reclaim.policy is belady");
});

test("the same seed gives the same stack", async () => {
  const run = async () => {
    const plugin = new URL("../../../../apps/example-plugin/dist/coin-flip.js", import.meta.url).pathname;
    const stack = await createStack(
      { memory: "1MiB", reclaim: { policy: plugin }, swap: [{ use: "memory", io: "now" }] },
      { seed: 7 },
    );
    await roundTrip(stack, 600);
    const { mm, ...others } = stack.stats().counters;
    const counts = Object.entries(mm!).filter(([name]) => !name.endsWith("Ns")); // Times are the machine's.
    return { ...others, mm: Object.fromEntries(counts) };
  };
  expect(await run()).toEqual(await run());
});

test("shrink gives memory back", async () => {
  await using stack = await createStack({ memory: "4MiB", swap: "memory" });
  const space = stack.space({ name: "test", size: "3MiB" });
  for (let page = 0; page < space.pages; page++) await space.write(page, 0, halfNoise(page));
  const before = stack.stats().memory.usedBytes;
  const freed = await stack.shrink("1MiB");
  expect(freed).toBeGreaterThan(0);
  expect(stack.stats().memory.usedBytes).toBeLessThan(before);
  stack.verify();
  await failure("BAD_SIZE", () => stack.shrink("1MB"));
  await failure("BAD_SIZE", () => stack.space({ name: "x", size: "big" }));
});

test("plugins are listed by family and name", async () => {
  const found = await listPlugins({ directory: folder });
  expect(found.map(({ plugin }) => plugin.name)).toContain("zswap");
  for (const { plugin } of found) expect(plugin.summary).toMatch(/\.$/);
});
