import { expect, test } from "vitest";
import { RefusedPages } from "../src/refused-pages.js";

test("remembers a fingerprint until its time is over", () => {
  const refused = new RefusedPages(8, 10);
  expect(refused.has(5, 1)).toBe(false);
  refused.add(5, 1);
  expect(refused.has(5, 2)).toBe(true);
  expect(refused.has(13, 2), "another one in the same place").toBe(false);
  expect(refused.has(5, 11)).toBe(true);
  expect(refused.has(5, 12), "asking does not make it younger").toBe(false);
  refused.add(5, 12);
  expect(refused.has(5, 13)).toBe(true);
});

test("a fingerprint takes the place of another", () => {
  const refused = new RefusedPages(8, 10);
  refused.add(5, 1);
  refused.add(13, 2);
  expect([refused.has(5, 3), refused.has(13, 3)]).toEqual([false, true]);
});

test("the fingerprint 0 is one like any other", () => {
  const refused = new RefusedPages(1, 10);
  expect(refused.has(0, 1)).toBe(false);
  refused.add(0, 1);
  expect(refused.has(0, 2)).toBe(true);
});

test("with no room it remembers nothing", () => {
  const refused = new RefusedPages(0, 10);
  refused.add(5, 1);
  expect(refused.has(5, 2)).toBe(false);
  expect(refused.memoryBytes).toBe(0);
});

test("takes 8 bytes each, and keeps counting beyond 2^32 pages", () => {
  const refused = new RefusedPages(16, 10);
  expect(refused.memoryBytes).toBe(128);
  refused.add(3, 2 ** 32 - 2);
  expect(refused.has(3, 2 ** 32 + 2)).toBe(true);
  expect(refused.has(3, 2 ** 32 + 20)).toBe(false);
});
