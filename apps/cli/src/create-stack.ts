import { fileURLToPath } from "node:url";
import { createStack as compose, type RecipeInput, type Stack, type StackOptions } from "@pagetier/stack";

/** Folder from which the bundled plugins are looked up: this package's. */
export const BUNDLED = fileURLToPath(new URL(".", import.meta.url));

/**
 * Makes a stack from a recipe: an object, a path to YAML or JSON, or a preset's name (default `zswap`). The plugins
 * bundled with this package are found from wherever the application lies.
 *
 * @throws TierError, see `createStack` of `@pagetier/stack`
 */
export function createStack(recipe?: string | RecipeInput, options: StackOptions = {}): Promise<Stack> {
  return compose(recipe, { ...options, fallbacks: [...(options.fallbacks ?? []), BUNDLED] });
}
