// What every store says in the same words: which numbers are slots, and what becomes of those that are not.
import { formatSize, PAGE_SIZE, parseSize, TierError } from "@pagetier/base";

/** Highest slot that any store can have: its last byte is still an exact number. */
export const SLOT_MAX = 2 ** 41 - 1;

/** Whether `slot` is one of a store with `capacity` slots (which may be `Infinity`). */
export function isSlot(slot: number, capacity: number): boolean {
  return Number.isSafeInteger(slot) && slot >= 0 && slot < capacity && slot <= SLOT_MAX;
}

/** The status of a slot outside the store. */
export function badSlot(type: string, slot: number, capacity: number): TierError {
  const last = Math.min(capacity - 1, SLOT_MAX);
  return new TierError("STORE_BAD_SLOT", `store ${type} has no slot ${slot}; its slots are 0..${last}.`, {
    type,
    slot,
    capacity,
  });
}

/** The status of a slot of a call that came after `close`. */
export function storeClosed(type: string): TierError {
  return new TierError("STORE_CLOSED", `store ${type} is closed; open a new one.`, { type });
}

/** One and the same status for each of `count` slots. */
export function sameStatus<Status>(count: number, status: Status): Status[] {
  return new Array<Status>(count).fill(status);
}

/**
 * Reads a store's `size` option.
 *
 * @param size `"auto"` (grows as needed), or a size of at least one page; a part of a page is left unused
 * @returns slots; `Infinity` for `"auto"`
 * @throws TierError BAD_SIZE when it is no size, or none that a store can have
 */
export function slotsOfSize(size: string | number): number {
  if (size === "auto") return Number.POSITIVE_INFINITY;
  const bytes = parseSize(size, "size of a store");
  const slots = Math.floor(bytes / PAGE_SIZE);
  if (slots < 1) {
    throw new TierError(
      "BAD_SIZE",
      `size of a store is ${formatSize(bytes)}; write "auto" or at least one page (${PAGE_SIZE}).`,
      { size },
    );
  }
  return slots;
}
