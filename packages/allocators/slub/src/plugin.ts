import { type AllocatorPlugin, ZPOOL_CONTRACT } from "@pagetier/allocator";
import type { PluginNode } from "@pagetier/base";
import { z } from "zod";
import { type SlubOptions, SlubPool } from "./slub-pool.js";

/** Validates and completes the options of a recipe. */
export const SLUB_OPTIONS = z.strictObject({
  classBytes: z.int().min(16).max(512).multipleOf(16).default(64),
  cpus: z.int().min(1).max(1024).default(4),
});

/** slub as data. */
export const plugin: AllocatorPlugin<SlubOptions> = {
  family: "allocator",
  contract: ZPOOL_CONTRACT,
  name: "slub",
  summary: "Caches of odd sizes in slabs of up to eight pages: dense while it grows, sparse while it shrinks.",
  options: SLUB_OPTIONS,
  create: ({ frames }, options) => new SlubPool(frames, options),
};

/** Names slub in a recipe. */
export function slub(options: Partial<SlubOptions> = {}): PluginNode {
  return { use: "slub", ...options };
}
