import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { createPrng, PAGE_SIZE } from "@pagetier/base";

/** Bytes without any regularity. */
export function noise(seed: number): Uint8Array {
  const prng = createPrng(seed);
  return Uint8Array.from({ length: PAGE_SIZE }, () => prng.below(256));
}

/** Random bytes of 64 values: three quarters of a page to an entropy coder, nothing to a codec of repetitions alone. */
export function letters(seed: number): Uint8Array {
  return noise(seed).map((byte) => 32 + (byte & 63));
}

/** Words of a small vocabulary. */
export function text(seed: number): Uint8Array {
  const words = ["page ", "frame ", "of ", "the ", "cold ", "store ", "tier ", "never ", "one ", "pool, "];
  const prng = createPrng(seed);
  let line = "";
  while (line.length < PAGE_SIZE) line += words[prng.below(words.length)];
  return new TextEncoder().encode(line).subarray(0, PAGE_SIZE);
}

/** A page that a codec of repetitions makes very short. */
export function sparse(seed: number): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  page.set(noise(seed).subarray(0, 100), 1000);
  return page;
}

const HEAP = new URL("../../../../data/node-heap.pages.gz", import.meta.url);

/** Why tests of real pages are skipped, or `undefined` when they are not. */
export const WITHOUT_HEAP = existsSync(HEAP) ? undefined : "data/node-heap.pages.gz is not here";

/** Every `step`th page of a Node.js heap. */
export function heapPages(step: number): Uint8Array[] {
  const bytes = gunzipSync(readFileSync(HEAP));
  return Array.from({ length: Math.floor(bytes.length / PAGE_SIZE / step) }, (_, index) =>
    bytes.subarray(index * step * PAGE_SIZE, (index * step + 1) * PAGE_SIZE),
  );
}

/** Pages of all kinds, mixed, some of them again and again. */
export function mixedPages(count: number, seed: number): Uint8Array[] {
  const prng = createPrng(seed);
  const kinds = [noise, letters, text, sparse, () => new Uint8Array(PAGE_SIZE)];
  return Array.from({ length: count }, () => kinds[prng.below(kinds.length)]!(prng.below(count / 4)));
}
