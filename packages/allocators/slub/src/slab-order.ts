// How many pages a slab takes: enough for a fair number of objects, little enough to be had in one piece, and such that
// the end that fits no object is small.

import { PAGE_SIZE } from "@pagetier/base";

/** Slabs of more than 2^3 pages are not made. */
export const ORDER_MAX = 3;
/** Accepted shares of a slab to waste, tried one after the other: 1/16, 1/8, 1/4, 1/2. */
const WASTE_FRACTIONS: readonly number[] = [16, 8, 4, 2];

/** Objects that a slab should have room for: more processors, more objects. */
function objectsWanted(cpus: number): number {
  const lastBitSet = 32 - Math.clz32(cpus);
  return 4 * (lastBitSet + 1);
}

/**
 * Chooses the order of the slabs of one cache; a slab has 2^order pages.
 *
 * @param size object size in bytes, 8..PAGE_SIZE
 * @param cpus processors of the machine, 1 and more
 * @see Linux 6.18 mm/slub.c, calculate_order()
 */
export function slabOrder(size: number, cpus: number): number {
  const wanted = Math.min(objectsWanted(cpus), Math.floor((PAGE_SIZE << ORDER_MAX) / size));
  for (const fraction of WASTE_FRACTIONS) {
    for (let order = 0; order <= ORDER_MAX; order++) {
      const bytes = PAGE_SIZE << order;
      if (bytes >= wanted * size && bytes % size <= bytes / fraction) return order;
    }
  }
  return ORDER_MAX;
}
