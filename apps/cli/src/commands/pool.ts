import type { Zpool } from "@pagetier/allocator";
import { formatSize, PAGE_SIZE, type PluginNode, TierError } from "@pagetier/base";
import type { CodecChooser, Compressor } from "@pagetier/compressor";
import type { PageFrames } from "@pagetier/frames";
import { openPages, type PageFile } from "@pagetier/trace";
import { type Command, InvalidArgumentError } from "commander";
import { bundledNodes } from "../bundled-parts.js";
import { CommandError, EXIT_FAILED, EXIT_WRONG, preparing } from "../exit.js";
import { BIN_BYTES, compressedLengths, drawHistogram, type Histogram, histogramOf } from "../histogram.js";
import {
  findProfile,
  type KernelProfile,
  nodeAs,
  OUR_RULES,
  type PoolRules,
  PROFILE_NAMES,
} from "../kernel-profiles.js";
import { measureLengths } from "../measure-lengths.js";
import { measurePool, type PoolResult } from "../measure-pool.js";
import { nodeName, type PreparedPart, parseNodes, preparePart } from "../plugin-part.js";
import { openLengths } from "../pool-lengths.js";
import { type ProcessMemory, readProcessMemory } from "../process-memory.js";
import { poolTable } from "../report/pool-table.js";
import { savingOf, savingSentences } from "../report/process-saving.js";
import { addReportOption, checkReportPath, writeReport } from "../report/write-report.js";
import { count, note, print, printJson, progressBar } from "../terminal.js";

interface PoolFlags {
  readonly pages?: string;
  readonly lengths?: string[];
  readonly pid?: number;
  readonly as?: string;
  readonly allocator?: string;
  readonly compressor?: string;
  readonly limitPages?: number;
  readonly histogram?: true | number;
  readonly json?: boolean;
  readonly report?: string;
}

type Allocator = PreparedPart<{ frames: PageFrames }, Zpool>;
type Codec = PreparedPart<object, Compressor | CodecChooser>;

/** Pages of a process that are measured unless more are asked for: 64 MiB. */
const PROCESS_PAGES_DEFAULT = 16_384;
const PID_MAX = 2 ** 22;
/** Pages that go through each pair before it is measured, so that its code is compiled. */
const WARM_UP_PAGES = 512;

const DETAILS = `
Give one of --pages, --lengths and --pid. Without --allocator and --compressor, --pages tries every bundled one with every
other; --pid tries zsmalloc with lz4 and zstd.

Recorded lengths are one little-endian u16 per page: 0 same-filled, 65535 does not fit a page. Their speeds are those of the
pool alone.

Examples:
  $ pagetier pool --pages data/node-heap.pages.gz --histogram
  $ pagetier pool --pages p.pages --allocator zsmalloc:chainPages=4,zbud --compressor lz4
  $ pagetier pool --lengths lz4.node-heap.u16.gz --as zswap-6.1 --allocator zbud,zsmalloc,z3fold
  $ pagetier pool --pid 4711`;

/** Pages from which on the longer chains of zsmalloc's default gain more than their half-empty groups cost, or about so. */
const CHAINS_PAY_PAGES = 20_000;

export function addPool(program: Command, signal: AbortSignal): void {
  const command = program
    .command("pool")
    .description("pack pages with every allocator and compressor, read them back, and compare")
    .option("--pages <file>", "page contents: a flat file of 4096-byte pages, also .gz and .zst")
    .option("--lengths <files...>", "recorded compressed lengths instead of pages, also .gz and .zst")
    .option("--pid <number>", "the anonymous memory of a running process (Linux)", pidOf)
    .option("--as <kernel>", `account for --lengths as a kernel does: ${PROFILE_NAMES.join(", ")}`)
    .option("--allocator <names>", "allocators, separated by commas; options as name:key=value")
    .option("--compressor <names>", "compressors, separated by commas")
    .option("--limit-pages <number>", "read at most so many pages; of a process, spread in runs of 64", positive)
    .option(
      "--histogram [bytes]",
      `draw how zpages are distributed by size, in bins of ${BIN_BYTES.join(" or ")}`,
      binOf,
    )
    .option("--json", "print one JSON document on standard output")
    .addHelpText("after", DETAILS);
  addReportOption(command).action(async (flags: PoolFlags) => {
    checkFlags(flags);
    await checkReportPath(flags.report);
    const results = await (flags.lengths === undefined
      ? runPages(flags, signal)
      : runLengths(flags, flags.lengths, signal));
    await writeReport(flags.report, { results });
    const wrong = results.reduce((sum, result) => sum + result.mismatches, 0);
    if (wrong > 0) throw new CommandError(EXIT_FAILED, `${count(wrong)} pages did not come back equal.`);
  });
}

