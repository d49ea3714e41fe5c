import { readFile } from "node:fs/promises";
import { TierError } from "@pagetier/base";
import { type ReportPart, readParts } from "@pagetier/report";
import type { Command } from "commander";
import { preparing } from "../exit.js";
import { checkReportPath, writeParts } from "../report/write-report.js";

const DETAILS = `
A document is what run, compare, pool or policy prints with --json, or what pagetier-bench writes. A report contains the
documents it was made from, so that reports can be put together too.

Examples:
  $ pagetier compare none zswap --trace t.u32.zst --pages p.pages.zst --json > runs.json
  $ pagetier report runs.json --output runs.html
  $ pagetier report monday.html tuesday.html --output both.html`;

export function addReport(program: Command): void {
  program
    .command("report")
    .description("make one HTML report of documents and earlier reports")
    .argument("<documents...>", "JSON documents, and reports in HTML")
    .requiredOption("-o, --output <file.html>", "where the report goes")
    .addHelpText("after", DETAILS)
    .action(async (paths: string[], { output }: { readonly output: string }) => {
      await checkReportPath(output, "--output");
      const parts = await preparing(async () => {
        const read: ReportPart[] = [];
        for (const path of paths) read.push(...readParts(await textOf(path), path));
        return read;
      });
      await writeParts(output, parts);
    });
}

/** @throws TierError REPORT_OPEN */
async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new TierError("REPORT_OPEN", `${path} cannot be read (${code}); name an existing file.`, { path }, { cause });
  }
}
