import { type AllocatorPlugin, ZPOOL_CONTRACT } from "@pagetier/allocator";
import type { PluginNode } from "@pagetier/base";
import { z } from "zod";
import { __Name__Pool } from "./__name__-pool.js";

const options = z.strictObject({});

export const plugin: AllocatorPlugin<z.output<typeof options>> = {
  family: "allocator",
  contract: ZPOOL_CONTRACT,
  name: "__name__",
  summary: "One frame per object.",
  options,
  create: ({ frames }) => new __Name__Pool(frames),
};

/** Names it in a recipe. */
export function __camel__(): PluginNode {
  return { use: "__name__" };
}
