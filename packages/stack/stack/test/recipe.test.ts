import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zsmalloc } from "@pagetier/allocator-zsmalloc";
import { zswap } from "@pagetier/backend-zswap";
import { lz4js } from "@pagetier/compressor-lz4js";
import { memoryStore } from "@pagetier/store-memory";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkCombinations } from "../src/combinations.js";
import { parseRecipe, type RecipeInput } from "../src/recipe.js";
import { findRecipe, presets } from "../src/recipe-source.js";
import { failure } from "./failure.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pagetier-recipe-"));
});
afterAll(() => rm(folder, { recursive: true }));

const inCode: RecipeInput = {
  memory: "32MiB",
  frontswap: zswap({ allocator: zsmalloc({ chainPages: 4 }), compressor: lz4js(), maxPoolPercent: 30 }),
  reclaim: { policy: "lru", poolFull: "refuse" },
  swap: [{ ...memoryStore({ size: "1GiB" }), priority: 2, io: "now" }, "file"],
  background: { kswapdStepPages: 16 },
};

const inYaml = `
memory: 32MiB
frontswap:
  use: zswap
  allocator: { use: zsmalloc, chainPages: 4 }
  compressor: { use: lz4js }
  maxPoolPercent: 30
reclaim: { policy: lru, poolFull: refuse }
swap:
  - { use: memory, size: 1GiB, priority: 2, io: now }
  - file
background: { kswapdStepPages: 16 }
`;

test("TypeScript, YAML, JSON and a module say the same", async () => {
  await writeFile(join(folder, "a.yaml"), inYaml);
  await writeFile(join(folder, "b.json"), JSON.stringify(inCode));
  await writeFile(join(folder, "c.mjs"), `export default ${JSON.stringify(inCode)};`);
  const expected = parseRecipe(inCode, "recipe");
  expect(expected.memoryBytes).toBe(32 * 2 ** 20);
  expect(expected.swap.map(({ priority, io }) => [priority, io])).toEqual([
    [2, "now"],
    [undefined, "async"],
  ]);
  for (const file of ["./a.yaml", "b.json", join(folder, "c.mjs")]) {
    const source = await findRecipe(file, folder);
    expect(parseRecipe(source.input, source.place)).toEqual(expected);
    expect(source.directory).toBe(folder);
    expect(source.name).toMatch(/^[abc]$/);
  }
});

test("what is left out has defaults, and an empty file is a recipe", async () => {
  await writeFile(join(folder, "empty.yaml"), "# nothing yet\nfrontswap:\nswap:\n");
  const { input } = await findRecipe("./empty.yaml", folder);
  const recipe = parseRecipe(input, "recipe");
  expect(recipe).toEqual(parseRecipe({}, "recipe"));
  expect(recipe.memoryBytes).toBe(64 * 2 ** 20);
  expect([recipe.frontswap, recipe.cleancache, recipe.swap]).toEqual([[], [], []]);
});

test("a wrong recipe is told by path, value and what was expected", async () => {
  const check = async (input: unknown, ...parts: string[]) => {
    const message = await failure("RECIPE_INVALID", () => parseRecipe(input, "recipe x.yaml"));
    for (const part of ["recipe x.yaml: ", ...parts]) expect(message).toContain(part);
  };
  await check({ memory: "64MB" }, "memory", '"64MB"', "MiB");
  await check({ memory: "1023KiB" }, "memory", "at least 1 MiB");
  await check({ memory: [] }, "memory", "[]", "size such as 64MiB");
  await check({ memry: 1 }, "memry is no known key; did you mean memory?");
  await check({ reclaim: { polcy: "lru" } }, "reclaim.polcy is no known key; did you mean policy?");
  await check({ reclaim: { engine: "modern" } }, "reclaim.engine", '"modern"', "classic", "shrinkers");
  await check({ reclaim: "lru" }, "reclaim", '"lru"', "object");
  await check({ write: "around" }, "write", '"around"', "back", "through");
  await check({ frontswap: 7 }, "frontswap", "7", "plugin's name");
  await check({ frontswap: {} }, "frontswap.use", "plugin's name");
  await check({ frontswap: ["zswap", { use: "" }] }, "frontswap[1].use", '""');
  await check({ swap: { use: "file", priority: "high" } }, "swap.priority", '"high"', "number");
  await check({ swap: [{ use: "file", io: "sync" }] }, "swap[0].io", '"sync"', "now or async");
  await check({ background: { inFlightPagesMax: 31 } }, "background.inFlightPagesMax", "31", ">=32");
  await check("zswap", "the recipe", '"zswap"', "object");
  await check({ memory: "x", write: 1 }, "memory", "also write");
});

test("a recipe that cannot be read says where it was looked for, or in which line it breaks", async () => {
  await writeFile(join(folder, "broken.yaml"), "memory: 64MiB\nswap: [file\nwrite: back\n");
  await writeFile(join(folder, "twice.yaml"), "memory: 64MiB\nmemory: 32MiB\n");
  await writeFile(join(folder, "list.yaml"), "- file\n");
  await writeFile(join(folder, "throws.mjs"), "throw new Error('not today');");
  await writeFile(join(folder, "nothing.mjs"), "export const recipe = {};");
  const check = async (code: string, recipe: string, ...parts: string[]) => {
    const message = await failure(code, () => findRecipe(recipe, folder));
    for (const part of parts) expect(message).toContain(part);
  };
  await check("RECIPE_NOT_FOUND", "zswp", "did you mean zswap?");
  await check("RECIPE_NOT_FOUND", "quux", "known are none, ", "./quux.yaml");
  await check("RECIPE_NOT_FOUND", "./missing.yaml", join(folder, "missing.yaml"));
  await check("RECIPE_NOT_FOUND", "./", "folder");
  await check("RECIPE_SYNTAX", "./broken.yaml", "line 3");
  await check("RECIPE_SYNTAX", "./twice.yaml", "line 2", "unique");
  await check("RECIPE_SYNTAX", "./list.yaml", "a list");
  await check("RECIPE_SYNTAX", "./throws.mjs", "not today");
  await check("RECIPE_SYNTAX", "./nothing.mjs", "default export");
});

