// A place that takes a chooser of codecs takes a codec too, and not the other way round.

import { fileURLToPath } from "node:url";
import { zswap } from "@pagetier/backend-zswap";
import { createPrng, PAGE_SIZE } from "@pagetier/base";
import type { CodecChooser, CodecChooserPlugin, Compressor } from "@pagetier/compressor";
import { adaptive } from "@pagetier/compressor-adaptive";
import { NullCompressor } from "@pagetier/compressor-null";
import { createStack } from "@pagetier/stack";
import { expect, test } from "vitest";
import { z } from "zod";
import { PluginFinder } from "../src/plugin-finder.js";
import { failure } from "./failure.js";
import { mapPlugin } from "./fakes.js";

/** Takes the codec at its position always. */
const only = (contract = 1): CodecChooserPlugin<{ readonly one: Compressor }, object> => ({
  family: "chooser",
  contract,
  name: "only",
  summary: "The choice of one.",
  options: z.strictObject({}),
  positions: { one: { family: "compressor", default: "null" } },
  create: ({ one }): CodecChooser => ({
    type: "only",
    codecs: [one],
    input: one.input,
    chosen: 0,
    compress: () => one.compress(PAGE_SIZE),
    counters: () => ({ codecs: 1 }),
    memoryBytes: () => one.memoryBytes(),
  }),
});

const here = fileURLToPath(new URL(".", import.meta.url));
const finder = new PluginFinder({ plugins: [only()], origins: [here] });

test("a codec fits where a chooser is wanted", async () => {
  for (const name of ["lz4js", "only"]) expect((await finder.find("chooser", name, "r")).plugin.name).toBe(name);
});

test("a chooser does not fit where a codec is wanted", async () => {
  const recipe = { frontswap: { use: "map", compressor: "only" } };
  await failure("PLUGIN_NOT_FOUND", () => createStack(recipe, { plugins: [only(), mapPlugin([])] }));
});

test("what fits is named when nothing does", async () => {
  const missing = await failure("PLUGIN_NOT_FOUND", () => finder.find("chooser", "lz4jz", "r: place"));
  expect(missing).toMatch(/^r: place: there is no compressor or chooser lz4jz; did you mean .*lz4js.*\?/);
  const wrong = await failure("PLUGIN_WRONG_FAMILY", () => finder.find("chooser", "@pagetier/allocator-kmalloc", "r"));
  expect(wrong).toContain("of the family allocator; here goes one of the family compressor or chooser");
});

test("each is checked against the contract of its own family", async () => {
  const later = new PluginFinder({ plugins: [only(99)], origins: [here] });
  const message = await failure("PLUGIN_WRONG_CONTRACT", () => later.find("chooser", "only", "r"));
  expect(message).toContain("version 99 of the chooser contract");
});

test("a value that is no plugin is told what goes there", async () => {
  const recipe = { frontswap: { use: "zswap", compressor: 5 } };
  const message = await failure("RECIPE_INVALID", () => createStack(recipe));
  expect(message).toContain("frontswap.compressor is no plugin. Write the compressor's name");
});

test("a chooser is made from the codecs of its positions, and what it counts is in the statistics", async () => {
  const seen: Compressor[] = [];
  const watched = {
    ...only(),
    create: (parts: { readonly one: Compressor }, options: object) => {
      seen.push(parts.one);
      return only().create(parts, options);
    },
  };
  const recipe = { memory: "1MiB", frontswap: [{ use: "zswap", compressor: "only" }], swap: "memory" };
  await using stack = await createStack(recipe, { plugins: [watched] });
  expect(seen[0]).toBeInstanceOf(NullCompressor);
  expect(stack.stats().counters["frontswap.compressor"]).toEqual({ codecs: 1 });
});

/** Noise, random letters, or nearly nothing. */
function pageOf(number: number): Uint8Array {
  const prng = createPrng(number);
  const kind = number % 3;
  return Uint8Array.from({ length: PAGE_SIZE }, (_, index) =>
    kind === 2 && index >= 100 ? 0 : prng.below(kind === 1 ? 64 : 256),
  );
}

test("adaptive's codecs are plugins of their own, and its decisions are in the statistics", async () => {
  const compressor = adaptive({ strong: { use: "zlib", level: 1 }, stepBytes: 128 });
  const stack = await createStack({ memory: "1MiB", frontswap: zswap({ compressor }), swap: "memory" });
  const space = stack.space({ name: "test", size: 600 * PAGE_SIZE });
  for (let page = 0; page < space.pages; page++) await space.write(page, 0, pageOf(page));
  const into = new Uint8Array(PAGE_SIZE);
  for (let page = 0; page < space.pages; page++) {
    await space.read(page, 0, into);
    expect(Buffer.compare(into, pageOf(page)), `page ${page}`).toBe(0);
  }
  stack.verify();
  const { "frontswap.compressor": decided, zswap: stored } = stack.stats().counters;
  expect(decided?.pages).toBeLessThanOrEqual(stored!.stores!);
  for (const count of ["rawBySample", "fastPages", "strongPages"]) expect(decided?.[count], count).toBeGreaterThan(0);
  await stack.close();
  expect(stack.stats().memory.holders).toEqual({});
});

test("adaptive needs nothing but its name", async () => {
  const recipe = { memory: "16MiB", frontswap: { use: "zswap", compressor: "adaptive" }, swap: "memory" };
  await using stack = await createStack(recipe);
  expect(stack.stats().counters["frontswap.compressor"]).toMatchObject({ pages: 0 });
});

test("a chooser within a chooser is refused, and a wrong option is named by its path", async () => {
  const nested = { frontswap: zswap({ compressor: adaptive({ fast: adaptive() }) }), swap: "memory" };
  expect(await failure("PLUGIN_WRONG_FAMILY", () => createStack(nested))).toContain(
    "frontswap.compressor.fast: @pagetier/compressor-adaptive is of the family chooser; here goes one of the family compressor.",
  );
  const wrong = { frontswap: zswap({ compressor: adaptive({ stepBytes: 0 }) }), swap: "memory" };
  expect(await failure("RECIPE_INVALID", () => createStack(wrong))).toContain("frontswap.compressor.stepBytes");
});
