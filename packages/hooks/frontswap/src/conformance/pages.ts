import { createPrng, PAGE_SIZE, type Prng } from "@pagetier/base";

/** Page contents of the kinds that backends treat differently. The same seed gives the same bytes. */
export type PageKind = "zero" | "sameFilled" | "compressible" | "incompressible";

export const PAGE_KINDS: readonly PageKind[] = ["zero", "sameFilled", "compressible", "incompressible"];

/** Makes a page; two of a kind with different seeds differ (zero pages excepted). */
export function makePage(kind: PageKind, seed: number): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  const prng = createPrng(seed);
  if (kind === "sameFilled") new Uint32Array(page.buffer).fill(prng.u32() | 1);
  if (kind === "compressible") fillRandom(page, 256, prng);
  if (kind === "incompressible") fillRandom(page, PAGE_SIZE, prng);
  return page;
}

function fillRandom(page: Uint8Array, length: number, prng: Prng): void {
  for (let index = 0; index < length; index++) page[index] = 1 + prng.below(255);
}

/** A page whose bytes no page of {@link makePage} has at any place: what a buffer held before it was filled. */
export function untouchedPage(): Uint8Array {
  return new Uint8Array(PAGE_SIZE).fill(0xee);
}
