import { type AllocatorPlugin, ZPOOL_CONTRACT } from "@pagetier/allocator";
import type { PluginNode } from "@pagetier/base";
import { z } from "zod";
import { KmallocPool } from "./kmalloc-pool.js";

/** kmalloc has no options. */
export const KMALLOC_OPTIONS = z.strictObject({});

/** kmalloc as data. */
export const plugin: AllocatorPlugin<Record<string, never>> = {
  family: "allocator",
  contract: ZPOOL_CONTRACT,
  name: "kmalloc",
  summary: "Power-of-two caches: simple and fast, the baseline; no gain above half a page.",
  options: KMALLOC_OPTIONS,
  create: ({ frames }) => new KmallocPool(frames),
};

/** Names kmalloc in a recipe. */
export function kmalloc(): PluginNode {
  return { use: "kmalloc" };
}
