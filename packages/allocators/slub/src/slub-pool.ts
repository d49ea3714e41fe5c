// SLUB: dedicated caches of odd sizes in slabs of several pages.
//
// The idea. The kernel's slab allocator gives each kind of object a cache of its exact size; a slab of up to eight
// contiguous pages is cut into objects, which may cross page borders inside it, so that the waste at the end is small.
// Nobody makes a cache per size of zpage in earnest; this pool does, one every `classBytes`, to show what that would give.
// (The general caches of fixed sizes are kmalloc.)
//
// Slabs with free objects wait in one list per cache, newest first. In the kernel a slab is one contiguous block of
// 2^order pages; here it is as many frames, taken and given back together.
//
// Cost: O(1) per call. Per object 8 bytes of handle table and 4 of back reference, per slab 12 bytes and 8 per frame.
//
// Trade-off. While it only grows it is as dense as zsmalloc. Shrinking is the trouble: objects have addresses and never
// move, so one live zpage holds eight frames, random frees leave slabs half empty, and `compact` frees nothing. And in the
// kernel the eight contiguous pages are hardest to get just when memory is short, which is when pages are stored.
//
// Source: Linux 6.18 mm/slub.c.

import { type SlotClass, SlotPool } from "@pagetier/allocator";
import { PAGE_SIZE } from "@pagetier/base";
import type { PageFrames } from "@pagetier/frames";
import { slabOrder } from "./slab-order.js";

export interface SlubOptions {
  /** There is a cache every so many bytes: 16..512, a multiple of 16. */
  readonly classBytes: number;
  /** Processors of the machine whose slab sizes are taken, 1..1024. */
  readonly cpus: number;
}

const OBJECT_BYTES_MIN = 32;

/** A pool of slab caches. */
export class SlubPool extends SlotPool {
  /** @throws TierError ZPOOL_NO_MEMORY when the budget has no room for the fixed tables */
  constructor(frames: PageFrames, options: SlubOptions) {
    super(frames, { type: "slub", maxSize: PAGE_SIZE, classes: slabClasses(options), fullnessSteps: 1 });
  }
}

/** The caches of a pool, smallest first; the last is for whole pages. */
export function slabClasses({ classBytes, cpus }: SlubOptions): SlotClass[] {
  const classes: SlotClass[] = [];
  const smallest = Math.max(classBytes, OBJECT_BYTES_MIN);
  for (let size = smallest; ; size = Math.min(size + classBytes, PAGE_SIZE)) {
    const frames = 1 << slabOrder(size, cpus);
    classes.push({ size, frames, slots: Math.floor((frames * PAGE_SIZE) / size), headerBytes: 0 });
    if (size === PAGE_SIZE) return classes;
  }
}
