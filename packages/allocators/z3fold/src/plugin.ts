import { type AllocatorPlugin, ZPOOL_CONTRACT } from "@pagetier/allocator";
import type { PluginNode } from "@pagetier/base";
import { z } from "zod";
import { Z3foldPool } from "./z3fold-pool.js";

/** z3fold has no options. */
export const Z3FOLD_OPTIONS = z.strictObject({});

/** z3fold as data. */
export const plugin: AllocatorPlugin<Record<string, never>> = {
  family: "allocator",
  contract: ZPOOL_CONTRACT,
  name: "z3fold",
  summary: "At most three zpages per frame; moves the middle one. Between zbud and zsmalloc.",
  options: Z3FOLD_OPTIONS,
  create: ({ frames }) => new Z3foldPool(frames),
};

/** Names z3fold in a recipe. */
export function z3fold(): PluginNode {
  return { use: "z3fold" };
}
