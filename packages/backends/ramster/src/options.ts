/** What a recipe may choose, beside the allocator, the compressor and the remote memory. */
export interface RamsterOptions {
  /** Most frames that the local pool may hold, in percent of the stack's memory, 1..100; default 20. */
  readonly maxPoolPercent: number;
  /** Pages begin to leave for other machines when the pool holds this percentage of its limit, 1..100; default 80 … */
  readonly remotifyStartPercent: number;
  /** … and go on leaving until it holds this one, less than where they began; default 60. */
  readonly remotifyStopPercent: number;
  /** Which pages leave: those that must be kept, those that may be dropped, both, or none; default `"both"`. */
  readonly remotify: "both" | "persistent" | "ephemeral" | "none";
  /** Machines that must have a page that is to be kept before it counts as theirs, 1..16; default 1. */
  readonly copies: number;
  /** Pages on their way out at one time, 1..1024; default 64. */
  readonly inFlightPagesMax: number;
  /** Milliseconds for which a fault asks again for a page whose holder does not answer; default 10000. */
  readonly fetchTimeoutMs: number;
  /** Whether pages come home when memory is ample again; default true. */
  readonly repatriate: boolean;
  /** Milliseconds between two looks whether it is; default 5000, as Linux. */
  readonly repatriateMs: number;
  /** Whether pages of one repeated 32-bit word are kept as that word; default true. */
  readonly sameFilledPages: boolean;
  /** Whether pages that do not compress are kept as they are; default true. */
  readonly storeIncompressible: boolean;
  /** Whether a load removes the copy of a page that must be kept; default false. */
  readonly exclusiveLoads: boolean;
  /** Whether only file pages are kept that were used more than once (Linux' was-active filter); default true. */
  readonly activePagesOnly: boolean;
  /**
   * What becomes of pages that must be kept when no other machine takes them; default `"writeback-lru"`.
   * - `"writeback-lru"`: the coldest are written to the swap store.
   * - `"drop-clean"`: those that the swap store has too are dropped.
   * - `"refuse"`: they stay, and further ones are refused.
   */
  readonly poolFull: "writeback-lru" | "drop-clean" | "refuse";
  /** Whether memory pressure makes pages leave before the pool is full; default true. */
  readonly shrinker: boolean;
}

export const RAMSTER_OPTIONS_DEFAULT: RamsterOptions = {
  maxPoolPercent: 20,
  remotifyStartPercent: 80,
  remotifyStopPercent: 60,
  remotify: "both",
  copies: 1,
  inFlightPagesMax: 64,
  fetchTimeoutMs: 10_000,
  repatriate: true,
  repatriateMs: 5000,
  sameFilledPages: true,
  storeIncompressible: true,
  exclusiveLoads: false,
  activePagesOnly: true,
  poolFull: "writeback-lru",
  shrinker: true,
};

/** Where RAMster finds its options. (A tsyringe token.) */
export const RAMSTER_OPTIONS: unique symbol = Symbol.for("@pagetier/backend-ramster/RamsterOptions") as never;
