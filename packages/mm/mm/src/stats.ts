import type { Counters } from "@pagetier/base";

/** One place where pages are. */
export interface TierStats {
  readonly name: string;
  readonly kind: "memory" | "pool" | "store";
  /** Of a pool: swap pages, which stay, or clean pages of files, which may go. One backend may be both. */
  readonly hook?: "frontswap" | "cleancache";
  /** Pages whose content lies here; a page may count in two tiers. */
  readonly pages: number;
  /** Frames of the budget that this tier holds. */
  readonly frames: number;
  /** Bytes of content: compressed lengths in a pool. */
  readonly bytes: number;
}

/** A swap store that is on (Linux: a line of /proc/swaps). */
export interface SwapStats {
  /** By which it is turned off. */
  readonly name: string;
  /** Type of the store: `file`. */
  readonly store: string;
  readonly priority: number;
  readonly io: "now" | "async";
  /** Whether it is being turned off. */
  readonly draining: boolean;
  /** Slots that it has (`Infinity`: as many as wanted), that are taken, and whose content its device holds. */
  readonly slots: { readonly total: number; readonly used: number; readonly onDevice: number };
}

/** A snapshot of the core. */
export interface MmStats {
  /** Minor: first touch, no tier asked. Major: the content came from below. */
  readonly faults: {
    readonly minor: number;
    readonly major: number;
    readonly majorFrom: { readonly pool: number; readonly store: number; readonly remote: number };
  };
  readonly memory: {
    readonly budgetBytes: number;
    readonly usedBytes: number;
    readonly peakBytes: number;
    /** Page tables, slot maps, policy tables: outside the budget. */
    readonly addressingBytes: number;
    /** Frames by who took them. */
    readonly holders: Readonly<Record<string, number>>;
    /** Bytes of tables and buffers inside the budget. */
    readonly chargedBytes: number;
  };
  /** In the manner of PSI: milliseconds in which some access waited, and in which nothing else got done. */
  readonly stall: { readonly someMs: number; readonly fullMs: number };
  readonly tiers: readonly TierStats[];
  /** Swap stores, in the order in which they were turned on. */
  readonly swaps: readonly SwapStats[];
  readonly counters: Counters;
}
