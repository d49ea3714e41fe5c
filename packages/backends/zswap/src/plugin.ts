import type { PluginNode } from "@pagetier/base";
import type { Frontswap, FrontswapPlugin } from "@pagetier/frontswap";
import { FRONTSWAP_CONTRACT } from "@pagetier/frontswap";
import { z } from "zod";
import { ZSWAP_OPTIONS, ZSWAP_OPTIONS_DEFAULT, type ZswapOptions } from "./options.js";
import { Zswap } from "./zswap.js";

const percent = (fallback: number) => z.number().min(1).max(100).default(fallback);

/** What a recipe may say of zswap, beside its allocator and compressor. */
export const ZSWAP_SCHEMA: z.ZodType<ZswapOptions> = z.strictObject({
  maxPoolPercent: percent(ZSWAP_OPTIONS_DEFAULT.maxPoolPercent),
  acceptThresholdPercent: percent(ZSWAP_OPTIONS_DEFAULT.acceptThresholdPercent),
  sameFilledPages: z.boolean().default(ZSWAP_OPTIONS_DEFAULT.sameFilledPages),
  storeIncompressible: z.boolean().default(ZSWAP_OPTIONS_DEFAULT.storeIncompressible),
  exclusiveLoads: z.boolean().default(ZSWAP_OPTIONS_DEFAULT.exclusiveLoads),
  poolFull: z.enum(["writeback-lru", "drop-clean", "refuse"]).default(ZSWAP_OPTIONS_DEFAULT.poolFull),
  shrinker: z.boolean().default(ZSWAP_OPTIONS_DEFAULT.shrinker),
});

export const plugin: FrontswapPlugin<ZswapOptions> = {
  family: "frontswap",
  contract: FRONTSWAP_CONTRACT,
  name: "zswap",
  summary: "A compressed cache for swap pages, with a limit, hysteresis and write-back of the coldest pages.",
  options: ZSWAP_SCHEMA,
  positions: {
    allocator: { family: "allocator", default: "zsmalloc" },
    compressor: { family: "chooser", default: "lz4" },
  },
  implementation: Zswap as new (...parameters: never[]) => Frontswap,
  optionsToken: ZSWAP_OPTIONS,
};

/** What the factory takes: any option of zswap, and its two parts by name or node. */
export interface ZswapNodeOptions extends Partial<ZswapOptions> {
  readonly allocator?: string | PluginNode;
  readonly compressor?: string | PluginNode;
}

/** The recipe node of zswap. */
export function zswap(options: ZswapNodeOptions = {}): PluginNode {
  return { use: "zswap", ...options };
}
