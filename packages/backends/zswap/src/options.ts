/** What a recipe may choose. Defaults are those of Linux, except where said. */
export interface ZswapOptions {
  /** Most frames that the pool may hold, in percent of the stack's memory, 1..100; default 20. */
  readonly maxPoolPercent: number;
  /** After the limit was hit, stores are refused until the pool has fallen to this percentage of it, 1..100; default 90. */
  readonly acceptThresholdPercent: number;
  /** Whether pages of one repeated 8-byte word are kept as that word; default true (Linux 4.16 to 6.9). */
  readonly sameFilledPages: boolean;
  /** Whether pages that do not compress are kept as they are; default true (Linux 6.18). Otherwise they are refused. */
  readonly storeIncompressible: boolean;
  /** Whether a load removes the copy, so that no page is held twice; default false (Linux 6.5's option, the rule since 6.9). */
  readonly exclusiveLoads: boolean;
  /**
   * What a full pool does by itself; default `"writeback-lru"`. Under pressure (the shrinker, the core that sizes pools,
   * memory about to run out) a pool writes back in any case, except that one of clean copies drops them.
   * - `"writeback-lru"`: refuses, and writes the coldest pages back until the threshold.
   * - `"drop-clean"`: refuses, and drops copies that the device has too.
   * - `"refuse"`: refuses, and nothing else.
   */
  readonly poolFull: "writeback-lru" | "drop-clean" | "refuse";
  /** Whether memory pressure shrinks the pool below its limit; default false. */
  readonly shrinker: boolean;
}

export const ZSWAP_OPTIONS_DEFAULT: ZswapOptions = {
  maxPoolPercent: 20,
  acceptThresholdPercent: 90,
  sameFilledPages: true,
  storeIncompressible: true,
  exclusiveLoads: false,
  poolFull: "writeback-lru",
  shrinker: false,
};

/** Where zswap finds its options. (A tsyringe token.) */
export const ZSWAP_OPTIONS: unique symbol = Symbol.for("@pagetier/backend-zswap/ZswapOptions") as never;
