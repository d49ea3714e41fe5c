import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { createPlugin, FAMILIES } from "../src/create-plugin.mjs";

// Inside this package, so that what is laid finds the contracts that this package depends on.
const root = mkdtempSync(fileURLToPath(new URL("./tmp-", import.meta.url)));
afterAll(() => rmSync(root, { recursive: true }));

for (const family of Object.keys(FAMILIES)) {
  const files = createPlugin(root, family, "my-own2");
  const kit = files.find((file) => file.endsWith("my-own2.conformance.test.ts"));
  describe(`a new ${family}`, async () => {
    await import(/* @vite-ignore */ join(root, kit ?? ""));
  });
}

test("what is laid type-checks", () => {
  const config = {
    extends: "@pagetier/tsconfig/test.json",
    compilerOptions: { types: ["node"] },
    include: ["packages/*/*/src", "packages/*/*/test"],
  };
  writeFileSync(join(root, "tsconfig.json"), JSON.stringify(config));
  const tsc = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.json")], {
    encoding: "utf8",
  });
  expect(stdout).toBe("");
  expect(status).toBe(0);
});

test("names that are none, families that are none and plugins that exist are refused, and nothing is laid", () => {
  const empty = join(root, "empty");
  mkdirSync(empty);
  expect(() => createPlugin(empty, "toaster", "mine")).toThrow("choose one of allocator, compressor, store, policy");
  for (const name of ["Mine", "my_pool", "-x", "x-", "../x", ""]) {
    expect(() => createPlugin(empty, "allocator", name)).toThrow("is no plugin's name");
  }
  expect(existsSync(join(empty, "packages"))).toBe(false);
  expect(() => createPlugin(root, "store", "my-own2")).toThrow("exists already");
});
