import { type AllocatorPlugin, ZPOOL_CONTRACT } from "@pagetier/allocator";
import type { PluginNode } from "@pagetier/base";
import { z } from "zod";
import { ZbudPool } from "./zbud-pool.js";

/** zbud has no options. */
export const ZBUD_OPTIONS = z.strictObject({});

/** zbud as data. */
export const plugin: AllocatorPlugin<Record<string, never>> = {
  family: "allocator",
  contract: ZPOOL_CONTRACT,
  name: "zbud",
  summary: "At most two zpages per frame: sparse, but freeing two always gives a frame back.",
  options: ZBUD_OPTIONS,
  create: ({ frames }) => new ZbudPool(frames),
};

/** Names zbud in a recipe. */
export function zbud(): PluginNode {
  return { use: "zbud" };
}
