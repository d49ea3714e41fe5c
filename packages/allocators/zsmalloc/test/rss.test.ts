import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const CHILD = fileURLToPath(new URL("rss-child.mjs", import.meta.url));
// The child runs what is built: plain Node does not read TypeScript.
const BUILT = ["../dist/index.js", "../../../foundation/frames/dist/index.js"].every((path) =>
  existsSync(new URL(path, import.meta.url)),
);

interface Report {
  readonly stored: number;
  readonly before: number;
  readonly full: number;
  readonly compacted: number;
  readonly freed: number;
  readonly framesHeld: number;
}

test.skipIf(!BUILT)("memory goes back to the operating system (needs the build)", () => {
  const output = execFileSync(process.execPath, ["--expose-gc", CHILD], { encoding: "utf8" });
  const { stored, before, full, compacted, freed, framesHeld } = JSON.parse(output) as Report;
  const growth = full - before;
  expect(growth).toBeGreaterThan(stored);
  expect(full - compacted).toBeGreaterThanOrEqual(stored / 2);
  expect(full - freed).toBeGreaterThanOrEqual(0.95 * growth);
  expect(framesHeld).toBe(0);
});
