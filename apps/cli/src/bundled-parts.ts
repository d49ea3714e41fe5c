import type { PluginNode } from "@pagetier/base";
import { listPlugins } from "@pagetier/stack";
import { BUNDLED } from "./create-stack.js";

/** Every plugin of a family that comes with this package and loads here, by name. */
export async function bundledNodes(family: string): Promise<PluginNode[]> {
  const found = await listPlugins({ fallbacks: [BUNDLED] });
  const prefix = `@pagetier/${family}-`;
  return found
    .filter(({ plugin, specifier }) => plugin.family === family && specifier.startsWith(prefix))
    .map(({ plugin }) => ({ use: plugin.name }));
}
