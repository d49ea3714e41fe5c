import { type AllocatorPlugin, ZPOOL_CONTRACT } from "@pagetier/allocator";
import type { PluginNode } from "@pagetier/base";
import { z } from "zod";
import { type Z3foldOptions, Z3foldPool } from "./z3fold-pool.js";

/** Validates and completes the options of a recipe. */
export const Z3FOLD_OPTIONS = z.strictObject({
  cpus: z.int().min(1).max(64).default(1),
});

/** z3fold as data. */
export const plugin: AllocatorPlugin<Z3foldOptions> = {
  family: "allocator",
  contract: ZPOOL_CONTRACT,
  name: "z3fold",
  summary: "At most three zpages per frame; moves the middle one. Between zbud and zsmalloc.",
  options: Z3FOLD_OPTIONS,
  create: ({ frames }, options) => new Z3foldPool(frames, options),
};

/** Names z3fold in a recipe. */
export function z3fold(options: Partial<Z3foldOptions> = {}): PluginNode {
  return { use: "z3fold", ...options };
}
