import { PAGE_SIZE } from "@pagetier/base";
import { expect, test } from "vitest";
import { PageSample, SAMPLE_BYTES } from "../src/index.js";
import { heapPages, letters, noise, text, WITHOUT_HEAP } from "./pages.js";

function sampled(page: Uint8Array): { distinct: number; fingerprint: number } {
  const sample = new PageSample();
  sample.take(page);
  return { distinct: sample.distinct, fingerprint: sample.fingerprint };
}

test("counts the values of what it looks at", () => {
  expect(sampled(new Uint8Array(PAGE_SIZE)).distinct).toBe(1);
  expect(sampled(new Uint8Array(PAGE_SIZE).map((_, index) => index >> 5)).distinct).toBe(SAMPLE_BYTES);
  expect(sampled(letters(1)).distinct).toBeLessThanOrEqual(64);
  expect(sampled(text(1)).distinct).toBeLessThan(30);
});

test("looks at each byte of a word and of a record equally often", () => {
  for (const period of [2, 4, 8, 16, 32]) {
    const page = new Uint8Array(PAGE_SIZE).map((_, index) => index % period);
    expect(sampled(page).distinct, `period ${period}`).toBe(period);
  }
});

test("random pages hold the default's values nearly always", () => {
  const raw = Array.from({ length: 400 }, (_, seed) => sampled(noise(seed)).distinct).filter((values) => values >= 92);
  expect(raw.length).toBeGreaterThan(380);
});

test.skipIf(WITHOUT_HEAP !== undefined)("no page of a heap does", () => {
  expect(Math.max(...heapPages(3).map((page) => sampled(page).distinct))).toBeLessThan(92);
});

test("a fingerprint is that of the page, whatever was sampled before", () => {
  const sample = new PageSample();
  const fingerprints = new Set<number>();
  for (let seed = 0; seed < 1000; seed++) {
    sample.take(noise(seed));
    expect(sample.fingerprint).toBe(sampled(noise(seed)).fingerprint);
    fingerprints.add(sample.fingerprint);
  }
  expect(fingerprints.size).toBe(1000);
});
