// The configuration that a stack runs with, as data: the recipe with every default filled in, every plugin's options completed.

import { formatSize } from "@pagetier/base";
import type { MmOptions } from "@pagetier/mm";
import type { Plan, PlannedNode } from "./plan.js";
import type { Recipe } from "./recipe.js";

/** Plain data, in the order of a recipe; what has no value is left out. */
export type Configuration = { readonly [key: string]: ConfigurationValue };
export type ConfigurationValue = string | number | boolean | null | readonly ConfigurationValue[] | Configuration;

/** Describes a stack by what it was composed from. */
export function configurationOf(recipe: Recipe, plan: Plan, mm: MmOptions): Configuration {
  const { reclaim, write } = recipe;
  return {
    memory: formatSize(recipe.memoryBytes),
    ...(plan.frontswap.length === 0 ? {} : { frontswap: plan.frontswap.map(nodeOf) }),
    ...(plan.cleancache === undefined ? {} : { cleancache: nodeOf(plan.cleancache) }),
    reclaim: {
      engine: mm.engine,
      trigger: mm.trigger,
      ...(mm.engine === "shrinkers" ? {} : { policy: nodeOf(plan.policy), swappiness: mm.swappiness }),
      ...known({
        poolFull: reclaim.poolFull,
        poolSizing: reclaim.poolSizing,
        seeks: mm.listSeeks,
        batch: mm.listBatch,
        waitForIo: mm.waitsForIo ? undefined : false,
      }),
    },
    write: write ?? "back",
    swapSlots: mm.swapSlots,
    pageCluster: mm.pageCluster,
    swap: plan.swap.map(({ node, priority, io }) => ({ ...nodeOf(node), ...known({ priority, io }) })),
    background: {
      kswapdStepPages: mm.kswapdStepPages,
      kswapdStepMs: mm.kswapdStepNs / 1e6,
      dirtyExpireMs: mm.dirtyExpireNs / 1e6,
      dirtyWritebackMs: mm.dirtyWritebackNs / 1e6,
      inFlightPagesMax: mm.inFlightPagesMax,
    },
  };
}

function nodeOf({ plugin, specifier, options, positions }: PlannedNode): Configuration {
  const bundled = specifier.startsWith("@pagetier/");
  return {
    use: plugin.name,
    ...(bundled ? {} : { from: specifier }),
    ...known(typeof options === "object" && options !== null ? { ...options } : {}),
    ...Object.fromEntries(Object.entries(positions).map(([position, node]) => [position, nodeOf(node)])),
  };
}

/** Only what is plain data: an option may be a function or any object, or left out. */
function known(values: Readonly<Record<string, unknown>>): Configuration {
  return plainObject(values, DEPTH_MAX);
}

/** Data nested deeper is left out, and so are circles. */
const DEPTH_MAX = 8;

function plainData(value: unknown, depth: number): ConfigurationValue | undefined {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean" || value === null)
    return value;
  if (typeof value !== "object" || depth === 0) return undefined;
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const data = plainData(item, depth - 1);
      return data === undefined ? [] : [data];
    });
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  return plainObject(value, depth - 1);
}

function plainObject(object: object, depth: number): Configuration {
  const plain: Record<string, ConfigurationValue> = {};
  for (const [key, value] of Object.entries(object)) {
    const data = plainData(value, depth);
    if (data !== undefined) plain[key] = data;
  }
  return plain;
}
