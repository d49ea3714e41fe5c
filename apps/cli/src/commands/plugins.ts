import { TierError } from "@pagetier/base";
import { type FoundPlugin, listPlugins, suggestion } from "@pagetier/stack";
import Table from "cli-table3";
import type { Command } from "commander";
import { BUNDLED } from "../create-stack.js";
import { preparing } from "../exit.js";
import { optionsOf, type PluginOption } from "../plugin-options.js";
import { print, printJson, terminalColumns } from "../terminal.js";

/** Borders and paddings of a table of three columns, and what its first two hold at most. */
const BESIDE_SUMMARY_COLUMNS = 34;
const SUMMARY_COLUMNS_MIN = 20;

export function addPlugins(program: Command): void {
  program
    .command("plugins")
    .description("list the plugins that recipes reach by their short names, from here, or the options of one")
    .argument("[name]", "a plugin, whose options are listed: name, type, default, range")
    .option("--json", "print one JSON document on standard output")
    .action(async (name: string | undefined, flags: { readonly json?: boolean }) => {
      const found = await listPlugins({ fallbacks: [BUNDLED] });
      const chosen = name === undefined ? found : await preparing(() => named(name, found));
      const withOptions = name !== undefined;
      if (flags.json) {
        printJson({ plugins: chosen.map((each) => describe(each, withOptions)) });
        return;
      }
      if (!withOptions) {
        print(listing(chosen));
        return;
      }
      for (const { plugin, specifier } of chosen) {
        print(`${plugin.family} ${plugin.name}: ${plugin.summary}\nfrom ${specifier}`);
        print(optionsText(optionsOf(plugin)));
      }
    });
}

function describe({ plugin, specifier }: FoundPlugin, withOptions: boolean): object {
  const { family, name, summary } = plugin;
  const options = optionsOf(plugin)?.map((option) => ({ ...option, default: option.default ?? null }));
  return { family, name, from: specifier, summary, ...(withOptions ? { options: options ?? null } : {}) };
}

/** @throws TierError PLUGIN_NOT_FOUND naming near misses */
function named(name: string, found: readonly FoundPlugin[]): FoundPlugin[] {
  const chosen = found.filter(({ plugin }) => plugin.name === name);
  if (chosen.length > 0) return chosen;
  const hint = suggestion(
    name,
    found.map(({ plugin }) => plugin.name),
  );
  throw new TierError("PLUGIN_NOT_FOUND", `There is no plugin ${name}; ${hint}${hint.endsWith("?") ? "" : "."}`, {
    name,
  });
}

function listing(plugins: readonly FoundPlugin[]): string {
  const table = new Table({
    head: ["family", "name", "what it is"],
    colWidths: [null, null, Math.max(SUMMARY_COLUMNS_MIN, terminalColumns() - BESIDE_SUMMARY_COLUMNS)],
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  for (const { plugin } of plugins) table.push([plugin.family, plugin.name, plugin.summary]);
  return table.toString();
}

function optionsText(options: readonly PluginOption[] | undefined): string {
  if (options === undefined)
    return "Its options are checked, but their schema does not describe itself; see its documentation.";
  if (options.length === 0) return "It has no options.";
  const table = new Table({
    head: ["option", "type", "default", "accepted"],
    style: { head: [], border: [], compact: true },
  });
  for (const option of options) table.push([option.name, option.type, option.default ?? "–", option.range || "any"]);
  return table.toString();
}
