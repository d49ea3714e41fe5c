import type { PluginNode } from "@pagetier/base";
import { TMEM_BACKEND_CONTRACT, type TmemBackend, type TmemBackendPlugin } from "@pagetier/tmem";
import { z } from "zod";
import {
  EPHEMERAL_ZPOOL,
  EVICTION_ORDERS,
  ZCACHE_OPTIONS,
  ZCACHE_OPTIONS_DEFAULT,
  type ZcacheOptions,
} from "./options.js";
import { Zcache } from "./zcache.js";

const DEFAULTS = ZCACHE_OPTIONS_DEFAULT;
const percent = (least: number) => z.number().min(least).max(100);
const zpageBytes = z.int().min(1).max(4096);

/** What a recipe may say of zcache, beside its allocators and compressor. */
export const ZCACHE_SCHEMA: z.ZodType<ZcacheOptions> = z.strictObject({
  maxPoolPercent: percent(1).default(DEFAULTS.maxPoolPercent),
  maxEphemeralPercent: percent(0).default(DEFAULTS.maxEphemeralPercent),
  acceptThresholdPercent: percent(1).default(DEFAULTS.acceptThresholdPercent),
  order: z.enum(EVICTION_ORDERS).default(DEFAULTS.order),
  compaction: z.boolean().default(DEFAULTS.compaction),
  activeOnly: z.boolean().default(DEFAULTS.activeOnly),
  ephemeralBytesMax: zpageBytes.default(DEFAULTS.ephemeralBytesMax),
  persistentBytesMax: zpageBytes.default(DEFAULTS.persistentBytesMax),
  persistentMeanBytesMax: zpageBytes.default(DEFAULTS.persistentMeanBytesMax),
  sameFilledPages: z.boolean().default(DEFAULTS.sameFilledPages),
  exclusiveLoads: z.boolean().default(DEFAULTS.exclusiveLoads),
  poolFull: z.enum(["writeback-lru", "drop-clean", "refuse"]).default(DEFAULTS.poolFull),
  shrinker: z.boolean().default(DEFAULTS.shrinker),
});

export const plugin: TmemBackendPlugin<ZcacheOptions> = {
  family: "tmem",
  contract: TMEM_BACKEND_CONTRACT,
  name: "zcache",
  summary: "Swap pages and clean pages of files, compressed side by side; the latter give way to the former.",
  options: ZCACHE_SCHEMA,
  positions: {
    allocator: { family: "allocator", default: "zsmalloc" },
    ephemeralAllocator: { family: "allocator", sameAs: "allocator", token: EPHEMERAL_ZPOOL },
    compressor: { family: "chooser", default: "lz4" },
  },
  implementation: Zcache as new (...parameters: never[]) => TmemBackend,
  optionsToken: ZCACHE_OPTIONS,
};

/** What the factory takes: any option of zcache, and its parts by name or node. */
export interface ZcacheNodeOptions extends Partial<ZcacheOptions> {
  readonly allocator?: string | PluginNode;
  readonly ephemeralAllocator?: string | PluginNode;
  readonly compressor?: string | PluginNode;
}

/** The recipe node of zcache, for `frontswap`, `cleancache` or both. */
export function zcache(options: ZcacheNodeOptions = {}): PluginNode {
  return { use: "zcache", ...options };
}
