// Size classes: which slot size serves a request, and how many frames are chained to cut such slots from.
//
// Raw classes are 16 bytes apart. For each, the chain length is the p in 1..N that wastes least at the end of the
// group; what "least" means changed once (see ZsmallocFormula). Neighbouring classes whose groups have the same number
// of frames and slots cost the same, so they share one class, the largest of them.

import { PAGE_SIZE } from "@pagetier/base";

/**
 * How the chain length is chosen:
 * - `"kernel-6.18"` (Linux ≥ 6.3): the least waste in bytes; powers of two take one frame.
 * - `"kernel-6.1"` (Linux < 6.3): the highest used share, in whole per cent.
 */
export type ZsmallocFormula = "kernel-6.18" | "kernel-6.1";

/** One size class. */
export interface SizeClass {
  /** Bytes per slot, the handle included. */
  readonly size: number;
  /** Frames per zspage. */
  readonly frames: number;
  /** Slots per zspage. */
  readonly slots: number;
}

/** In front of each object the kernel keeps its handle. Huge objects, which have a frame for themselves, go without. */
export const HANDLE_BYTES = 8;
/** The smallest slot. */
export const SLOT_BYTES_MIN = 32;
/** Raw classes are this far apart: a page / 256. */
export const CLASS_DELTA = PAGE_SIZE / 256;
/** Raw classes: 255. */
export const RAW_CLASSES = Math.ceil((PAGE_SIZE - SLOT_BYTES_MIN) / CLASS_DELTA) + 1;

/**
 * Chooses how many frames to chain for slots of one size.
 *
 * @param size slot size in bytes, 32..PAGE_SIZE
 * @param framesMax longest chain, 1..16
 * @see Linux mm/zsmalloc.c, calculate_zspage_chain_size() (6.3 and later), get_pages_per_zspage() (before)
 */
export function chainFrames(size: number, framesMax: number, formula: ZsmallocFormula): number {
  return formula === "kernel-6.18" ? leastWaste(size, framesMax) : highestPercent(size, framesMax);
}

function leastWaste(size: number, framesMax: number): number {
  if ((size & (size - 1)) === 0) return 1;
  let best = 1;
  let bestWaste = Number.POSITIVE_INFINITY;
  for (let frames = 1; frames <= framesMax; frames++) {
    const waste = (frames * PAGE_SIZE) % size;
    if (waste >= bestWaste) continue;
    best = frames;
    bestWaste = waste;
  }
  return best;
}

function highestPercent(size: number, framesMax: number): number {
  let best = 1;
  let bestPercent = 0;
  for (let frames = 1; frames <= framesMax; frames++) {
    const bytes = frames * PAGE_SIZE;
    const percent = Math.floor((100 * (bytes - (bytes % size))) / bytes);
    if (percent <= bestPercent) continue;
    best = frames;
    bestPercent = percent;
  }
  return best;
}

/**
 * Lists the distinct classes, smallest first.
 *
 * @param framesMax longest chain, 1..16
 * @see Linux mm/zsmalloc.c, zs_create_pool()
 */
export function sizeClasses(framesMax: number, formula: ZsmallocFormula): SizeClass[] {
  const classes: SizeClass[] = [];
  for (let index = RAW_CLASSES - 1; index >= 0; index--) {
    const size = Math.min(SLOT_BYTES_MIN + index * CLASS_DELTA, PAGE_SIZE);
    const frames = chainFrames(size, framesMax, formula);
    const slots = Math.floor((frames * PAGE_SIZE) / size);
    const larger = classes.at(-1);
    if (larger?.frames !== frames || larger.slots !== slots) classes.push({ size, frames, slots });
  }
  return classes.reverse();
}

/** Whether objects of the class have a frame each, and so need no room for the handle beside them. */
export function isHuge(sizeClass: SizeClass): boolean {
  return sizeClass.frames === 1 && sizeClass.slots === 1;
}
