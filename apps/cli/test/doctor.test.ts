import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { type Diagnosis, samplePages } from "../src/diagnosis.js";
import { pagetier } from "./pool-command.js";

test("doctor measures every codec that loads, and says what memory there is", async () => {
  const { status, output } = await pagetier("doctor", "--json");
  expect(status).toBe(0);
  const diagnosis = JSON.parse(output) as Diagnosis;
  expect(diagnosis).toMatchObject({ node: process.version, platform: process.platform, webAssembly: true });
  expect(diagnosis.zstd).toMatch(/^(node|wasm)$/);
  expect(diagnosis.memory.totalBytes).toBeGreaterThan(0);
  expect(diagnosis.memcpyMBps).toBeGreaterThan(0);
  expect(diagnosis.codecs.map(({ name }) => name)).toEqual(expect.arrayContaining(["deflate", "lz4", "zlib", "zstd"]));
  for (const codec of diagnosis.codecs) {
    expect(codec).toMatchObject({ problem: null, mismatches: 0 });
    expect(codec.compressMBps).toBeGreaterThan(0);
    expect(codec.compressToMemcpy).toBeCloseTo(codec.compressMBps / diagnosis.memcpyMBps);
  }
});

test("doctor says it to people within 100 columns", async () => {
  const { status, output } = await pagetier("doctor");
  expect(status).toBe(0);
  expect(output).toContain(`Node.js ${process.version}`);
  expect(output).toMatch(/lz4 .*wasm/);
});

test("without the bundled pages, which are not in the package, it makes some that compress like others", async () => {
  const { pages, source } = await samplePages("/nowhere/node-heap.pages.gz");
  expect(source).toMatch(/^generated/);
  expect(pages).toHaveLength(512);
  const ratio = (512 * 4096) / pages.reduce((sum, page) => sum + gzipSync(page).length, 0);
  expect(ratio).toBeGreaterThan(1.5);
  expect(ratio).toBeLessThan(6);
  expect(await samplePages("/nowhere/node-heap.pages.gz")).toEqual({ pages, source });
});
