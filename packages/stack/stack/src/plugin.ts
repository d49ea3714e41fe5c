import type { InjectedPluginDescriptor, PluginDescriptor, PluginOptionsSchema } from "@pagetier/base";
import { FAMILY_NAMES } from "./families.js";

/** A plugin of any family, as the composition root sees it: what it makes and needs is settled by its family. */
export type AnyPlugin = PluginDescriptor<never, unknown, unknown> | InjectedPluginDescriptor<unknown, unknown>;

/** Tells the two kinds apart. */
export function isInjected(plugin: AnyPlugin): plugin is InjectedPluginDescriptor<unknown, unknown> {
  return "implementation" in plugin;
}

/**
 * Finds out why a value is no plugin descriptor.
 *
 * @returns what is missing, e.g. `no options schema`; `undefined` when it is one
 */
export function descriptorFault(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "it is no object";
  const plugin = value as Readonly<Record<string, unknown>>;
  if (typeof plugin.family !== "string") return `it names no family (${FAMILY_NAMES.join(", ")})`;
  if (typeof plugin.contract !== "number") return "it states no contract version";
  if (typeof plugin.name !== "string") return "it has no name";
  if (!isSchema(plugin.options)) return "its options are no Standard Schema";
  if (typeof plugin.create === "function") return undefined;
  if (typeof plugin.implementation !== "function") return "it has neither create nor implementation";
  return typeof plugin.optionsToken === "symbol" ? undefined : "its implementation has no optionsToken";
}

function isSchema(value: unknown): value is PluginOptionsSchema<unknown> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null || !("~standard" in value))
    return false;
  const standard = value["~standard"];
  return typeof standard === "object" && standard !== null && "validate" in standard;
}
