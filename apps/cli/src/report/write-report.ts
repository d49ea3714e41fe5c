// `--report`: what a command measured, as one HTML file beside what it prints.

import { readFileSync } from "node:fs";
import { rename, rm, stat, writeFile } from "node:fs/promises";
import { arch, cpus, platform, release, totalmem } from "node:os";
import { dirname, extname, resolve } from "node:path";
import { formatSize, TierError } from "@pagetier/base";
import { type Origin, type ReportPart, renderParts } from "@pagetier/report";
import type { Command } from "commander";
import { CommandError, EXIT_FAILED, preparing } from "../exit.js";
import { note } from "../terminal.js";

export function addReportOption(command: Command): Command {
  return command.option("--report <file.html>", "also write a report: one HTML file that needs no network");
}

/**
 * Looks where a report is to be written before anything is measured for it.
 *
 * @param flag that names the place, for messages
 * @throws CommandError for a place that cannot hold one
 */
export async function checkReportPath(path: string | undefined, flag = "--report"): Promise<void> {
  if (path !== undefined) await preparing(() => checkPlace(path, flag));
}

/** Writes the report of one document, made just now by this command; nothing when no report is wanted. */
export async function writeReport(path: string | undefined, document: unknown): Promise<void> {
  if (path !== undefined) await writeParts(path, [{ document, origin: originOfThis() }]);
}

/** Writes a report of documents wherever they come from, and says where it is. */
export async function writeParts(path: string, parts: readonly ReportPart[]): Promise<void> {
  const page = renderParts(parts);
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(unfinished, page);
    await rename(unfinished, path);
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw new CommandError(
      EXIT_FAILED,
      `The report ${path} cannot be written (${codeOf(cause)}); free its disk, or name another place.`,
      { cause },
    );
  }
  note(`Report: ${resolve(path)}`);
}

/** @throws TierError REPORT_PLACE */
async function checkPlace(path: string, flag: string): Promise<void> {
  // A name with another end is more likely a slip, and the file under it something else.
  if (![".html", ".htm"].includes(extname(path).toLowerCase())) {
    throw new TierError("REPORT_PLACE", `${flag} is ${path}; write a file whose name ends in .html.`, { path });
  }
  const folder = dirname(resolve(path));
  const kind = await stat(folder).catch(() => undefined);
  if (kind?.isDirectory() !== true) {
    throw new TierError(
      "REPORT_PLACE",
      `${flag} is ${path}, and there is no folder ${folder}; make it, or name another place.`,
      {
        path,
      },
    );
  }
  if ((await stat(path).catch(() => undefined))?.isDirectory()) {
    throw new TierError("REPORT_PLACE", `${flag} is ${path}, which is a folder; name a file in it.`, { path });
  }
}

/** How and where this command measures. */
function originOfThis(): Origin {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const processors = cpus();
  return {
    command: ["pagetier", ...process.argv.slice(2).map(quoted)].join(" "),
    madeAt: new Date().toISOString(),
    environment: {
      pagetier: version,
      "Node.js": process.version,
      System: `${platform()} ${release()} (${arch()})`,
      Processor: `${processors.length} × ${processors[0]?.model ?? "unknown"}`,
      Memory: formatSize(totalmem()),
    },
  };
}

/** As one would type it. */
function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
}
