import { type PluginDescriptor, type PluginNode, TierError } from "@pagetier/base";
import { issueText, keysOf, PluginFinder } from "@pagetier/stack";
import { BUNDLED } from "./create-stack.js";

/**
 * Reads plugins as the command line writes them: `name`, or `name:key=value:key=value`; several are separated by commas.
 * Numbers and booleans are taken as such; a value may contain colons.
 *
 * @throws TierError PLUGIN_OPTION
 */
export function parseNodes(text: string): PluginNode[] {
  return text.split(",").map((part) => {
    const [use = "", ...options] = part.trim().split(/:(?=[^:=]*=)/);
    const stray = /^(?!file:)[^:]*:(.*)$/.exec(use)?.[1];
    if (stray !== undefined) throw noOption(stray, part);
    const node: Record<string, unknown> = {};
    for (const option of options) {
      const [key, value, ...rest] = option.split("=");
      if (!key || value === undefined || rest.length > 0) throw noOption(option, part);
      node[key] =
        value === "true"
          ? true
          : value === "false"
            ? false
            : value !== "" && Number.isFinite(Number(value))
              ? Number(value)
              : value;
    }
    return { ...node, use };
  });
}

function noOption(option: string, part: string): TierError {
  return new TierError(
    "PLUGIN_OPTION",
    `${JSON.stringify(option)} in ${JSON.stringify(part)} is no option; write name:key=value.`,
    { part, option },
  );
}

/** How a node is named in tables: as it was written. */
export function nodeName({ use, ...options }: PluginNode): string {
  return [use, ...Object.entries(options).map(([key, value]) => `${key}=${String(value)}`)].join(":");
}

/** A plugin, found and its options checked, ready to be made as often as needed. */
export interface PreparedPart<Parts, Part> {
  readonly name: string;
  create(parts: Parts): Part;
}

/**
 * Finds the plugin of a node, and those of its positions, and checks their options.
 *
 * @param flag where the node was written, for messages
 * @throws TierError PLUGIN_… naming near misses, PLUGIN_OPTION
 */
export async function preparePart<Parts, Part>(
  family: string,
  node: PluginNode,
  flag = `--${family}`,
): Promise<PreparedPart<Parts, Part>> {
  const { use, ...written } = node;
  const finder = new PluginFinder({ plugins: [], origins: [process.cwd(), BUNDLED] });
  const found = await finder.find(family, use, flag);
  const plugin = found.plugin as PluginDescriptor<Parts, unknown, Part>;
  const options: Record<string, unknown> = { ...written };
  const inner: Record<string, PreparedPart<object, unknown>> = {};
  for (const [option, position] of Object.entries(plugin.positions ?? {})) {
    const choice = options[option] ?? position.default;
    const named = typeof choice === "string" ? { use: choice } : choice;
    if (!isNode(named)) {
      throw new TierError(
        "PLUGIN_OPTION",
        `${flag} ${nodeName(node)}: ${option} names no plugin; write ${option}=NAME.`,
      );
    }
    inner[option] = await preparePart(position.family, named, `${flag} ${use}: ${option}`);
    delete options[option];
  }
  const result = await plugin.options["~standard"].validate(options);
  if (result.issues !== undefined) {
    const known = [...(keysOf(plugin.options) ?? []), ...Object.keys(plugin.positions ?? {})];
    const issues = result.issues
      .map((issue) => issueText(issue, [], options, (path) => (path.length === 0 ? known : [])))
      .join("; also ")
      .replace(/[.?]$/, "");
    throw new TierError("PLUGIN_OPTION", `${flag} ${nodeName(node)}: ${issues}.`, { family, node });
  }
  const { value } = result;
  return {
    name: nodeName(node),
    create: (parts) => {
      const made = Object.entries(inner).map(([option, part]) => [option, part.create({})]);
      return plugin.create({ ...parts, ...Object.fromEntries(made) }, value);
    },
  };
}

function isNode(value: unknown): value is PluginNode {
  return typeof value === "object" && value !== null && "use" in value && typeof value.use === "string";
}
