import { listPlugins } from "@pagetier/stack";
import Table from "cli-table3";
import type { Command } from "commander";
import { BUNDLED } from "../create-stack.js";
import { print, printJson } from "../terminal.js";

/** Leaves the table within 100 columns. */
const SUMMARY_COLUMNS = 66;

export function addPlugins(program: Command): void {
  program
    .command("plugins")
    .description("list the plugins that recipes reach by their short names, from here")
    .option("--json", "print one JSON document on standard output")
    .action(async (flags: { readonly json?: boolean }) => {
      const found = await listPlugins({ fallbacks: [BUNDLED] });
      const plugins = found.map(({ plugin, specifier }) => ({
        family: plugin.family,
        name: plugin.name,
        from: specifier,
        summary: plugin.summary,
      }));
      if (flags.json) {
        printJson({ plugins });
        return;
      }
      const table = new Table({
        head: ["family", "name", "what it is"],
        colWidths: [null, null, SUMMARY_COLUMNS],
        wordWrap: true,
        style: { head: [], border: [], compact: true },
      });
      for (const { family, name, summary } of plugins) table.push([family, name, summary]);
      print(table.toString());
    });
}