/** @throws CommandError naming the two options that do not go together */
function checkFlags(flags: PoolFlags): void {
  const sources = [flags.pages, flags.lengths, flags.pid].filter((source) => source !== undefined).length;
  const fault =
    sources === 0
      ? "Say what to pack: --pages FILE, --lengths FILE… or --pid NUMBER."
      : sources > 1
        ? "Give only one of --pages, --lengths and --pid."
        : flags.as !== undefined && flags.lengths === undefined
          ? "--as accounts for recorded lengths; give --lengths FILE… with it."
          : flags.compressor !== undefined && flags.lengths !== undefined
            ? "--compressor has no use with --lengths, which are compressed already; leave it out."
            : flags.limitPages !== undefined && flags.lengths !== undefined
              ? "--limit-pages belongs to --pages and --pid; leave it out."
              : undefined;
  if (fault !== undefined) throw new CommandError(EXIT_WRONG, fault);
}

async function runLengths(flags: PoolFlags, paths: readonly string[], signal: AbortSignal): Promise<PoolResult[]> {
  const { files, allocators } = await preparing(async () => {
    const profile = flags.as === undefined ? undefined : findProfile(flags.as);
    return {
      allocators: await Promise.all((await nodesFor(flags, profile)).map((node) => preparedFor(node, profile))),
      files: await Promise.all(paths.map(openLengths)),
    };
  });
  const results: PoolResult[] = [];
  const histograms: Histogram[] = [];
  for (const file of files) {
    const ofFile: PoolResult[] = [];
    for (const { part, rules } of allocators) {
      ofFile.push(
        await withProgress(`${part.name}+${file.compressor}`, file.lengths.length, (update) =>
          measureLengths(file, part, rules, update, signal),
        ),
      );
    }
    results.push(...ofFile);
    if (flags.histogram !== undefined) {
      histograms.push(histogramOf(file.name, file.compressor, file.lengths, binBytesOf(flags.histogram)));
    }
    if (flags.json) continue;
    print(
      `${count(file.lengths.length)} recorded lengths of ${file.name}${flags.as === undefined ? "" : `, as ${flags.as}`}`,
    );
    print(`${poolTable(ofFile)}\n`);
    if (histograms.length > 0) print(`${drawHistogram(histograms.at(-1)!)}\n`);
  }
  if (flags.json) printJson(flags.histogram === undefined ? { results } : { results, histograms });
  return results;
}

async function nodesFor(flags: PoolFlags, profile: KernelProfile | undefined): Promise<PluginNode[]> {
  if (flags.allocator !== undefined) return parseNodes(flags.allocator);
  return profile === undefined ? bundledNodes("allocator") : Object.keys(profile.allocators).map((use) => ({ use }));
}

/** An allocator for lengths, and how they are accounted for. */
interface LengthsPart {
  readonly part: Allocator;
  readonly rules: PoolRules;
}

async function preparedFor(node: PluginNode, profile: KernelProfile | undefined): Promise<LengthsPart> {
  const completed = profile === undefined ? node : nodeAs(profile, node);
  const part: Allocator = await preparePart("allocator", completed);
  const own = profile?.pools?.[node.use];
  const isPlain = Object.keys(completed).length === 1;
  const create: Allocator["create"] = own !== undefined && isPlain ? ({ frames }) => own(frames) : part.create;
  // Named as written: what the profile adds goes without saying.
  return { part: { name: nodeName(node), create }, rules: profile?.rules(completed) ?? OUR_RULES };
}

