// What a recipe may choose, and what Linux chose when: a generation gives the defaults of the keys below it.

import type { LimitRule } from "@pagetier/frames";

/** Versions of Linux whose behaviour can be asked for. Each stands for those around it (see README). */
export type Generation = "3.14" | "6.1" | "6.8" | "6.18";

/** What memory pressure spares. See pool-shrinker.ts. */
export type ShrinkerKind = "second-chance" | "protection";

export interface ZswapOptions {
  /** The version that gave the defaults; ours when left out. */
  readonly as?: Generation | undefined;
  /** Most frames that the pool may hold, in percent of the stack's memory, 1..100; default 20. */
  readonly maxPoolPercent: number;
  /** After the limit was hit, stores are refused until the pool has fallen to this percentage of it, 1..100; default 90. */
  readonly acceptThresholdPercent: number;
  readonly limit: LimitRule;
  /** Whether pages of one repeated 8-byte word are kept as that word; `"zero"`: only those of zeroes. */
  readonly sameFilledPages: boolean | "zero";
  /** Whether pages that do not compress are kept as they are. Otherwise they are refused. */
  readonly storeIncompressible: boolean;
  /** Whether a load removes the copy, so that no page is held twice. */
  readonly exclusiveLoads: boolean;
  /**
   * What a full pool does by itself; default `"writeback-lru"`. Under pressure (the shrinker, the core that sizes pools,
   * memory about to run out) a pool writes back in any case, except that one of clean copies drops them.
   * - `"writeback-lru"`: refuses, and writes the coldest pages back until the threshold.
   * - `"drop-clean"`: refuses, and drops copies that the device has too.
   * - `"refuse"`: refuses, and nothing else.
   */
  readonly poolFull: "writeback-lru" | "drop-clean" | "refuse";
  /**
   * What leaves first: the oldest entry, all of the frame to which nothing was added for longest, or any entry, which is
   * the control of experiments and no use otherwise.
   */
  readonly lru: "entry" | "frame" | "random";
  /** How much one refused store has written back: down to the threshold, or one entry or frame. */
  readonly drain: "threshold" | "unit";
  /** Whether memory pressure shrinks the pool below its limit, and what it spares; `true` is `"second-chance"`. */
  readonly shrinker: boolean | ShrinkerKind;
  /**
   * In which form pages are written back; default `"raw"`.
   * - `"raw"`: decompressed, a page to its slot.
   * - `"compressed"`: as they are stored, packed into records.
   * - `"recompressed"`: by the stronger `writebackCompressor`, packed into records.
   */
  readonly writeback: "raw" | "compressed" | "recompressed";
  /** Most records that come along into the pool when one is read back; 0: none. Default 8. */
  readonly readaheadPages: number;
}

/** A page as Linux' `vm.page-cluster` has it: 2^3. */
const READAHEAD_PAGES = 8;

export const ZSWAP_OPTIONS_DEFAULT: ZswapOptions = {
  maxPoolPercent: 20,
  acceptThresholdPercent: 90,
  limit: "6.18",
  sameFilledPages: true,
  storeIncompressible: true,
  exclusiveLoads: false,
  poolFull: "writeback-lru",
  lru: "entry",
  drain: "threshold",
  shrinker: false,
  writeback: "raw",
  readaheadPages: READAHEAD_PAGES,
};

const KEEPS_COPIES = { exclusiveLoads: false, storeIncompressible: false } as const;

const GENERATIONS: Readonly<Record<Generation, Partial<ZswapOptions>>> = {
  "3.14": { ...KEEPS_COPIES, limit: "3.14", sameFilledPages: false, lru: "frame", drain: "unit" },
  "6.1": { ...KEEPS_COPIES, limit: "6.1", sameFilledPages: true, lru: "frame", drain: "unit" },
  "6.8": { ...KEEPS_COPIES, limit: "6.1", sameFilledPages: true },
  "6.18": { limit: "6.18", sameFilledPages: "zero", storeIncompressible: true, exclusiveLoads: true },
};

/** Completes what was said with the defaults of the generation, and ours. */
export function completeOptions(said: Partial<ZswapOptions>): ZswapOptions {
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  const generation = said.as === undefined ? {} : GENERATIONS[said.as];
  const options: ZswapOptions = { ...ZSWAP_OPTIONS_DEFAULT, ...generation, ...given };
  if (options.shrinker !== true) return options;
  return { ...options, shrinker: said.as === "6.8" ? "protection" : "second-chance" };
}

/** Where zswap finds its options. (A tsyringe token.) */
export const ZSWAP_OPTIONS: unique symbol = Symbol.for("@pagetier/backend-zswap/ZswapOptions") as never;
