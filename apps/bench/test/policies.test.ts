import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const { policies } = (await import(
  new URL("../dist/suites/policies.js", import.meta.url).href
)) as typeof import("../src/suites/policies.js");

test("policies: every policy and every npm cache replays the trace, equal policies with equal misses", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pagetier-bench-"));
  try {
    const trace = join(folder, "skewed.txt");
    const keys = Array.from({ length: 5000 }, (_, index) => Math.floor(300 * ((index * 0.618034) % 1) ** 3));
    await writeFile(trace, keys.join("\n"));
    const rows = await policies.run({ pages: [], trace, rounds: 2 });
    const names = rows.map(({ name }) => name);
    for (const one of ["lru", "lru-cache", "mnemonist LRUMap"]) {
      const misses = (of: string) => /\((.*)\)/.exec(names.find((name) => name.startsWith(`${of} (`))!)![1];
      expect(misses(one)).toBe(misses("lru"));
    }
    expect(names).toEqual(
      expect.arrayContaining(["lru-cache", "mnemonist LRUMap"].map((peer) => `lru / ${peer}, best rounds`)),
    );
    for (const { name, value } of rows) expect(value, name).toBeGreaterThan(0);
  } finally {
    await rm(folder, { recursive: true });
  }
});
