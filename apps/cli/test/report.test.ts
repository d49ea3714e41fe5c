// What goes to standard output: documents whose numbers add up, tables that fit, help that names everything.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLED_PAGES, BUNDLED_TRACE, Workplace } from "./command.js";
import { brokenIdentities, brokenPoolIdentities } from "./report-identities.mjs";

const DATA = ["--trace", BUNDLED_TRACE, "--pages", BUNDLED_PAGES];
/** 77 MiB of data in 24 MiB, so that pools overflow to the disk, and enough accesses behind the first touches. */
const REPLAY = [...DATA, "--memory", "24MiB", "--limit", "60000"];
const MEMORY_BYTES = 24 * 2 ** 20;

interface Run extends Record<string, unknown> {
  readonly recipe: string;
  readonly accesses: number;
  readonly faults: { readonly majorFrom: { readonly pool: number; readonly store: number } };
  readonly memory: { readonly budgetBytes: number; readonly peakBytes: number };
}

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.make();
});
afterAll(() => place.remove());

describe("run and compare", () => {
  test.each(["none", "simple", "zcache", "zswap"])("run %s reports numbers that add up", async (recipe) => {
    const ended = await place.run(["run", recipe, ...REPLAY, "--json"]);
    expect(ended).toMatchObject({ status: 0, stderr: "", left: [] });
    const run = JSON.parse(ended.stdout) as Run;
    expect(brokenIdentities(run)).toEqual([]);
    expect(run).toMatchObject({ recipe, accesses: 60_000, mismatches: 0, seed: 1, time: "real" });
    expect(run.memory.budgetBytes).toBe(MEMORY_BYTES);
    expect(run.faults.majorFrom.store, "the data does not fit").toBeGreaterThan(0);
    if (recipe === "none") expect(run.faults.majorFrom.pool).toBe(0);
    else expect(run.faults.majorFrom.pool).toBeGreaterThan(0);
  });

  test("compare is run for each recipe, with the same accesses", async () => {
    const ended = await place.run(["compare", "none", "simple", "zswap", ...REPLAY, "--seed", "7", "--json"]);
    expect(ended).toMatchObject({ status: 0, stderr: "", left: [] });
    const { runs } = JSON.parse(ended.stdout) as { readonly runs: readonly Run[] };
    expect(runs.map((run) => run.recipe)).toEqual(["none", "simple", "zswap"]);
    for (const run of runs) {
      expect(brokenIdentities(run), run.recipe).toEqual([]);
      expect(run).toMatchObject({ accesses: 60_000, seed: 7, reads: runs[0]!.reads, writes: runs[0]!.writes });
    }
  });

  test("the identities notice what does not add up", async () => {
    const ended = await place.run(["run", "zswap", ...DATA, "--memory", "16MiB", "--limit", "30000", "--json"]);
    const run = JSON.parse(ended.stdout) as Run & { readonly counters: Record<string, Record<string, number>> };
    expect(brokenIdentities({ ...run, mismatches: 1 })).not.toEqual([]);
    expect(brokenIdentities({ ...run, accesses: 29_999 })).not.toEqual([]);
    expect(brokenIdentities({ ...run, faults: { ...run.faults, major: -1 } })).not.toEqual([]);
    for (const [part, name] of [
      ["zswap", "stores"],
      ["zswap", "written_back_pages"],
      ["frontswap", "succ_stores"],
      ["mm", "swapped_pages"],
      ["swap[0]", "written_pages"],
    ] as const) {
      const counters = { ...run.counters, [part]: { ...run.counters[part], [name]: run.counters[part]![name]! + 1 } };
      expect(brokenIdentities({ ...run, counters }), `${part}.${name}`).not.toEqual([]);
    }
  });

  test("three runs side by side fit 100 columns, with or without colours", async () => {
    const args = ["compare", "none", "simple", "zswap", ...DATA, "--memory", "20MiB", "--limit", "30000"];
    const plain = await place.run(args, { env: { NO_COLOR: "1" } });
    expect(plain.status).toBe(0);
    expect(plain.stdout).not.toContain("\u001b");
    const [heading, ...table] = plain.stdout.trimEnd().split("\n");
    expect(heading).toMatch(/MiB of data in 20 MiB of memory: 30,000 accesses of /);
    expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(plain.stdout).toMatch(/none.*simple.*zswap/);
    expect(plain.stdout).toMatch(/pages read back and equal.*all [\d,]+.*all [\d,]+.*all [\d,]+/);
  });

  test("colours come when they are asked for, and go with NO_COLOR", async () => {
    const args = ["run", "none", ...DATA, "--limit", "1000"];
    expect((await place.run(args, { env: { FORCE_COLOR: "1" } })).stdout).toContain("\u001b[");
    expect((await place.run(args, { env: { FORCE_COLOR: "1", NO_COLOR: "1" } })).stdout).not.toContain("\u001b");
    expect((await place.run(args)).stdout, "no terminal, no colours").not.toContain("\u001b");
  });
});

