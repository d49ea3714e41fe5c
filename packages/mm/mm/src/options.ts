import type { BackingStore } from "@pagetier/store";
import type { MmObserver } from "./observer.js";
import { SWAPPINESS_DEFAULT } from "./scan-balance.js";

/** Pages that reclaim isolates, and writes, at a time (Linux: SWAP_CLUSTER_MAX). */
export const CLUSTER_PAGES = 32;
/** Gentlest reclaim: 1/4096 of the lists per pass (Linux: DEF_PRIORITY). */
export const PRIORITY_GENTLE = 12;
/** Rounds without progress before giving up (Linux: MAX_RECLAIM_RETRIES). */
export const RECLAIM_ROUNDS_MAX = 16;
/** Eight pages: as Linux has it where memory is not tiny. A window that does not pay shrinks by itself. */
export const PAGE_CLUSTER_DEFAULT = 3;
/** 32 pages, no more than are written at a time (Linux: SWAP_RA_ORDER_CEILING). */
export const PAGE_CLUSTER_MAX = 5;
/** Dirty file pages, in percent of the frames, above which the background writer starts (Linux: dirty_background_ratio). */
export const DIRTY_BACKGROUND_PERCENT = 10;
/** Dirty file pages, in percent of the frames, from which on writers wait (Linux: dirty_ratio). */
export const DIRTY_LIMIT_PERCENT = 20;

/** How the core behaves where a recipe may choose. */
export interface MmOptions {
  /** What scans the page lists: the classic loop, or shrinkers alone. */
  readonly engine: "classic" | "shrinkers";
  /** What moves an anonymous page into a pool: the loop as it evicts, a shrinker, or the page's completed write. */
  readonly trigger: "hooks" | "shrinker" | "completion";
  /** Whether a page takes a place on a device with its slot, or when it is written there. */
  readonly swapSlots: "device" | "virtual";
  /** Most pages of a device that one swap-in reads, as a power of two; 0: only the one that is wanted (Linux: vm.page-cluster). */
  readonly pageCluster: number;
  /** Whether MM sizes the pools: sends the coldest zpages down in proportion to what it sends into them. */
  readonly sizesPools: boolean;
  /** Preference of anonymous pages over pages of files when memory is short, 0..200; 100: their I/O costs the same. */
  readonly swappiness: number;
  /** Of lists that are shrinkers: cost of getting a page back in disk seeks, and pages per scan call. Left out: the registry's defaults. */
  readonly listSeeks?: number | undefined;
  readonly listBatch?: number | undefined;
  /**
   * Whether reclaim waits for I/O under way before it presses harder. Without it, pages that are on their way out count as pages
   * that do not leave: the control that shows what waiting is for.
   */
  readonly waitsForIo: boolean;
  /** Pages that the background reclaimer gives up before it lets others run; 1 or more. */
  readonly kswapdStepPages: number;
  /** Nanoseconds after which it, and reclaim of any other kind, lets others run. One page more may be begun before that. */
  readonly kswapdStepNs: number;
  /** Nanoseconds for which a page of a file may be dirty before it is written back (Linux: dirty_expire_centisecs). */
  readonly dirtyExpireNs: number;
  /** Nanoseconds between looks for such pages; 0: there are none (Linux: dirty_writeback_centisecs). */
  readonly dirtyWritebackNs: number;
  /** Pages under write-out at one time, swap-out and write-back together; at least one cluster. */
  readonly inFlightPagesMax: number;
  /** Is told what the core decides. */
  readonly observer?: MmObserver | undefined;
}

export const MM_OPTIONS_DEFAULT: MmOptions = {
  engine: "classic",
  trigger: "hooks",
  swapSlots: "device",
  pageCluster: PAGE_CLUSTER_DEFAULT,
  sizesPools: false,
  swappiness: SWAPPINESS_DEFAULT,
  waitsForIo: true,
  kswapdStepPages: CLUSTER_PAGES,
  kswapdStepNs: 2_000_000,
  dirtyExpireNs: 30e9,
  dirtyWritebackNs: 5e9,
  inFlightPagesMax: 256,
};

/** Where a composition root binds {@link MmOptions}. (A tsyringe token.) */
export const MM_OPTIONS: unique symbol = Symbol.for("@pagetier/mm/MmOptions") as never;

/** A store to swap to. */
export interface SwapStore {
  readonly store: BackingStore;
  /** By which it is shown and turned off. Left out: the store's type, numbered where that is taken. */
  readonly name?: string | undefined;
  /**
   * Higher goes first; equal ones take turns, a cluster each. Left out: one lower than that of the one before which left it
   * out, -2 being the first, as in Linux.
   */
  readonly priority?: number | undefined;
  /** `"now"` blocks instead of waiting, where the store can: for devices faster than a turn of the event loop. */
  readonly io: "now" | "async";
}

/** A swap store with what it did not say for itself. */
export interface NamedSwap extends SwapStore {
  readonly name: string;
  readonly priority: number;
}

/** Where a composition root binds the list of {@link SwapStore}, which may be empty. (A tsyringe token.) */
export const SWAP_STORES: unique symbol = Symbol.for("@pagetier/mm/SwapStores") as never;

/** Where a composition root finds the order of pages of files; `POLICY` is that of anonymous pages. (A tsyringe token.) */
export const FILE_POLICY: unique symbol = Symbol.for("@pagetier/mm/FilePolicy") as never;
