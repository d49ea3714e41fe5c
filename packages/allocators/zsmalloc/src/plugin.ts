import { type AllocatorPlugin, ZPOOL_CONTRACT } from "@pagetier/allocator";
import type { PluginNode } from "@pagetier/base";
import { z } from "zod";
import { type ZsmallocOptions, ZsmallocPool } from "./zsmalloc-pool.js";

/** Validates and completes the options of a recipe. */
export const ZSMALLOC_OPTIONS = z.strictObject({
  chainPages: z.int().min(1).max(16).default(8),
  classes: z.enum(["kernel-6.18", "kernel-6.1"]).default("kernel-6.18"),
});

/** zsmalloc as data. */
export const plugin: AllocatorPlugin<ZsmallocOptions> = {
  family: "allocator",
  contract: ZPOOL_CONTRACT,
  name: "zsmalloc",
  summary: "Size classes over chained frames: the densest; compacts. The default for swap.",
  options: ZSMALLOC_OPTIONS,
  create: ({ frames }, options) => new ZsmallocPool(frames, options),
};

/** Names zsmalloc in a recipe. */
export function zsmalloc(options: Partial<ZsmallocOptions> = {}): PluginNode {
  return { use: "zsmalloc", ...options };
}
