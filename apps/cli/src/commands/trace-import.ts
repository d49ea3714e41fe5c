import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { formatSize, PAGE_SIZE, TierError } from "@pagetier/base";
import {
  Capture,
  type ContainerAbout,
  type ContainerTotals,
  ContainerWriter,
  CoreDump,
  FILTER_PAGES_DEFAULT,
  LackeyParser,
} from "@pagetier/trace";
import type { Command } from "commander";
import { type CapturedProgram, captureProgram } from "../capture-program.js";
import { CommandError, EXIT_WRONG } from "../exit.js";
import { count, note, print, printJson, progressBar } from "../terminal.js";
import { positiveInteger } from "./replay-options.js";

interface ImportFlags {
  readonly output: string;
  readonly lackey?: string;
  readonly dump?: string;
  readonly filterPages: number;
  readonly limit?: number;
  readonly origin?: string;
  readonly licence?: string;
  readonly json?: boolean;
}

/** What `trace import --json` prints. */
interface ImportReport extends Omit<CapturedProgram, "status"> {
  readonly output: string;
  readonly fileBytes: number;
  readonly filterPages: number;
  readonly totals: ContainerTotals;
}

const EXAMPLES = `
Examples:
  $ pagetier trace import --output sort.ptt -- sort --parallel=1 --buffer-size=160M big.txt
  $ pagetier trace import --output run.ptt --lackey run.log --dump core.4711

The program's standard output is thrown away. Its time is counted in instructions, one nanosecond each.`;

export function addTraceImport(trace: Command, signal: AbortSignal): void {
  trace
    .command("import")
    .description("make a workload with contents (.ptt) of a program, run under valgrind's lackey")
    .argument("[program...]", "the program and its arguments, behind --")
    .requiredOption("--output <file>", "the workload to write, .ptt")
    .option("--lackey <log>", "what lackey said before, instead of a program")
    .option("--dump <core>", "with --lackey: a core dump of the program, where its contents are taken from")
    .option(
      "--filter-pages <pages>",
      "pages that are taken to be always in memory: accesses to them are left out",
      positiveInteger,
      FILTER_PAGES_DEFAULT,
    )
    .option("--limit <accesses>", "end after so many loads and stores of the program", positiveInteger)
    .option("--origin <text>", "where the workload comes from, for the file")
    .option("--licence <text>", "licence of the contents, for the file")
    .option("--json", "print one JSON document on standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (program: string[], flags: ImportFlags) => {
      const report = await importWorkload(program, flags, signal);
      if (flags.json) printJson(report);
      else print(inWords(report));
    });
}

async function importWorkload(
  program: readonly string[],
  flags: ImportFlags,
  signal: AbortSignal,
): Promise<ImportReport> {
  checkFlags(program, flags);
  const { output, filterPages } = flags;
  const writer = await ContainerWriter.create(output, { about: aboutOf(program, flags) });
  const progress = progressBar(basename(output));
  try {
    const onProgress = (accesses: number) => progress.update(accesses, flags.limit);
    const captured =
      flags.lackey === undefined
        ? await captureProgram({
            program: program[0]!,
            args: program.slice(1),
            writer,
            filterPages,
            limitAccesses: flags.limit,
            signal,
            onProgress,
          })
        : await importLog(flags.lackey, flags.dump!, writer, flags, signal, onProgress);
    const totals = await writer.close();
    const { status, ...rest } = captured;
    if (status !== undefined && status !== 0) note(`The program ended with status ${status}.`);
    return { output, fileBytes: writer.fileBytes, filterPages, ...rest, totals };
  } finally {
    progress.stop();
    await writer.abort();
  }
}

function checkFlags(program: readonly string[], { lackey, dump, output }: ImportFlags): void {
  const wrong = (message: string) => new CommandError(EXIT_WRONG, message);
  if (program.length > 0 && lackey !== undefined) {
    throw wrong("A program and --lackey exclude each other; give what is to be imported, once.");
  }
  if (program.length === 0 && lackey === undefined) {
    throw wrong("Nothing to import; give a program behind --, or what lackey said of one with --lackey and --dump.");
  }
  if (lackey !== undefined && dump === undefined) {
    throw wrong("--lackey has no contents; give a core dump of the program with --dump, made with gcore.");
  }
  if (dump !== undefined && lackey === undefined)
    throw wrong("--dump belongs to --lackey; a program's memory is read while it runs.");
  if (!output.endsWith(".ptt"))
    throw wrong(`--output ${output} does not end in .ptt, by which a workload is known; rename it.`);
}

function aboutOf(
  program: readonly string[],
  { lackey, dump, filterPages, origin, licence }: ImportFlags,
): ContainerAbout {
  const source = lackey === undefined ? program.join(" ") : `${basename(lackey)} with ${basename(dump!)}`;
  return {
    ...(origin === undefined ? {} : { origin }),
    program: source,
    tool: `valgrind's lackey by way of pagetier trace import, ${filterPages} pages always resident`,
    time: "one nanosecond for each instruction",
    made: new Date().toISOString().slice(0, 10),
    ...(licence === undefined ? {} : { licence }),
  };
}

/** What lackey said once, and a dump of the program's memory at one moment. */
async function importLog(
  log: string,
  dumpPath: string,
  writer: ContainerWriter,
  { filterPages, limit }: ImportFlags,
  signal: AbortSignal,
  onProgress: (accesses: number) => void,
): Promise<CapturedProgram> {
  const dump = new CoreDump(dumpPath);
  try {
    let parser: LackeyParser | undefined;
    const capture = new Capture(writer, dump, { filterPages, now: () => parser?.instructions ?? 0 });
    parser = new LackeyParser(log, capture);
    for await (const chunk of openLog(log, signal)) {
      parser.push(chunk);
      await writer.drain();
      onProgress(parser.accesses);
      if (limit !== undefined && parser.accesses >= limit) break;
    }
    parser.finish();
    capture.flush();
    const { instructions, accesses } = parser;
    if (accesses === 0)
      throw new TierError("TRACE_EMPTY", `${log} holds no access of a program; record with --trace-mem=yes.`);
    const { hasExited, unreadable } = capture;
    return { instructions, accesses, isWhole: hasExited, status: undefined, unreadablePages: unreadable };
  } finally {
    dump.close();
  }
}

async function* openLog(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path, { highWaterMark: 1 << 18, signal });
  } catch (cause) {
    signal.throwIfAborted();
    if (!(cause instanceof Error && "code" in cause) || TierError.is(cause)) throw cause;
    throw new TierError(
      "TRACE_OPEN",
      `The trace ${path} cannot be read (${cause.code}); check the path.`,
      { path },
      { cause },
    );
  }
}

function inWords({
  output,
  fileBytes,
  totals,
  accesses,
  instructions,
  isWhole,
  unreadablePages,
  filterPages,
}: ImportReport): string {
  const { operations, counts, contents, spacePages } = totals;
  const lines = [
    `${output}: ${formatSize(fileBytes)}, ${count(operations)} operations of ${count(accesses)} accesses and ${count(instructions)} instructions.`,
    `${count(counts.alloc)} pages came into being (${formatSize(counts.alloc * PAGE_SIZE)}), ${count(counts.read)} reads and ${count(counts.write)} writes went past ` +
      `${count(filterPages)} resident pages; ${count(counts.free)} frees; ${count(contents)} different contents.`,
    isWhole ? "The program came to its end." : "The program did not come to its end: the workload stops before.",
  ];
  if (spacePages.length > 0 && unreadablePages > 0)
    lines.push(`${count(unreadablePages)} pages were gone when they should have been read.`);
  return lines.join("\n");
}
