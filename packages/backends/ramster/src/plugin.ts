import type { PluginNode } from "@pagetier/base";
import { TMEM_BACKEND_CONTRACT, type TmemBackend, type TmemBackendPlugin } from "@pagetier/tmem";
import { z } from "zod";
import { RAMSTER_OPTIONS, RAMSTER_OPTIONS_DEFAULT, type RamsterOptions } from "./options.js";
import { Ramster } from "./ramster.js";

const defaults = RAMSTER_OPTIONS_DEFAULT;
const percent = (fallback: number) => z.number().min(1).max(100).default(fallback);

/** What a recipe may say of RAMster, beside its allocator, compressor and remote memory. */
export const RAMSTER_SCHEMA: z.ZodType<RamsterOptions> = z
  .strictObject({
    maxPoolPercent: percent(defaults.maxPoolPercent),
    remotifyStartPercent: percent(defaults.remotifyStartPercent),
    remotifyStopPercent: percent(defaults.remotifyStopPercent),
    remotify: z.enum(["both", "persistent", "ephemeral", "none"]).default(defaults.remotify),
    copies: z.int().min(1).max(16).default(defaults.copies),
    inFlightPagesMax: z.int().min(1).max(1024).default(defaults.inFlightPagesMax),
    fetchTimeoutMs: z.number().min(0).max(3_600_000).default(defaults.fetchTimeoutMs),
    repatriate: z.boolean().default(defaults.repatriate),
    repatriateMs: z.number().min(1).max(3_600_000).default(defaults.repatriateMs),
    sameFilledPages: z.boolean().default(defaults.sameFilledPages),
    storeIncompressible: z.boolean().default(defaults.storeIncompressible),
    exclusiveLoads: z.boolean().default(defaults.exclusiveLoads),
    activePagesOnly: z.boolean().default(defaults.activePagesOnly),
    poolFull: z.enum(["writeback-lru", "drop-clean", "refuse"]).default(defaults.poolFull),
    shrinker: z.boolean().default(defaults.shrinker),
  })
  .superRefine(({ remotifyStartPercent, remotifyStopPercent }, context) => {
    if (remotifyStopPercent < remotifyStartPercent) return;
    context.addIssue({
      code: "custom",
      path: ["remotifyStopPercent"],
      message: `it is ${remotifyStopPercent}, and pages begin to leave at ${remotifyStartPercent}; write less than that`,
    });
  });

export const plugin: TmemBackendPlugin<RamsterOptions> = {
  family: "tmem",
  contract: TMEM_BACKEND_CONTRACT,
  name: "ramster",
  summary: "A compressed pool for both hooks whose coldest pages go to other machines' memory, and come back.",
  options: RAMSTER_SCHEMA,
  positions: {
    allocator: { family: "allocator", default: "zsmalloc" },
    compressor: { family: "chooser", default: "lz4" },
    remote: { family: "remote", default: "redis" },
  },
  implementation: Ramster as new (...parameters: never[]) => TmemBackend,
  optionsToken: RAMSTER_OPTIONS,
};

/** What the factory takes: any option of RAMster, and its three parts by name or node. */
export interface RamsterNodeOptions extends Partial<RamsterOptions> {
  readonly allocator?: string | PluginNode;
  readonly compressor?: string | PluginNode;
  readonly remote?: string | PluginNode;
}

/** The recipe node of RAMster. */
export function ramster(options: RamsterNodeOptions = {}): PluginNode {
  return { use: "ramster", ...options };
}
