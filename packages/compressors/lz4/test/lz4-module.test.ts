import { expect, test } from "vitest";
import { compileModule, moduleSource } from "../scripts/compile.mjs";
import { LZ4_MODULE } from "../src/lz4-module.wasm.js";

test("the committed module is what the pinned AssemblyScript makes of assembly/page-codec.ts", async () => {
  const bytes = await compileModule();
  expect(LZ4_MODULE).toBe(bytes.toString("base64"));
  expect(moduleSource(bytes)).toContain(LZ4_MODULE.slice(0, 100));
});
