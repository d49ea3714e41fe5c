import { PAGE_SIZE } from "@pagetier/base";
import { expect, test } from "vitest";
import { NullCompressor, nullCompressor, plugin } from "../src/index.js";

test("answers the length itself, even for random bytes", () => {
  const codec = new NullCompressor();
  for (const length of [1, 13, PAGE_SIZE]) {
    codec.input.fill(length & 255);
    expect(codec.compress(length)).toBe(length);
    expect(codec.decompress(0, length)).toBe(length);
  }
});

test("the recipe node names the plugin", () => {
  expect(nullCompressor()).toEqual({ use: plugin.name });
  expect(plugin.create({}, {}).type).toBe(plugin.name);
});
