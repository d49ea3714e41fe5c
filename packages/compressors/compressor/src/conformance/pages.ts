import { createPrng, PAGE_SIZE } from "@pagetier/base";

/** Bytes that a page may begin with: a piece of text, long enough that no part of it repeats within a page. */
function prose(): Uint8Array {
  const words = [
    "page",
    "frame",
    "of",
    "the",
    "a",
    "swap",
    "cold",
    "store",
    "load",
    "tier",
    "is",
    "pool",
    "never",
    "one",
  ];
  const prng = createPrng(41);
  let text = "";
  while (text.length < PAGE_SIZE) text += `${words[prng.below(words.length)]}${prng.below(9) === 0 ? ".\n" : " "}`;
  return new TextEncoder().encode(text).subarray(0, PAGE_SIZE);
}

function page(byteAt: (index: number) => number): Uint8Array {
  return Uint8Array.from({ length: PAGE_SIZE }, (_, index) => byteAt(index));
}

/** Bytes without any regularity. */
export function randomBytes(length: number, seed: number): Uint8Array {
  const prng = createPrng(seed);
  return Uint8Array.from({ length }, () => prng.below(256));
}

/** Pages of the kinds that memory holds, and kinds that are awkward for codecs. */
export function samplePages(): Map<string, Uint8Array> {
  const noise = randomBytes(PAGE_SIZE, 1);
  const pages = new Map<string, Uint8Array>([
    ["zeros", page(() => 0)],
    ["ones", page(() => 255)],
    ["text", prose()],
    ["counting words", page((index) => (index % 4 === 0 ? (index >> 2) & 255 : index % 4 === 1 ? index >> 10 : 0))],
    ["pointers", page((index) => (index % 8 < 2 ? noise[index]! : index % 8 < 5 ? 0x7f : 0))],
    ["random", noise],
    ["random with few values", page((index) => noise[index]! & 3)],
    ["half random, half zero", page((index) => (index < PAGE_SIZE / 2 ? noise[index]! : 0))],
    ["zeros with a random end", page((index) => (index < PAGE_SIZE - 13 ? 0 : noise[index]!))],
    ["the first half again", page((index) => noise[index % (PAGE_SIZE / 2)]!)],
    ["one byte in the middle", page((index) => (index === PAGE_SIZE / 2 ? 1 : 0))],
    ["equal but for the last byte", page((index) => (index === PAGE_SIZE - 1 ? 7 : 9))],
  ]);
  for (const period of [2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 31, 64, 255, 1000]) {
    pages.set(
      `period ${period}`,
      page((index) => noise[index % period]!),
    );
  }
  return pages;
}

/** Lengths at the edges of formats and of pages. */
export const SAMPLE_LENGTHS = [1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 16, 17, 63, 64, 255, 270, 271, 1000, 2048, 4095, 4096];
