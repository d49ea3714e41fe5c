export type { Configuration } from "./configuration.js";
export type { FileInput } from "./file-input.js";
export { suggestion } from "./near-misses.js";
export { issueText, keysOf } from "./option-issues.js";
export type { AnyPlugin } from "./plugin.js";
export { type FoundPlugin, PluginFinder, type PluginFinderOptions } from "./plugin-finder.js";
export {
  type NodeInput,
  parseRecipe,
  type Recipe,
  type RecipeInput,
  type SwapNode,
  type SwapNodeInput,
} from "./recipe.js";
export { findRecipe, type Preset, presets, type RecipeSource } from "./recipe-source.js";
export { modelled, type Simulation } from "./simulation.js";
export { createStack, listPlugins, type Stack, type StackOptions, type StackStats } from "./stack.js";
