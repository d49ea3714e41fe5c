import type { BackingStore } from "@pagetier/store";

/** Pages that reclaim isolates, and writes, at a time (Linux: SWAP_CLUSTER_MAX). */
export const CLUSTER_PAGES = 32;
/** Gentlest reclaim: 1/4096 of the lists per pass (Linux: DEF_PRIORITY). */
export const PRIORITY_GENTLE = 12;
/** Rounds without progress before giving up (Linux: MAX_RECLAIM_RETRIES). */
export const RECLAIM_ROUNDS_MAX = 16;
/** Dirty file pages, in percent of the frames, above which the background writer starts (Linux: dirty_background_ratio). */
export const DIRTY_BACKGROUND_PERCENT = 10;
/** Dirty file pages, in percent of the frames, from which on writers wait (Linux: dirty_ratio). */
export const DIRTY_LIMIT_PERCENT = 20;

/** How the core behaves where a recipe may choose. */
export interface MmOptions {
  /** Pages that the background reclaimer scans before it lets others run; 1 or more. */
  readonly kswapdStepPages: number;
  /** Pages under write-out at one time, swap-out and write-back together; at least one cluster. */
  readonly inFlightPagesMax: number;
}

export const MM_OPTIONS_DEFAULT: MmOptions = { kswapdStepPages: CLUSTER_PAGES, inFlightPagesMax: 256 };

/** Where a composition root binds {@link MmOptions}. (A tsyringe token.) */
export const MM_OPTIONS: unique symbol = Symbol.for("@pagetier/mm/MmOptions") as never;

/** A store to swap to. */
export interface SwapStore {
  readonly store: BackingStore;
  /** Higher goes first; equal priorities are used in the order of the list. */
  readonly priority: number;
  /** `"now"` blocks instead of waiting, where the store can: for devices faster than a turn of the event loop. */
  readonly io: "now" | "async";
}

/** Where a composition root binds the list of {@link SwapStore}, which may be empty. (A tsyringe token.) */
export const SWAP_STORES: unique symbol = Symbol.for("@pagetier/mm/SwapStores") as never;