describe("pool", () => {
  test("every page comes back, and the bytes add up", async () => {
    const parts = ["--allocator", "zsmalloc,kmalloc", "--compressor", "lz4,lz4js"];
    const ended = await place.run(["pool", "--pages", BUNDLED_PAGES, ...parts, "--json"]);
    expect(ended).toMatchObject({ status: 0, stderr: "", left: [] });
    const { results } = JSON.parse(ended.stdout) as { readonly results: readonly Record<string, unknown>[] };
    expect(results.map(({ allocator, compressor }) => `${allocator} ${compressor}`).sort()).toEqual([
      "kmalloc lz4",
      "kmalloc lz4js",
      "zsmalloc lz4",
      "zsmalloc lz4js",
    ]);
    for (const row of results) {
      expect(brokenPoolIdentities(row)).toEqual([]);
      expect(row).toMatchObject({ pages: 1536, mismatches: 0 });
    }
    expect(brokenPoolIdentities({ ...results[0], poolBytes: 1 })).toHaveLength(1);
    expect(brokenPoolIdentities({ ...results[0], storedPages: 1535 })).not.toEqual([]);
  });
});

describe("plugins", () => {
  test("names what is bundled, from any working directory", async () => {
    const ended = await place.run(["plugins", "--json"]);
    expect(ended).toMatchObject({ status: 0, stderr: "", left: [] });
    const { plugins } = JSON.parse(ended.stdout) as { readonly plugins: readonly Record<string, string>[] };
    const names = plugins.map(({ family, name }) => `${family} ${name}`);
    expect(names).toEqual(
      expect.arrayContaining([
        "allocator kmalloc",
        "allocator zsmalloc",
        "compressor deflate",
        "compressor lz4",
        "compressor lz4js",
        "compressor null",
        "frontswap zswap",
        "policy lru",
        "policy two-list",
        "store delay",
        "store error",
        "store file",
        "store memory",
        "store stats",
      ]),
    );
    expect(new Set(names).size, "no plugin is listed twice").toBe(names.length);
    for (const plugin of plugins) expect(plugin.summary, plugin.name).toMatch(/^[A-Z0-9].*\.$/);
  });
});

describe("help", () => {
  const REPLAY_OPTIONS = ["--trace", "--pages", "--format", "--memory", "--limit", "--time", "--seed", "--json"];
  test.each([
    ["run", ["[recipe]", ...REPLAY_OPTIONS]],
    ["compare", ["<recipes...>", ...REPLAY_OPTIONS]],
    ["pool", ["--pages", "--allocator", "--compressor", "--json"]],
    ["plugins", ["--json"]],
  ])("%s --help names every option", async (command, options) => {
    const ended = await place.run([command, "--help"]);
    expect(ended).toMatchObject({ status: 0, stderr: "", left: [] });
    for (const option of [...options, "--help"]) expect(ended.stdout).toContain(option);
  });

  test("--help names every command and says what the exit status means", async () => {
    const ended = await place.run(["--help"]);
    expect(ended).toMatchObject({ status: 0, stderr: "" });
    for (const word of ["run", "compare", "pool", "plugins", "Exit status", "130"])
      expect(ended.stdout).toContain(word);
  });

  test("--version is the package's", async () => {
    const ended = await place.run(["--version"]);
    expect(ended).toMatchObject({ status: 0, stderr: "" });
    expect(ended.stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });
});