test("choices that contradict each other are refused, both keys named", async () => {
  const check = async (input: RecipeInput, ...keys: string[]) => {
    const message = await failure("RECIPE_CONFLICT", () => checkCombinations(parseRecipe(input, "r"), "r"));
    for (const key of keys) expect(message).toContain(key);
  };
  const pool = { frontswap: "zswap", swap: "file" };
  await check({ ...pool, write: "back", reclaim: { trigger: "completion" } }, "reclaim.trigger", "write");
  await check({ swap: "file", reclaim: { trigger: "shrinker" } }, "reclaim.trigger", "frontswap");
  await check({ frontswap: "zswap", write: "through" }, "write", "swap");
  await check({ swap: "file", write: "through" }, "write", "frontswap");
  await check({ ...pool, reclaim: { poolFull: "drop-clean" } }, "reclaim.poolFull", "write");
  await check({ frontswap: "zswap", reclaim: { poolFull: "writeback-lru" } }, "reclaim.poolFull", "swap");
  await check({ ...pool, reclaim: { engine: "shrinkers", policy: "lru" } }, "reclaim.engine", "reclaim.policy");
  const shrinking = { frontswap: { use: "zswap", shrinker: true }, reclaim: { poolSizing: "fixed" } } as const;
  await check(shrinking, "reclaim.poolSizing", "frontswap.shrinker");
  const completion = { trigger: "completion", poolFull: "writeback-lru" } as const;
  await check({ ...pool, reclaim: completion }, "reclaim.poolFull", "reclaim.trigger");
  await check({ frontswap: "zswap", reclaim: { trigger: "completion" } }, "reclaim.trigger", "swap");
  await check(
    { ...shrinking, reclaim: { poolSizing: "mm" }, swap: "file" },
    "reclaim.poolSizing",
    "frontswap.shrinker",
  );
  const fixed = { ...pool, frontswap: { use: "zswap", shrinker: false } } as const;
  await check({ ...fixed, reclaim: { poolSizing: "both" } }, "reclaim.poolSizing", "frontswap.shrinker");
  await check({ swap: "file", reclaim: { poolSizing: "mm" } }, "reclaim.poolSizing", "frontswap");
  await check({ frontswap: "zswap", reclaim: { poolSizing: "shrinker" } }, "reclaim.poolSizing", "swap");
  await check({ ...pool, reclaim: { engine: "shrinkers", trigger: "hooks" } }, "reclaim.engine", "reclaim.trigger");
  await check({ ...pool, reclaim: { engine: "shrinkers", swappiness: 100 } }, "reclaim.swappiness", "reclaim.engine");
  await check({ ...pool, reclaim: { seeks: 1 } }, "reclaim.seeks", "reclaim.engine");
  await check({ ...pool, reclaim: { batch: 32 } }, "reclaim.batch", "reclaim.engine");
  const writing = (writeback: string, more = {}) => ({ frontswap: { use: "zswap", writeback, ...more } });
  await check(writing("compressed"), "frontswap.writeback", "swap");
  await check({ swap: "file", ...writing("recompressed") }, "frontswap.writeback", "frontswap.writebackCompressor");
  const strong = { writebackCompressor: "zstd" };
  await check({ swap: "file", ...writing("compressed", strong) }, "frontswap.writebackCompressor", "say recompressed");
  await check(
    { swap: "file", ...writing("compressed", { poolFull: "refuse" }) },
    "frontswap.writeback",
    "reclaim.poolFull",
  );
  const completing = { swap: "file", reclaim: { trigger: "completion" } } as const;
  await check({ ...completing, ...writing("recompressed", strong) }, "frontswap.writeback", "reclaim.trigger");
  const frames = { use: "zswap", lru: "frame", shrinker: "protection" };
  await check({ swap: "file", frontswap: frames }, "frontswap.lru", "frontswap.shrinker");
  await check({ frontswap: "zswap", swapSlots: "device" }, "swapSlots", "swap");
  await check({ cleancache: ["zcache", "other"] }, "cleancache[0]", "cleancache[1]");
  await check({ frontswap: ["zswap", "map", "zswap"] }, "frontswap[0]", "frontswap[2]", "zswap");
});

test("every preset is a recipe, and its first line says what it is", async () => {
  const all = await presets();
  const names = all.map(({ name }) => name);
  expect(names).toEqual(names.toSorted());
  expect(names).toEqual(
    expect.arrayContaining([
      "none",
      "ramster",
      "simple",
      "zcache",
      "zram",
      "zswap",
      "zswap-completion",
      "zswap-shrinker",
      "zswap-writethrough",
    ]),
  );
  for (const { name, summary, text } of all) {
    const { input, place } = await findRecipe(name, folder);
    checkCombinations(parseRecipe(input, place), place);
    expect(summary).toMatch(/^[A-Z].*\.$/);
    expect(text).toContain("When to use it:");
  }
  expect((await findRecipe(undefined, folder)).name).toBe("zswap");
});
