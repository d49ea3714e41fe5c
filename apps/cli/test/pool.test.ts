// Pages through every allocator and compressor.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPrng } from "@pagetier/base";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Histogram } from "../src/histogram.js";
import type { PoolResult } from "../src/measure-pool.js";
import { pagetier } from "./pool-command.js";

const PAGES = fileURLToPath(new URL("../../../data/node-heap.pages.gz", import.meta.url));
const ALLOCATORS = ["kmalloc", "slub", "z3fold", "zbud", "zsmalloc"];
const COMPRESSORS = ["deflate", "lz4", "lz4js", "null", "zlib", "zstd"];

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pagetier-pool-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("by default every bundled allocator meets every bundled compressor, and every page comes back", async () => {
  const { status, output } = await pagetier("pool", "--pages", PAGES, "--limit-pages", "128", "--json");
  expect(status).toBe(0);
  const { results } = JSON.parse(output) as { results: PoolResult[] };
  const names = new Set(results.map(({ compressor, allocator }) => `${compressor}+${allocator}`));
  for (const compressor of COMPRESSORS) {
    for (const allocator of ALLOCATORS) expect(names).toContain(`${compressor}+${allocator}`);
  }
  for (const result of results) {
    expect(result).toMatchObject({ pages: 128, mismatches: 0 });
    expect(result.storedPages + result.rejectedPages).toBe(128);
    expect(result.poolBytes).toBe(result.poolPages * 4096 + result.metadataBytes);
  }
});

test("the table of the default matrix is within 100 columns", async () => {
  const { status, output } = await pagetier("pool", "--pages", PAGES, "--limit-pages", "64", "--histogram");
  expect(status).toBe(0);
  for (const line of output.split("\n").filter((each) => !each.includes(PAGES))) {
    expect(line.length, line).toBeLessThanOrEqual(100);
  }
  expect(output).toContain("Every stored page was read back and is equal.");
});

test("the histogram counts what the pages become", async () => {
  const prng = createPrng(1);
  const random = new Uint8Array(4096).map(() => prng.below(256));
  const path = join(folder, "three.pages");
  // Same-filled, incompressible, and compressible to little.
  const page = Buffer.alloc(4096);
  page.write("pagetier", 100);
  await writeFile(path, Buffer.concat([Buffer.alloc(4096, 7), random, page]));
  const args = ["--pages", path, "--allocator", "zsmalloc", "--compressor", "lz4", "--histogram", "64", "--json"];
  const { output } = await pagetier("pool", ...args);
  const { histograms } = JSON.parse(output) as { histograms: Histogram[] };
  expect(histograms).toHaveLength(1);
  expect(histograms[0]).toMatchObject({
    pages: 3,
    sameFilledPages: 1,
    incompressiblePages: 1,
    zpages: 1,
    binBytes: 64,
  });
  expect(histograms[0]!.bins).toEqual([1, ...new Array<number>(63).fill(0)]);
});