async function runPages(flags: PoolFlags, signal: AbortSignal): Promise<PoolResult[]> {
  const { pages, process, allocators, compressors } = await preparing(() => prepareParts(flags));
  const results: PoolResult[] = [];
  const histograms: Histogram[] = [];
  const warmUp: PageFile = { ...pages, pages: Math.min(pages.pages, WARM_UP_PAGES) };
  for (const compressor of compressors) {
    for (const allocator of allocators) {
      await measurePool(warmUp, allocator, compressor, () => undefined, signal);
      results.push(
        await withProgress(`${allocator.name}+${compressor.name}`, pages.pages, (update) =>
          measurePool(pages, allocator, compressor, update, signal),
        ),
      );
    }
    if (flags.histogram === undefined) continue;
    const lengths = compressedLengths(pages, compressor.create({}));
    histograms.push(histogramOf(pages.name, compressor.name, lengths, binBytesOf(flags.histogram)));
  }
  const saving = process === undefined ? undefined : savingOf(process, results);
  if (flags.json) {
    printJson({
      results,
      ...(flags.histogram === undefined ? {} : { histograms }),
      ...(saving === undefined ? {} : { process: saving }),
    });
    return results;
  }
  print(`${count(pages.pages)} pages (${formatSize(pages.pages * PAGE_SIZE)}) of ${pages.name}`);
  print(poolTable(results));
  if (results.every(({ mismatches }) => mismatches === 0)) print("Every stored page was read back and is equal.");
  if (pages.pages < CHAINS_PAY_PAGES && results.some(({ allocator }) => allocator === "zsmalloc")) {
    print("With so few pages zsmalloc is denser in chains of 4: --allocator zsmalloc:chainPages=4");
  }
  for (const histogram of histograms) print(`\n${drawHistogram(histogram)}`);
  if (saving !== undefined) print(`\n${savingSentences(saving).join("\n")}`);
  return results;
}

interface PreparedPages {
  readonly pages: PageFile;
  readonly process: ProcessMemory | undefined;
  readonly allocators: readonly Allocator[];
  readonly compressors: readonly Codec[];
}

async function prepareParts(flags: PoolFlags): Promise<PreparedPages> {
  const ofProcess = flags.pid !== undefined;
  const allocators = await Promise.all(
    (flags.allocator !== undefined
      ? parseNodes(flags.allocator)
      : ofProcess
        ? [{ use: "zsmalloc" }]
        : await bundledNodes("allocator")
    ).map((node): Promise<Allocator> => preparePart("allocator", node)),
  );
  const compressors =
    flags.compressor === undefined
      ? await bundledCodecs(ofProcess ? ["lz4", "zstd"] : undefined)
      : await Promise.all(
          parseNodes(flags.compressor).map((node): Promise<Codec> => preparePart("chooser", node, "--compressor")),
        );
  if (flags.pid !== undefined) {
    const limitPages = flags.limitPages ?? PROCESS_PAGES_DEFAULT;
    const memory = await readProcessMemory(flags.pid, { limitPages });
    return { pages: memory, process: memory, allocators, compressors };
  }
  const pages = await openPages(flags.pages ?? "", { limit: flags.limitPages });
  return { pages, process: undefined, allocators, compressors };
}

/** The bundled compressors that work here. Nobody asked for the others by name, so they are only mentioned. */
async function bundledCodecs(only: readonly string[] | undefined): Promise<Codec[]> {
  const codecs: Codec[] = [];
  for (const node of await bundledNodes("compressor")) {
    if (only !== undefined && !only.includes(node.use)) continue;
    const codec: Codec = await preparePart("compressor", node);
    try {
      codec.create({});
      codecs.push(codec);
    } catch (error) {
      if (!TierError.is(error)) throw error;
      note(`${codec.name} is left out: ${error.message}`);
    }
  }
  return codecs;
}

async function withProgress<Result>(
  label: string,
  total: number,
  work: (update: (done: number) => void) => Promise<Result>,
): Promise<Result> {
  const progress = progressBar(label);
  try {
    return await work((done) => progress.update(done, total));
  } finally {
    progress.stop();
  }
}

function binBytesOf(histogram: true | number): number {
  return histogram === true ? BIN_BYTES[0]! : histogram;
}

function binOf(text: string): number {
  const bytes = Number(text);
  if (!BIN_BYTES.includes(bytes)) throw new InvalidArgumentError(`Write ${BIN_BYTES.join(" or ")} (bytes per bin).`);
  return bytes;
}

function pidOf(text: string): number {
  const pid = Number(text);
  if (!(Number.isSafeInteger(pid) && pid > 0 && pid <= PID_MAX)) {
    throw new InvalidArgumentError("Write the number of a process.");
  }
  return pid;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(Number.isSafeInteger(value) && value > 0)) throw new InvalidArgumentError("Write a positive whole number.");
  return value;
}
