import { copyFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLED_TRACE, Workplace } from "./command.js";

let place: Workplace;

beforeAll(async () => {
  place = await Workplace.make();
  await copyFile(BUNDLED_TRACE, place.path("t.u32.gz"));
});

afterAll(() => place.remove());

describe("run with a trace and nothing else", () => {
  test("takes bundled pages, and half of what is touched as memory, and says so", async () => {
    const { status, stdout, stderr, left } = await place.run([
      "run",
      "--trace",
      "t.u32.gz",
      "--limit",
      "30000",
      "--json",
    ]);
    expect({ status, left }).toEqual({ status: 0, left: [] });
    const run = JSON.parse(stdout);
    const touched = run.uniquePages * 4096;
    expect(run.memory.budgetBytes).toBeGreaterThanOrEqual(touched / 2);
    expect(run.memory.budgetBytes).toBeLessThan(touched / 2 + 2 ** 20 + 1);
    expect(run).toMatchObject({ recipe: "zswap", space: "anon", accesses: 30_000, mismatches: 0 });
    expect(run.verified).toBe(run.reads + run.writes);
    expect(run.reading).toEqual({ cpuMs: expect.any(Number), requestsPerSecond: expect.any(Number) });
    expect(stderr.split("\n")).toEqual([
      "Contents: the 1,536 bundled pages; others with --pages FILE.",
      expect.stringMatching(
        /^Memory: [\d.]+ MiB, half of the [\d.]+ MiB that are touched; another with --memory SIZE\.$/,
      ),
      "",
    ]);
  });

  test("takes blocks of a device as a file, and compares nothing if nobody wants it", async () => {
    const lines = Array.from(
      { length: 4000 },
      (_, index) => `0,${(index * 7919) % 30_000},8192,${index % 3 ? "r" : "w"},${index}`,
    );
    await writeFile(place.path("blocks.spc"), lines.join("\n"));
    const { status, stdout, stderr } = await place.run(["run", "--trace", "blocks.spc", "--verify", "none", "--json"]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ space: "file", verified: 0, mismatches: 0 });
    expect(stderr).toMatch(/^Blocks of a device: replayed as a file behind the page cache/m);
  });

  test("leaves a recipe of one's own the memory that it states", async () => {
    await writeFile(place.path("mine.yaml"), "memory: 6MiB\nswap: [{ use: file, size: auto }]\n");
    const { status, stdout, stderr } = await place.run([
      "run",
      "./mine.yaml",
      "--trace",
      "t.u32.gz",
      "--limit",
      "5000",
      "--json",
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).memory.budgetBytes).toBe(6 * 2 ** 20);
    expect(stderr).not.toMatch(/Memory/);
  });
});
