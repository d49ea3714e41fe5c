import { expect, test } from "vitest";
import { nearMisses, suggestion } from "../src/near-misses.js";

test("names off by few letters are near, nearest first", () => {
  const check = (written: string, known: string[], near: string[]) => expect(nearMisses(written, known)).toEqual(near);
  check("zmalloc", ["zsmalloc", "kmalloc", "slub"], ["kmalloc", "zsmalloc"]);
  check("lz5", ["lz4", "lz4js", "zstd", "deflate"], ["lz4"]);
  check("LZ4", ["lz4", "zstd"], ["lz4"]);
  check("twolist", ["two-list", "lru"], ["two-list"]);
  check("list", ["two-list", "lru"], ["two-list"]);
  check("x", ["two-list", "lru"], []);
  check("lz4", [], []);
});

test("where nothing is near, everything is told", () => {
  expect(suggestion("lru", ["lru2"])).toBe("did you mean lru2?");
  expect(suggestion("belady", ["lru", "two-list"])).toBe("known are lru, two-list");
  expect(suggestion("belady", [])).toBe("");
});
