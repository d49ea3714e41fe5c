import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { makePlan } from "../src/plan.js";
import type { AnyPlugin } from "../src/plugin.js";
import { PluginFinder } from "../src/plugin-finder.js";
import { parseRecipe, type RecipeInput } from "../src/recipe.js";
import { failure } from "./failure.js";
import { mapPlugin } from "./fakes.js";

const here = fileURLToPath(new URL(".", import.meta.url));
const example = fileURLToPath(new URL("../../../../apps/example-plugin/", import.meta.url));
const finder = new PluginFinder({ plugins: [], origins: [here] });

/** A folder from which nothing resolves: somebody else's machine. */
let elsewhere: string;
beforeAll(async () => {
  elsewhere = await mkdtemp(join(tmpdir(), "pagetier-plugins-"));
});
afterAll(() => rm(elsewhere, { recursive: true }));

const find = async (family: string, name: string, from: PluginFinder = finder) => {
  const { plugin, specifier } = await from.find(family, name, "r: place");
  return [plugin.name, specifier];
};

test("a short name is a package of its family", async () => {
  const check = async (family: string, name: string, specifier: string) =>
    expect(await find(family, name)).toEqual([name, specifier]);
  await check("allocator", "zsmalloc", "@pagetier/allocator-zsmalloc");
  await check("compressor", "lz4js", "@pagetier/compressor-lz4js");
  await check("frontswap", "zswap", "@pagetier/backend-zswap");
  await check("policy", "two-list", "@pagetier/policies/two-list");
  await check("store", "memory", "@pagetier/store-memory");
  await check("store", "delay", "@pagetier/store-filters/delay");
});

test("a third party's plugin is found as a package, a subpath, a file or a folder", async () => {
  const modules = join(elsewhere, "node_modules");
  await mkdir(modules, { recursive: true });
  await symlink(example, join(modules, "pagetier-example-plugin"), "dir");
  const user = new PluginFinder({ plugins: [], origins: [elsewhere] });
  const rle = "pagetier-example-plugin/rle";
  expect(await find("compressor", rle, user)).toEqual(["rle", rle]);
  expect(await find("policy", "pagetier-example-plugin/coin-flip", user)).toEqual([
    "coin-flip",
    "pagetier-example-plugin/coin-flip",
  ]);
  const file = join(example, "dist/rle.js");
  expect(await find("compressor", file, user)).toEqual(["rle", file]);
  expect(await find("policy", "./plugins/policy.js")).toEqual(["policy", "./plugins/policy.js"]);

  const folder = join(elsewhere, "mine");
  await mkdir(folder);
  await cp(join(here, "plugins/policy.js"), join(folder, "entry.js"));
  await writeFile(join(folder, "package.json"), '{ "name": "@me/mine", "type": "module", "exports": "./entry.js" }');
  expect(await find("policy", "./mine", user)).toEqual(["policy", "./mine"]);
  await symlink(folder, join(modules, "mine-unscoped"), "dir");
  expect(await find("policy", "mine-unscoped", user)).toEqual(["policy", "mine-unscoped"]);
});

test("what is nearer goes first, and bundled plugins resolve from where the umbrella lies", async () => {
  const bare = await mkdtemp(join(elsewhere, "bare-"));
  const alone = new PluginFinder({ plugins: [], origins: [bare] });
  await failure("PLUGIN_NOT_FOUND", () => alone.find("allocator", "kmalloc", "r"));
  const withUmbrella = new PluginFinder({ plugins: [], origins: [bare, new URL(".", import.meta.url).href] });
  expect(await find("allocator", "kmalloc", withUmbrella)).toEqual(["kmalloc", "@pagetier/allocator-kmalloc"]);

  const own = join(bare, "node_modules/@pagetier/policies");
  await mkdir(own, { recursive: true });
  await cp(join(here, "plugins/policy.js"), join(own, "lru.js"));
  await writeFile(
    join(own, "package.json"),
    '{ "name": "@pagetier/policies", "type": "module", "exports": { "./*": "./*.js" } }',
  );
  expect(await find("policy", "lru", withUmbrella)).toEqual(["policy", "@pagetier/policies/lru"]);
});

test("a plugin given as a value goes before all others", async () => {
  const given = new PluginFinder({ plugins: [mapPlugin([])], origins: [here] });
  expect(await find("frontswap", "map", given)).toEqual(["map", "map"]);
  expect(await find("frontswap", "zswap", given)).toEqual(["zswap", "@pagetier/backend-zswap"]);
});

test("the list holds what short names reach", async () => {
  const names = (await finder.list()).map(({ plugin }) => `${plugin.family} ${plugin.name}`);
  expect(names).toEqual([...names].sort());
  for (const name of ["allocator kmalloc", "compressor null", "frontswap zswap", "policy lru", "store memory"]) {
    expect(names).toContain(name);
  }
  expect(names).not.toContain("policy setup"); // A module of the package that is no plugin.
});

