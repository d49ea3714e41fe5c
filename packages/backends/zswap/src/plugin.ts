import type { PluginNode } from "@pagetier/base";
import type { Frontswap, FrontswapPlugin } from "@pagetier/frontswap";
import { FRONTSWAP_CONTRACT } from "@pagetier/frontswap";
import { z } from "zod";
import { ZSWAP_OPTIONS, type ZswapOptions } from "./options.js";
import { Zswap } from "./zswap.js";

const percent = z.number().min(1).max(100).optional();

/** What a recipe may say of zswap, beside its parts. What it leaves out is the generation's or ours: `completeOptions`. */
export const ZSWAP_SCHEMA = z.strictObject({
  as: z.enum(["3.14", "6.1", "6.8", "6.18"]).optional(),
  maxPoolPercent: percent,
  acceptThresholdPercent: percent,
  limit: z.enum(["3.14", "6.1", "6.18"]).optional(),
  sameFilledPages: z.union([z.boolean(), z.literal("zero")]).optional(),
  storeIncompressible: z.boolean().optional(),
  exclusiveLoads: z.boolean().optional(),
  poolFull: z.enum(["writeback-lru", "drop-clean", "refuse"]).optional(),
  lru: z.enum(["entry", "frame", "random"]).optional(),
  drain: z.enum(["threshold", "unit"]).optional(),
  shrinker: z.union([z.boolean(), z.enum(["second-chance", "protection"])]).optional(),
  writeback: z.enum(["raw", "compressed", "recompressed"]).optional(),
  readaheadPages: z.int().min(0).max(64).optional(),
});

export const plugin: FrontswapPlugin<z.output<typeof ZSWAP_SCHEMA>> = {
  family: "frontswap",
  contract: FRONTSWAP_CONTRACT,
  name: "zswap",
  summary: "A compressed cache for swap pages, with a limit, hysteresis and write-back of the coldest pages.",
  options: ZSWAP_SCHEMA,
  positions: {
    allocator: { family: "allocator", default: "zsmalloc" },
    compressor: { family: "chooser", default: "lz4" },
    writebackCompressor: { family: "compressor", isOptional: true },
  },
  implementation: Zswap as new (...parameters: never[]) => Frontswap,
  optionsToken: ZSWAP_OPTIONS,
};

/** What the factory takes: any option of zswap, and its parts by name or node. */
export interface ZswapNodeOptions extends Partial<ZswapOptions> {
  readonly allocator?: string | PluginNode;
  readonly compressor?: string | PluginNode;
  /** The stronger codec of `writeback: "recompressed"`. */
  readonly writebackCompressor?: string | PluginNode;
}

/** The recipe node of zswap. */
export function zswap(options: ZswapNodeOptions = {}): PluginNode {
  return { use: "zswap", ...options };
}
