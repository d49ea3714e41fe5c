// What a plugin's options are, from what its schema says of itself (Standard JSON Schema, which zod and others speak).

import type { AnyPlugin } from "@pagetier/stack";

/** One option, as people read it. */
export interface PluginOption {
  readonly name: string;
  readonly type: string;
  /** As a recipe would write it; `undefined`: there is none, or the plugin itself chooses. */
  readonly default: string | undefined;
  /** What is accepted beyond the type; empty: all of it. */
  readonly range: string;
}

/** The part of JSON Schema that options are described with. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** Options of a plugin, positions for other plugins last; `undefined` when its schema does not tell. */
export function optionsOf(plugin: AnyPlugin): PluginOption[] | undefined {
  const schema = schemaOf(plugin);
  if (schema === undefined) return undefined;
  const own = Object.entries(schema.properties ?? {}).map(
    ([name, option]): PluginOption => ({
      name,
      type: typeOf(option),
      default: option.default === undefined ? undefined : textOf(option.default),
      range: rangeOf(option),
    }),
  );
  const positions = Object.entries(plugin.positions ?? {}).map(
    ([name, position]): PluginOption => ({
      name,
      type: "plugin",
      default: typeof position.default === "object" ? position.default.use : position.default,
      range: `of the family ${position.family}`,
    }),
  );
  return [...own, ...positions];
}

function schemaOf(plugin: AnyPlugin): Schema | undefined {
  const standard = plugin.options["~standard"] as {
    readonly jsonSchema?: { input(options: { readonly target: string }): unknown };
  };
  try {
    return standard.jsonSchema?.input({ target: "draft-2020-12" }) as Schema | undefined;
  } catch {
    return undefined; // Something in it has no counterpart in JSON.
  }
}

function typeOf({ type, items, enum: values, anyOf, const: only }: Schema): string {
  if (values !== undefined || only !== undefined) return "name";
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeOf))].join(" or ");
  if (type === "array") return items === undefined ? "list" : `list of ${typeOf(items)}`;
  const types = typeof type === "string" ? [type] : (type ?? ["any"]);
  return types.map((each) => TYPES[each] ?? each).join(" or ");
}

const TYPES: Readonly<Record<string, string>> = { integer: "whole number", string: "text", boolean: "true or false" };

function rangeOf(schema: Schema): string {
  const { enum: values, const: only, anyOf, multipleOf, minItems, maxItems } = schema;
  if (values !== undefined) return values.map(textOf).join(", ");
  if (only !== undefined) return textOf(only);
  if (anyOf !== undefined)
    return anyOf
      .map(rangeOf)
      .filter((text) => text !== "")
      .join(", or ");
  const parts = [bounds(schema)];
  if (multipleOf !== undefined) parts.push(`a multiple of ${multipleOf}`);
  if (maxItems !== undefined) parts.push(`${minItems ?? 0} to ${maxItems} of them`);
  return parts.filter((text) => text !== "").join(", ");
}

function bounds({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string {
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const least = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  if (least !== undefined && most !== undefined) return `${least} to ${most}`;
  const above =
    least !== undefined ? `at least ${least}` : exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : "";
  const below =
    most !== undefined ? `at most ${most}` : exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : "";
  return [above, below].filter((text) => text !== "").join(", ");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