test("what is no such plugin is told by place, name and remedy", async () => {
  const check = async (code: string, family: string, name: string, ...parts: string[]) => {
    const message = await failure(code, () => finder.find(family, name, "r: place"));
    for (const part of ["r: place", ...parts]) expect(message).toContain(part);
  };
  await check("PLUGIN_NOT_FOUND", "allocator", "zmalloc", "did you mean", "zsmalloc");
  await check("PLUGIN_NOT_FOUND", "policy", "quux", "known are", "two-list");
  await check("PLUGIN_NOT_FOUND", "allocator", "fs", "no allocator fs");
  await check("PLUGIN_NOT_FOUND", "allocator", "@acme/tiers/rle", "npm install @acme/tiers)");
  await check("PLUGIN_NOT_FOUND", "allocator", "./none.js", join(here, "none.js"));
  await check("PLUGIN_WRONG_FAMILY", "allocator", "@pagetier/compressor-null", "compressor", "allocator");
  await check("PLUGIN_WRONG_FAMILY", "toaster", "x", "toaster");
  await check("PLUGIN_WRONG_CONTRACT", "allocator", "./plugins/next-year.js", "99", "1", "update pagetier");
  await check("PLUGIN_INVALID", "allocator", "./plugins/no-plugin.js", "plugin");
  await check("PLUGIN_INVALID", "allocator", "./plugins/no-schema.js", "Standard Schema");
  await check("PLUGIN_LOAD", "allocator", "./plugins/throws.js", "it needs another machine");
});

test("positions are resolved inside each other, and every plugin's schema completes its options", async () => {
  const plan = await planOf({
    frontswap: { use: "zswap", allocator: { use: "zsmalloc", chainPages: 4 }, compressor: "null", maxPoolPercent: 50 },
    reclaim: { poolFull: "refuse" },
  });
  const [backend] = plan.frontswap;
  expect(backend?.options).toMatchObject({ maxPoolPercent: 50, poolFull: "refuse" });
  expect(backend?.positions.allocator).toMatchObject({
    path: "frontswap.allocator",
    options: { chainPages: 4, classes: "kernel-6.18" },
  });
  expect(backend?.positions.compressor?.plugin.name).toBe("null");
  expect(plan.policy.plugin.name).toBe("two-list");
});

test("a choice for the whole stack needs backends that have it", async () => {
  const plain: AnyPlugin = { ...mapPlugin([]), options: z.strictObject({}), positions: {} };
  const given = new PluginFinder({ plugins: [plain], origins: [here] });
  const recipe = { frontswap: ["zswap", "map"], reclaim: { poolFull: "refuse" }, swap: "memory" } as const;
  const message = await failure("RECIPE_CONFLICT", () => makePlan(parseRecipe(recipe, "r"), given, "r"));
  expect(message).toContain("reclaim.poolFull");
  expect(message).toContain("frontswap[1] is map");
});

test("wrong options are told by path, value and what was expected, whatever the schema", async () => {
  const check = async (code: string, recipe: RecipeInput, ...parts: string[]) => {
    const message = await failure(code, () => planOf(recipe));
    for (const part of ["r: ", ...parts]) expect(message).toContain(part);
  };
  const zswap = (options: object) => ({ frontswap: { use: "zswap", compressor: "null", ...options } });
  await check("RECIPE_INVALID", zswap({ maxPolPercent: 3 }), "frontswap.maxPolPercent", "did you mean maxPoolPercent?");
  await check("RECIPE_INVALID", zswap({ alocator: "x" }), "frontswap.alocator", "did you mean allocator?");
  await check("RECIPE_INVALID", zswap({ maxPoolPercent: 101 }), "frontswap.maxPoolPercent", "101", "<=100");
  await check("RECIPE_INVALID", zswap({ allocator: 5 }), "frontswap.allocator", "allocator's name");
  await check(
    "RECIPE_INVALID",
    zswap({ allocator: { use: "zsmalloc", chainPages: "8" } }),
    "frontswap.allocator.chainPages",
    '"8"',
    "number",
  );
  await check("PLUGIN_NOT_FOUND", zswap({ allocator: "zmalloc" }), "frontswap.allocator");
  await check("RECIPE_INVALID", { swap: { use: "memory", size: "1MB" } }, "swap[0].size", "MiB");
  await check("RECIPE_INVALID", { swap: "delay" }, "swap[0].next", "missing", "store");
  await check(
    "RECIPE_INVALID",
    { reclaim: { policy: { use: "./plugins/policy.js", speed: -1 } } },
    "reclaim.policy.speed",
    "-1",
    "must be positive",
  );
  let deep: RecipeInput["swap"] = "memory";
  for (let depth = 0; depth < 20; depth++) deep = { use: "stats", next: deep };
  await check("RECIPE_INVALID", { swap: deep }, "deep");
});

function planOf(recipe: RecipeInput) {
  return makePlan(parseRecipe(recipe, "r"), finder, "r");
}
