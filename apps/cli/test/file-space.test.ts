// A trace through the page cache: the pages are a file's, there before the trace begins.

import { expect, test } from "vitest";
import { BUNDLED_PAGES, BUNDLED_TRACE } from "./command.js";
import { pagetier } from "./pool-command.js";

const BUNDLED = ["--trace", BUNDLED_TRACE, "--pages", BUNDLED_PAGES, "--memory", "4MiB", "--limit", "30000"];
const run = (...options: string[]) => pagetier("run", "zswap", ...BUNDLED, "--space", "file", "--json", ...options);

test("a file space reads from its file, in real and in virtual time, and every byte is right", async () => {
  const [real, virtual, again] = await Promise.all([run(), run("--time", "virtual"), run("--time", "virtual")]);
  expect(virtual.output).toBe(again.output);
  for (const { output, status } of [real, virtual]) {
    expect(status).toBe(0);
    const report = JSON.parse(output);
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
