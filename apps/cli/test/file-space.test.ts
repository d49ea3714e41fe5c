// A trace through the page cache: the pages are a file's, there before the trace begins.

import { expect, test } from "vitest";
import { BUNDLED_DISK, BUNDLED_PAGES, BUNDLED_TRACE } from "./command.js";
import { pagetier } from "./pool-command.js";
import { brokenIdentities } from "./report-identities.mjs";

const BUNDLED = ["--trace", BUNDLED_TRACE, "--pages", BUNDLED_PAGES, "--memory", "4MiB", "--limit", "30000"];
const run = (...options: string[]) => pagetier("run", "zswap", ...BUNDLED, "--space", "file", "--json", ...options);

test("the bundled workload of a disk: zcache serves from memory what zswap reads again, byte for byte", async () => {
  const workload = ["--trace", BUNDLED_DISK, "--pages", BUNDLED_PAGES, "--memory", "16MiB", "--limit", "40000"];
  const inputs = [...workload, "--space", "file", "--time", "virtual", "--json"];
  const ended = await Promise.all(["zswap", "zcache", "zcache"].map((recipe) => pagetier("run", recipe, ...inputs)));
  const [zswap, zcache] = ended.map(({ output }) => JSON.parse(output));
  expect(ended[1]!.output, "virtual time").toBe(ended[2]!.output);
  for (const run of [zswap, zcache]) {
    expect(brokenIdentities(run)).toEqual([]);
    expect(run).toMatchObject({ space: "file", accesses: 40_000, verified: 40_000, mismatches: 0 });
  }
  expect(zswap.faults.majorFrom.pool).toBe(0);
  expect(zcache.faults.majorFrom.pool).toBe(zcache.counters.cleancache.succ_gets);
  expect(zcache.faults.majorFrom.pool).toBeGreaterThan(500);
  expect(zcache.faults.majorFrom.store).toBeLessThan(zswap.faults.majorFrom.store);
  expect(zcache.elapsedMs).toBeLessThan(zswap.elapsedMs);
  const tier = zcache.tiers.find(({ hook }: { hook?: string }) => hook === "cleancache");
  expect(tier).toMatchObject({ name: "zcache", kind: "pool", pages: zcache.counters["zcache.cleancache"].eph_pages });
  expect(tier.pages).toBeGreaterThan(100);
});

test("a file space reads from its file, in real and in virtual time, and every byte is right", async () => {
  const [real, virtual, again] = await Promise.all([run(), run("--time", "virtual"), run("--time", "virtual")]);
  expect(virtual.output).toBe(again.output);
  for (const { output, status } of [real, virtual]) {
    expect(status).toBe(0);
    const report = JSON.parse(output);
    if (report.time === "real") expect(brokenIdentities(report)).toEqual([]);
    expect(report).toMatchObject({ space: "file", accesses: 30_000, verified: 30_000, mismatches: 0 });
    expect(report.reads + report.writes).toBe(30_000);
    expect(report.faults.majorFrom.store).toBeGreaterThan(0);
    expect(report.counters.mm.file_writes).toBeGreaterThan(0);
    expect(report.memory.peakBytes).toBeLessThanOrEqual(report.memory.budgetBytes);
  }
});

test("any other kind of space is refused by name", async () => {
  const { status, messages } = await pagetier("run", ...BUNDLED, "--space", "pipe");
  expect(status).toBe(2);
  expect(messages).toMatch(/anon, file/);
});
