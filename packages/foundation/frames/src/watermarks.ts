import { PAGE_SIZE } from "@pagetier/base";

/** Thresholds of free frames, min ≤ low ≤ high. Below low the background reclaimer starts, at high it stops; below min users wait. */
export interface Watermarks {
  readonly min: number;
  readonly low: number;
  readonly high: number;
}

const MIN_FREE_KIB_LEAST = 128;
const MIN_FREE_KIB_MOST = 262_144;

/**
 * Derives watermarks from the size of memory: min = sqrt(16 × KiB) KiB, clamped, the steps to low and high max(min / 4, 0.1 %).
 * Small budgets get less than Linux' floor of 128 KiB: never more than a sixteenth of the memory.
 *
 * @param totalFrames frames in the budget
 * @see Linux 6.18 mm/page_alloc.c, calculate_min_free_kbytes() and __setup_per_zone_wmarks()
 */
export function watermarksFor(totalFrames: number): Watermarks {
  const totalKib = (totalFrames * PAGE_SIZE) / 1024;
  const minKib = Math.min(Math.max(Math.sqrt(totalKib * 16), MIN_FREE_KIB_LEAST), MIN_FREE_KIB_MOST);
  const min = Math.max(1, Math.min(Math.floor((minKib * 1024) / PAGE_SIZE), Math.floor(totalFrames / 16)));
  const gap = Math.max(1, Math.floor(min / 4), Math.floor(totalFrames / 1000));
  return { min, low: min + gap, high: min + 2 * gap };
}
