// What the commands share that read and write traces as files.

import { resolve } from "node:path";
import { formatSize, TierError } from "@pagetier/base";
import {
  openPages,
  openTrace,
  parseTraceFormat,
  type TraceOptions,
  type TraceReader,
  WRITTEN_FORMATS,
  type WrittenFormat,
  type WrittenTrace,
  writeTrace,
  writtenFormatOf,
} from "@pagetier/trace";
import { type Command, Option } from "commander";
import { bundledPages } from "../bundled-pages.js";
import { CommandError, EXIT_WRONG, preparing } from "../exit.js";
import { count, duration, note, print, printJson, progressBar } from "../terminal.js";
import { integer } from "./replay-options.js";

/** Options of commands that write a trace. */
export interface OutputFlags {
  readonly to?: WrittenFormat;
  readonly pages?: string;
  readonly seed: number;
  readonly json?: boolean;
}

export function addOutputOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--to <format>", "format to write; default: told by the name's end").choices(
        Object.keys(WRITTEN_FORMATS),
      ),
    )
    .option("--pages <file>", "what pages hold, for a container (.ptt); default: bundled pages")
    .option("--seed <number>", "choice of what is random", integer, 1)
    .option("--json", "print one JSON document on standard output");
}

/** Opens a trace; `format` as a user writes it. */
export function openTraceAs(
  path: string,
  format: string | undefined,
  options: Omit<TraceOptions, "format"> = {},
): Promise<TraceReader> {
  return preparing(() =>
    openTrace(path, { ...options, format: format === undefined ? undefined : parseTraceFormat(format) }),
  );
}

/** Does something with a trace, with a progress bar and an ear for Ctrl-C. */
export async function whileReading<Result>(
  label: string,
  trace: TraceReader,
  signal: AbortSignal,
  work: (onBatch: (requests: number) => void) => Promise<Result>,
): Promise<Result> {
  const byBytes = trace.position !== undefined;
  const progress = progressBar(label, byBytes ? formatSize : count);
  let done = 0;
  try {
    return await work((requests) => {
      done += requests;
      if (byBytes) progress.update(trace.position!.bytes, trace.position!.totalBytes);
      else progress.update(done, trace.total);
      signal.throwIfAborted();
    });
  } finally {
    progress.stop();
  }
}

/** What is printed of a trace that was written. */
export interface WriteReport extends WrittenTrace {
  readonly output: string;
  readonly elapsedMs: number;
}

/** Writes a trace, and says what became of it. */
export async function writeAndReport(
  output: string,
  trace: TraceReader,
  flags: OutputFlags,
  signal: AbortSignal,
  extra: object = {},
): Promise<void> {
  const format = flags.to ?? writtenFormatOf(output);
  const pages = format === "container" ? await preparing(() => openPages(flags.pages ?? bundledPages())) : undefined;
  if (format !== "container" && flags.pages !== undefined) {
    throw new CommandError(EXIT_WRONG, "--pages belongs to containers (.ptt), which hold contents; leave it out.");
  }
  if (pages !== undefined && flags.pages === undefined)
    note(`Contents: the bundled pages (${pages.pages}); others with --pages FILE.`);
  const start = performance.now();
  const written = await whileReading("writing", trace, signal, (onBatch) =>
    writeTrace(output, trace, { format, pages, seed: flags.seed, onBatch }),
  ).catch((error: unknown) => {
    const isName = TierError.is(error) && error.code === "TRACE_FORMAT" && error.context.path === output;
    throw isName ? new CommandError(EXIT_WRONG, error.message, { cause: error }) : error;
  });
  const report: WriteReport = { output, ...written, elapsedMs: performance.now() - start };
  if (flags.json) {
    printJson({ ...report, ...extra });
    return;
  }
  print(
    `${output}: ${count(report.requests)} requests, ${formatSize(report.fileBytes)}, ${report.format}, in ${duration(report.elapsedMs)}.`,
  );
  for (const [what, number] of Object.entries(report.lost))
    note(`${report.format} has no room for ${what}: ${count(number)} left out.`);
}

/** Refuses to write over what is read. */
export function assertApart(input: string, output: string): void {
  if (resolve(input) !== resolve(output)) return;
  throw new CommandError(EXIT_WRONG, `${output} would be written over itself; name another file.`);
}
