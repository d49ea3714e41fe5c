import type { Counters } from "@pagetier/base";

/** One place where pages are. */
export interface TierStats {
  readonly name: string;
  readonly kind: "memory" | "pool" | "store";
  /** Pages whose content lies here; a page may count in two tiers. */
  readonly pages: number;
  /** Frames of the budget that this tier holds. */
  readonly frames: number;
  /** Bytes of content: compressed lengths in a pool. */
  readonly bytes: number;
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
  readonly counters: Counters;
}
