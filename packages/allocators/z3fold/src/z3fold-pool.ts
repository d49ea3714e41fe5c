// z3fold: at most three zpages per frame.
//
// The idea. As zbud, with a third place between FIRST and LAST: MIDDLE, which begins where FIRST ended when it was put
// there. Sizes count in chunks of 64 bytes. Frames wait in lists by the largest object they can still take; a new object
// goes to the tightest that fits. A zpage above 3968 bytes gets a whole frame, without header.
//
// When FIRST or LAST is freed, MIDDLE is in the way: the room before and after it is two holes. So after a free it moves:
// alone in its frame it becomes FIRST; beside one neighbour it moves up to it, if that joins at least three chunks.
// `compact` goes further: it moves the only object of a frame into another frame's hole.
//
// Cost: O(1) per call, plus a move of at most one object per free. Per object 8 bytes of handle table, per frame 32 bytes
// and 4 to find it.
//
// Trade-off. Up to three zpages per frame, so denser than zbud where pages compress below a third; still each object stays
// within a frame, so anything above half a frame has it alone. Freeing at most three zpages gives a frame back.
//
// In the kernel every processor has lists of its own: frames that one processor began are filled by others only with an
// object of exactly the free chunks, so a pool that many processors write to is a little less dense. The option `cpus`
// imitates that for comparisons: stores wander from set to set.
//
// Source: Linux 6.1 mm/z3fold.c. The kernel moves MIDDLE in a worker some time after the free, and single objects as well;
// here the first happens at once and the second when `compact` is called.

import {
  type Buddy,
  BuddyPool,
  CHUNKS,
  chunksOf,
  FIRST,
  FULL_LIST,
  type Handle,
  HEADER_CHUNKS,
  LAST,
  MIDDLE,
  middleStart,
  type Shape,
  TOTAL_CHUNKS,
} from "@pagetier/allocator";
import { PAGE_SIZE } from "@pagetier/base";
import type { PageFrames } from "@pagetier/frames";

/** MIDDLE moves only if that joins at least so many free chunks. */
const GAP_CHUNKS_MIN = 3;

/**
 * Objects stored before the next processor's turn, where `cpus` is above 1. Fitted: with two processors it gives the pool
 * sizes measured on a kernel to within 0.4 %.
 */
const STORES_PER_TURN = 1024;

export interface Z3foldOptions {
  /** Processors that stores come from in turn, each with lists of its own; 1 is densest. 1..64. */
  readonly cpus: number;
}

/** A z3fold pool. */
export class Z3foldPool extends BuddyPool {
  readonly #cpus: number;
  #stores = 0;

  /** @throws TierError ZPOOL_NO_MEMORY when the budget has no room for the buffers */
  constructor(frames: PageFrames, { cpus }: Z3foldOptions) {
    super(frames, { type: "z3fold", maxSize: PAGE_SIZE, listSets: cpus });
    this.#cpus = cpus;
  }

  override malloc(size: number): Handle {
    if (this.#cpus > 1) this.useLists(Math.floor(this.#stores++ / STORES_PER_TURN) % this.#cpus);
    return super.malloc(size);
  }

  /** Moves frames' only objects into holes of other frames, beginning with the emptiest frames. */
  override compact(budgetFrames: number): number {
    let freed = 0;
    for (let list = CHUNKS - 1; list > 0 && freed < budgetFrames; list--) {
      for (let set = 0; set < this.#cpus && freed < budgetFrames; set++) {
        freed += this.#compactList(set, list, budgetFrames - freed);
      }
    }
    return freed;
  }

  protected override buddyFor(shape: Shape, chunks: number): Buddy {
    const noFirst = chunksOf(shape, FIRST) === 0;
    if (chunksOf(shape, MIDDLE) > 0) return noFirst && chunks <= gapBefore(shape) ? FIRST : LAST;
    if (noFirst) return FIRST;
    return chunksOf(shape, LAST) === 0 ? LAST : MIDDLE;
  }

  protected override listFor(shape: Shape): number {
    const first = chunksOf(shape, FIRST);
    const middle = chunksOf(shape, MIDDLE);
    const last = chunksOf(shape, LAST);
    if (middle === 0) return CHUNKS - first - last;
    if (first > 0 && last > 0) return FULL_LIST;
    return Math.max(first > 0 ? 0 : gapBefore(shape), last > 0 ? 0 : gapAfter(shape));
  }

  protected override tidy(page: number): void {
    const shape = this.shapeOf(page);
    const middle = chunksOf(shape, MIDDLE);
    if (middle === 0) return;
    const first = chunksOf(shape, FIRST);
    const last = chunksOf(shape, LAST);
    if (first === 0 && last === 0) {
      this.slideMiddle(page, HEADER_CHUNKS);
      this.renameMiddle(page);
    } else if (last === 0) {
      const start = HEADER_CHUNKS + first;
      if (middleStart(shape) - start >= GAP_CHUNKS_MIN) this.slideMiddle(page, start);
    } else if (first === 0) {
      const start = TOTAL_CHUNKS - last - middle;
      if (start - middleStart(shape) >= GAP_CHUNKS_MIN) this.slideMiddle(page, start);
    }
  }

  /** Moves single objects away from the pages of one list. @returns frames freed */
  #compactList(set: number, list: number, budgetFrames: number): number {
    let freed = 0;
    for (let page = this.headOf(set, list), next = 0; page !== 0 && freed < budgetFrames; page = next) {
      next = this.nextOf(page);
      const chunks = onlyObject(this.shapeOf(page));
      if (chunks === 0) continue;
      this.unlink(page);
      let target = 0;
      for (let each = 0; target === 0 && each < this.#cpus; each++) target = this.unlinkFittingOf(each, chunks);
      if (target === 0) {
        this.link(page);
        break; // The other single objects of this list are as large.
      }
      this.moveOut(page, target);
      this.link(target);
      freed++;
      if (target === next) next = this.headOf(set, list); // It may have left this list.
    }
    return freed;
  }
}

/** Chunks of the object that is alone in its frame; 0 when there are more. */
function onlyObject(shape: Shape): number {
  const first = chunksOf(shape, FIRST);
  const middle = chunksOf(shape, MIDDLE);
  const last = chunksOf(shape, LAST);
  const most = Math.max(first, middle, last);
  return first + middle + last === most ? most : 0;
}

/** Free chunks between header and MIDDLE when there is no FIRST. */
function gapBefore(shape: Shape): number {
  return middleStart(shape) - HEADER_CHUNKS;
}

/** Free chunks between MIDDLE and the frame's end when there is no LAST. */
function gapAfter(shape: Shape): number {
  return TOTAL_CHUNKS - middleStart(shape) - chunksOf(shape, MIDDLE);
}
