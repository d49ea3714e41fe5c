// A swap slot in one word, as page tables and slot maps keep it: area (5 bits) and offset (26 bits), tagged by the top
// bit so that it cannot be taken for a frame number. The Linux counterpart is swp_entry_t.

import { assert, type Branded } from "@pagetier/base";

/** A slot of a swap area, tagged; {@link NO_SLOT} for none. */
export type SwapSlot = Branded<number, "@pagetier/mm/SwapSlot">;
export const NO_SLOT = 0 as SwapSlot;

const OFFSET_BITS = 26;
const TAG = 2 ** 31;

/** Areas that can be told apart. */
export const AREAS_MAX = 2 ** (31 - OFFSET_BITS);
/** Slots in one area; slot 0 is never given out (it is the header of a swap device). */
export const AREA_SLOTS_MAX = 2 ** OFFSET_BITS;

assert(AREAS_MAX === 32, "as many areas as Linux has swap types");

export function slotOf(area: number, offset: number): SwapSlot {
  return (TAG + area * AREA_SLOTS_MAX + offset) as SwapSlot;
}

export function areaOf(slot: SwapSlot): number {
  return (slot >>> OFFSET_BITS) & (AREAS_MAX - 1);
}

export function offsetOf(slot: SwapSlot): number {
  return slot & (AREA_SLOTS_MAX - 1);
}

/** Whether a word of a page table is a slot (and not a frame, and not empty). */
export function isSlot(word: number): word is SwapSlot {
  return word >= TAG;
}
