// Every combination of the choices that a recipe leaves open, as far as they go together.

import { TierError } from "@pagetier/base";
import { checkCombinations } from "../combinations.js";
import { parseRecipe, type RecipeInput } from "../recipe.js";

/** The choices of the design, by key. `undefined`: the recipe does not say. */
export interface Combination {
  readonly engine: "classic" | "shrinkers";
  readonly trigger: "hooks" | "shrinker" | "completion" | undefined;
  readonly write: "back" | "through" | undefined;
  readonly poolFull: "writeback-lru" | "refuse" | "drop-clean";
  readonly poolSizing: "mm" | "shrinker" | "both" | "fixed" | undefined;
  readonly swapSlots: "device" | "virtual";
}

const ENGINES = ["classic", "shrinkers"] as const;
const TRIGGERS = ["hooks", "shrinker", "completion", undefined] as const;
const WRITES = ["back", "through", undefined] as const;
const POOLS_FULL = ["writeback-lru", "refuse", "drop-clean"] as const;
const POOL_SIZINGS = ["mm", "shrinker", "both", "fixed", undefined] as const;
const SWAP_SLOTS = ["device", "virtual"] as const;

/**
 * The combinations that a stack of one backend and one swap store may have, always in the same order.
 *
 * A key that is left out counts only where no value stands for it: `hooks` is what a recipe means that names no
 * trigger, unless its engine knows no hooks.
 */
export function legalCombinations(): Combination[] {
  const legal: Combination[] = [];
  for (const engine of ENGINES)
    for (const trigger of TRIGGERS)
      for (const write of WRITES)
        for (const poolFull of POOLS_FULL)
          for (const poolSizing of POOL_SIZINGS)
            for (const swapSlots of SWAP_SLOTS) {
              const combination = { engine, trigger, write, poolFull, poolSizing, swapSlots };
              if (isOwn(combination) && isLegal(combination)) legal.push(combination);
            }
  return legal;
}

/** The combination as a recipe has it. */
export function recipeOf(combination: Combination): RecipeInput {
  const { engine, trigger, write, poolFull, poolSizing, swapSlots } = combination;
  return {
    swapSlots,
    ...(write === undefined ? {} : { write }),
    reclaim: {
      engine,
      poolFull,
      ...(trigger === undefined ? {} : { trigger }),
      ...(poolSizing === undefined ? {} : { poolSizing }),
    },
  };
}

/** The combination in a few words. */
export function nameOf({ engine, trigger, write, poolFull, poolSizing, swapSlots }: Combination): string {
  return [engine, trigger ?? "-", write ?? "-", poolFull, poolSizing ?? "-", swapSlots].join(" ");
}

/** Whether it differs from another combination in what it means. */
function isOwn({ engine, trigger, write }: Combination): boolean {
  if (trigger === undefined) return engine === "shrinkers" && write !== undefined;
  return (write === undefined) === (trigger === "completion");
}

function isLegal(combination: Combination): boolean {
  try {
    checkCombinations(parseRecipe({ ...recipeOf(combination), frontswap: "zswap", swap: "memory" }, "model"), "model");
    return true;
  } catch (error) {
    if (TierError.is(error, "RECIPE_CONFLICT")) return false;
    throw error;
  }
}
