import { createPrng, PAGE_SIZE } from "@pagetier/base";

/** A page that no other seed gives: a quarter of it random bytes, the rest zero, so that every codec shrinks it. */
export function makePage(seed: number): Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  const prng = createPrng(seed);
  for (let index = 0; index < PAGE_SIZE / 4; index++) page[index] = 1 + prng.below(255);
  return page;
}

/** What a buffer holds before it is filled: a byte that {@link makePage} never ends with. */
export function untouchedPage(): Uint8Array {
  return new Uint8Array(PAGE_SIZE).fill(0xee);
}
