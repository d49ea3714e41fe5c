// zsmalloc: size classes over chained frames.
//
// The idea. Zpages are often larger than half a frame or a third of it, and then no allocator that keeps objects within
// a frame can do better than one or two per frame. zsmalloc chains p frames to a *zspage* and cuts the chain into slots
// regardless of where one frame ends: three slots of 2720 bytes in two frames. An object may therefore straddle two
// frames and is copied in and out instead of mapped. Slot sizes are 16 bytes apart; those that cost the same are merged
// (size-classes.ts). A request of n bytes takes a slot of n + 8: the handle's place, as in the kernel.
//
// Objects are named by handles, not addresses, so they can move: zspages are kept by fullness, allocation fills the
// fullest one that has room, and compaction moves objects from the emptiest zspages into the fullest until whole zspages
// are empty.
//
// Cost: O(1) per call; a zspage is made and dissolved whole. Per object 8 bytes of handle table and 4 of back reference,
// per zspage 12 bytes and 4 per frame; per frame another 4 to find the zspage.
//
// Trade-off. The densest of the five: the waste is a few per cent while nothing is freed. But a zspage gives no frame
// back before its last object is gone, so after random frees memory is held until `compact`; and freeing a whole group
// takes up to p frames' worth of objects. If pages must leave in order of age and in small numbers, zbud gives frames
// back more easily, at half the density.
//
// Source: Linux mm/zsmalloc.c, 6.1 and 6.18.

import { SlotPool } from "@pagetier/allocator";
import { PAGE_SIZE } from "@pagetier/base";
import type { PageFrames } from "@pagetier/frames";
import { HANDLE_BYTES, isHuge, sizeClasses, type ZsmallocFormula } from "./size-classes.js";

export interface ZsmallocOptions {
  /** Longest chain of frames, 1..16. Linux ≥ 6.3 has 8, before 4. */
  readonly chainPages: number;
  /** How the chain length of a class is chosen. */
  readonly classes: ZsmallocFormula;
}

/** Groups of fullness in tenths, beside the full ones. */
const FULLNESS_STEPS = 10;

/** A zsmalloc pool. */
export class ZsmallocPool extends SlotPool {
  /** @throws TierError ZPOOL_NO_MEMORY when the budget has no room for the fixed tables */
  constructor(frames: PageFrames, options: ZsmallocOptions) {
    super(frames, {
      type: "zsmalloc",
      maxSize: PAGE_SIZE,
      classes: sizeClasses(options.chainPages, options.classes).map((sizeClass) => ({
        ...sizeClass,
        headerBytes: isHuge(sizeClass) ? 0 : HANDLE_BYTES,
      })),
      fullnessSteps: FULLNESS_STEPS,
    });
  }

  /** Largest classes first: there a moved byte frees most. */
  override compact(budgetFrames: number): number {
    const before = this.totalFrames();
    const least = before - budgetFrames;
    for (let index = this.classCount - 1; index >= 0 && this.totalFrames() > least; index--) {
      this.#compactClass(index, least);
    }
    return before - this.totalFrames();
  }

  /** Frames that {@link compact} can free now. O(classes). */
  compactableFrames(): number {
    let frames = 0;
    for (let index = 0; index < this.classCount; index++) frames += this.freeableFrames(index);
    return frames;
  }

  /** @see Linux mm/zsmalloc.c, __zs_compact() */
  #compactClass(index: number, least: number): void {
    let target = 0;
    while (this.freeableFrames(index) > 0 && this.totalFrames() > least) {
      // A zspage's worth of free slots means two zspages with free slots: there is always a source beside the target.
      if (target === 0) target = this.unlinkFullest(index);
      target = this.migrate(this.unlinkEmptiest(index), target, index);
    }
    if (target !== 0) this.link(target, index);
  }
}
