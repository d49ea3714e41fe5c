// kmalloc: general-purpose caches of a few sizes.
//
// The idea. The kernel's everyday allocator has one cache per power of two, and two sizes in between that proved worth
// it: 8, 16, 32, 64, 96, 128, 192, 256, … 4096. A frame is cut into slots of one size. It is what a tiering backend gets
// for nothing, and the baseline the dense allocators are measured against.
//
// Here a slab is one frame, so that a frame goes back with its last object; the kernel's slabs for the large caches
// have up to eight (see slub). Frames with free slots wait in one list per cache, newest first.
//
// Cost: O(1) per call. Per object 8 bytes of handle table and 4 of back reference, per frame 16 bytes and 4 to find it.
//
// Trade-off. Simple and fast, and poor for zpages: 2049 bytes take a whole frame, 1025 half of one; only what compresses
// below a half gains at all. Objects never move, as kmalloc's callers hold addresses: `compact` frees nothing.
//
// Source: Linux 6.18 mm/slab_common.c (kmalloc_info), mm/slub.c.

import { SlotPool } from "@pagetier/allocator";
import { PAGE_SIZE } from "@pagetier/base";
import type { PageFrames } from "@pagetier/frames";

/** Sizes of the caches that zpages can need, bytes. (The kernel goes on to 8192 and beyond; a zpage does not.) */
export const KMALLOC_SIZES: readonly number[] = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096];

/** A pool of kmalloc caches. */
export class KmallocPool extends SlotPool {
  /** @throws TierError ZPOOL_NO_MEMORY when the budget has no room for the fixed tables */
  constructor(frames: PageFrames) {
    super(frames, {
      type: "kmalloc",
      maxSize: PAGE_SIZE,
      classes: KMALLOC_SIZES.map((size) => ({
        size,
        frames: 1,
        slots: Math.floor(PAGE_SIZE / size),
        headerBytes: 0,
      })),
      fullnessSteps: 1,
    });
  }
}
