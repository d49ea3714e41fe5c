// Runs that fail: which access could not be done and why, who holds what, and that nothing that was written is lost.

import { readdir, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLED_PAGES, BUNDLED_TRACE, type Ended, Workplace } from "./command.js";

const DATA = ["--trace", BUNDLED_TRACE, "--pages", BUNDLED_PAGES];

interface FailedRun {
  readonly accesses: number;
  readonly uniquePages: number;
  readonly mismatches: number;
  readonly memory: { readonly budgetBytes: number; readonly peakBytes: number; readonly holders: object };
  readonly error?: { readonly code: string; readonly message: string };
  readonly audit?: Readonly<Record<"pages" | "verified" | "mismatches" | "unreadable", number>>;
}

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.make();
});
afterAll(() => place.remove());

interface RunSettings {
  readonly memory: string;
  readonly limit?: number;
  readonly fileKiB?: number;
}

async function runRecipe(recipe: string, settings: RunSettings): Promise<Ended> {
  const { memory, limit = 20_000, ...options } = settings;
  await writeFile(place.path("recipe.yaml"), recipe);
  return place.run(["run", "./recipe.yaml", ...DATA, "--memory", memory, "--limit", String(limit), "--json"], options);
}

/** One sentence for people, one document for programs, and everything that was written is still there. */
function expectNothingLost(ended: Ended, code: string): FailedRun {
  expect(ended).toMatchObject({ status: 1, left: [] });
  expect(ended.stderr.split("\n")).toHaveLength(2);
  expect(ended.stderr).toMatch(/^pagetier: recipe: /);
  expect(ended.stderr).toContain(`(${code}, after `);
  expect(ended.stderr).toMatch(/Nothing was lost: all [\d,]+ pages written until then were read back\./);
  expect(ended.stderr).not.toMatch(/\n\s+at /);
  const run = JSON.parse(ended.stdout) as FailedRun;
  expect(run.error?.code).toBe(code);
  expect(run.mismatches).toBe(0);
  expect(run.audit).toEqual({ pages: run.uniquePages, verified: run.uniquePages, mismatches: 0, unreadable: 0 });
  expect(run.accesses).toBeGreaterThan(0);
  expect(run.memory.peakBytes).toBeLessThanOrEqual(run.memory.budgetBytes);
  return run;
}

describe("a stack that is too small", () => {
  test("says who holds what when the store is full", async () => {
    const recipe = "frontswap: { use: zswap, poolFull: refuse }\nswap: { use: file, size: 2MiB }\n";
    const ended = await runRecipe(recipe, { memory: "6MiB" });
    const run = expectNothingLost(ended, "MM_OUT_OF_MEMORY");
    expect(ended.stderr).toMatch(/of \d+ frames resident \d+ frames, .*\d+ free/);
    expect(ended.stderr).toMatch(/0 swap slots are free\. Give more memory or a larger swap store\./);
    expect(Object.keys(run.memory.holders)).toContain("resident");
  });

  test("says that there is no store", async () => {
    const ended = await runRecipe("frontswap: { use: zswap, poolFull: refuse }\n", { memory: "6MiB" });
    expectNothingLost(ended, "MM_OUT_OF_MEMORY");
    expect(ended.stderr).toMatch(/there is no swap store/);
  });
});

describe("a store that fails", () => {
  test("a full disk, as the error filter has it", async () => {
    const filter = "use: error, on: write, nth: 3, times: always, code: STORE_NO_SPACE, next: { use: file }";
    const ended = await runRecipe(`swap: { ${filter} }\n`, { memory: "4MiB" });
    expectNothingLost(ended, "MM_OUT_OF_MEMORY");
    expect(ended.stderr).toMatch(/the last write failed \(writing slot \d+ of store file failed/);
  });

  test.skipIf(process.platform === "win32")("a file that may not grow", async () => {
    const ended = await runRecipe("swap: file\n", { memory: "2MiB", fileKiB: 512 });
    expectNothingLost(ended, "MM_OUT_OF_MEMORY");
    expect(ended.stderr).toMatch(/the file may not get larger \(EFBIG\); raise the file-size limit/);
  });

  test("a store that gives back other bytes is found out, page by page", async () => {
    const flipping = "swap: { use: error, on: read, every: 7, effect: flip, next: file }\n";
    const ended = await runRecipe(flipping, { memory: "16MiB", limit: 40_000 });
    const run = JSON.parse(ended.stdout) as FailedRun;
    expect(run.error).toBeUndefined();
    expect(run.mismatches).toBeGreaterThan(0);
    expect(ended).toMatchObject({ status: 1, left: [] });
    expect(ended.stderr).toMatch(/^pagetier: recipe: [\d,]+ pages came back with other bytes than were written\.\n$/);
  });
});

test("a named store is the user's: it stays, its lock does not", async () => {
  const before = await readdir(place.folder);
  const ended = await runRecipe("swap: { use: file, path: ./kept.img }\n", { memory: "8MiB" });
  expect(ended).toMatchObject({ status: 0, left: [] });
  const added = (await readdir(place.folder)).filter((name) => !before.includes(name) && name !== "recipe.yaml");
  expect(added).toEqual(["kept.img"]);
});
