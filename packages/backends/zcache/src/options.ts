import { EVICTION_ORDERS, type EvictionOrderName } from "./group-choice.js";

export { EVICTION_ORDERS, type EvictionOrderName };

/** What a recipe may choose. */
export interface ZcacheOptions {
  /** Most frames that both kinds of pages may hold together, in percent of the stack's memory, 1..100; default 50. */
  readonly maxPoolPercent: number;
  /** Most frames of ephemeral pages, in percent of that limit, 0..100; default 100. Persistent pages displace them in any case. */
  readonly maxEphemeralPercent: number;
  /** After persistent pages alone reached the limit, stores are refused until they have fallen to this percentage of it, 1..100; default 90. */
  readonly acceptThresholdPercent: number;
  /** Which pages go first when some must; default `"hybrid"`. See {@link EVICTION_ORDERS}. */
  readonly order: EvictionOrderName;
  /** Whether the pool is compacted before a page is thrown away; default true. */
  readonly compaction: boolean;
  /** Whether only clean pages that were on the active list are kept; default false (Linux' zcache: true). */
  readonly activeOnly: boolean;
  /** Longest zpage that is kept of a clean page, in bytes, 1..4096; default 4000. 4096 keeps pages that do not compress. */
  readonly ephemeralBytesMax: number;
  /** Longest zpage that is kept of a swapped page, in bytes, 1..4096; default 3584, 7/8 of a page. */
  readonly persistentBytesMax: number;
  /** A longer zpage of a swapped page is kept only while those stored are shorter on average, in bytes, 1..4096; default 2560, 5/8 of a page. */
  readonly persistentMeanBytesMax: number;
  /** Whether pages of one repeated 4-byte word are kept as that word; default true. */
  readonly sameFilledPages: boolean;
  /** Whether a load from swap takes the copy out, so that no page is held twice; default true (Linux' zcache since 3.9). */
  readonly exclusiveLoads: boolean;
  /**
   * What is done when persistent pages fill the pool; default `"writeback-lru"`.
   * - `"writeback-lru"`: refuses, and writes pages back until the threshold, in the order of `order`.
   * - `"drop-clean"`: refuses, and drops copies that the device has too.
   * - `"refuse"`: refuses, and nothing else.
   */
  readonly poolFull: "writeback-lru" | "drop-clean" | "refuse";
  /** Whether memory pressure sends persistent pages on too; default false. Ephemeral ones always give way. */
  readonly shrinker: boolean;
}

export const ZCACHE_OPTIONS_DEFAULT: ZcacheOptions = {
  maxPoolPercent: 50,
  maxEphemeralPercent: 100,
  acceptThresholdPercent: 90,
  order: "hybrid",
  compaction: true,
  activeOnly: false,
  ephemeralBytesMax: 4000,
  persistentBytesMax: 3584,
  persistentMeanBytesMax: 2560,
  sameFilledPages: true,
  exclusiveLoads: true,
  poolFull: "writeback-lru",
  shrinker: false,
};

/** Where zcache finds its options. (A tsyringe token.) */
export const ZCACHE_OPTIONS: unique symbol = Symbol.for("@pagetier/backend-zcache/ZcacheOptions") as never;
/** Where zcache finds the pool of its ephemeral pages; that of the persistent ones is `ZPOOL`. (A tsyringe token.) */
export const EPHEMERAL_ZPOOL: unique symbol = Symbol.for("@pagetier/backend-zcache/EphemeralZpool") as never;
