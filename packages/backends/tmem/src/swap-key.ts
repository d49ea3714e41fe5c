// Slots of a swap area as keys of tmem: the low bits of the offset choose one of 256 objects, the others are the index in it.
// In Linux that is for its locks (256 of them instead of one); here it makes the objects that are moved and flushed together
// small, and spread evenly over whatever they are dealt to.

const SWIZZLE_BITS = 8;

/** Objects that a swap area's pages are in: `swapOid(type, 0..SWAP_OBJECTS - 1)`. */
export const SWAP_OBJECTS = 1 << SWIZZLE_BITS;

/** The object of a slot. */
export function swapOid(type: number, offset: number): number {
  return type * SWAP_OBJECTS + (offset & (SWAP_OBJECTS - 1));
}

/** The index of a slot in its object. Not within a key's range when the offset is not: tmem refuses it then. */
export function swapIndex(offset: number): number {
  return Math.floor(offset / SWAP_OBJECTS);
}

export function swapTypeOf(oid: number): number {
  return Math.floor(oid / SWAP_OBJECTS);
}

export function swapOffsetOf(oid: number, index: number): number {
  return index * SWAP_OBJECTS + (oid % SWAP_OBJECTS);
}
