import { PAGE_SIZE } from "@pagetier/base";

/**
 * Whether a page is one repeated 8-byte word. The last word is looked at first: most pages end there.
 *
 * @see Linux 6.1 mm/zswap.c, zswap_is_page_same_filled()
 */
export function isSameFilled(words: Uint32Array): boolean {
  const low = words[0]!;
  const high = words[1]!;
  if (words[words.length - 2] !== low || words[words.length - 1] !== high) return false;
  for (let index = 2; index < words.length; index += 2)
    if (words[index] !== low || words[index + 1] !== high) return false;
  return true;
}

/** Fills a page with a repeated 8-byte word, by way of a page that is seen as words. */
export function fillSame(low: number, high: number, into: Uint8Array, words: Uint32Array, page: Uint8Array): void {
  if (low === high && low === Math.imul(low & 0xff, 0x01010101) >>> 0) {
    into.fill(low & 0xff, 0, PAGE_SIZE);
    return;
  }
  for (let index = 0; index < words.length; index += 2) {
    words[index] = low;
    words[index + 1] = high;
  }
  into.set(page);
}
