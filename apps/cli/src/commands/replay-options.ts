import { parseSize, TierError } from "@pagetier/base";
import type { Simulation } from "@pagetier/stack";
import { DEVICE_MODELS } from "@pagetier/store-filters/device";
import { Container, openPages, openTrace, parseTraceFormat, traceInfo } from "@pagetier/trace";
import { type Command, InvalidArgumentError, Option } from "commander";
import { bundledPages } from "../bundled-pages.js";
import { CommandError, EXIT_WRONG, preparing } from "../exit.js";
import type { RunReport } from "../report/run-report.js";
import { type ContainerInputs, runContainer } from "../run-container.js";
import { bundledPagesNote, FILE_NOTE, memoryFor } from "../run-defaults.js";
import { type RunInputs, runStack } from "../run-stack.js";
import { cpuUsSince } from "../simulate-policy.js";
import { note } from "../terminal.js";

/** Options of commands that replay a trace. */
export interface ReplayFlags {
  readonly trace: string;
  readonly pages?: string;
  readonly format?: string;
  readonly memory?: string;
  readonly limit?: number;
  readonly space?: "anon" | "file";
  readonly verify: "all" | "none";
  readonly time: "real" | "virtual";
  readonly device?: Simulation["device"];
  readonly think?: number;
  readonly loop: "closed" | "open";
  readonly speed?: number;
  readonly outstanding?: number;
  readonly seed: number;
  readonly json?: boolean;
  readonly report?: string;
}

export function addReplayOptions(command: Command): Command {
  return command
    .requiredOption("--trace <file>", "trace, in any format of docs/traces.md, also .gz and .zst")
    .option(
      "--pages <file>",
      "page contents: a flat file of 4096-byte pages, also .gz and .zst; default: bundled pages; .ptt has its own",
    )
    .option(
      "--format <name>",
      "format of the trace where its name and contents do not tell, e.g. tencent, csv:key=2:time=1",
    )
    .option(
      "--memory <size>",
      "memory budget, e.g. 64MiB; default: half of what the trace touches, or what the recipe file says",
    )
    .option("--limit <accesses>", "replay only the first so many", positiveInteger)
    .addOption(
      new Option(
        "--space <kind>",
        "what the trace's pages are: anonymous memory, or a file behind the page cache; default: file for block traces, else anon",
      ).choices(["anon", "file"]),
    )
    .addOption(
      new Option("--verify <what>", "compare every page that is read with what was written, or none, which is faster")
        .choices(["all", "none"])
        .default("all"),
    )
    .addOption(
      new Option("--time <kind>", "real time, or virtual: a simulation on modelled devices, the same on every machine")
        .choices(["real", "virtual"])
        .default("real"),
    )
    .addOption(new Option("--device <model>", "in virtual time, what stores are; default: nvme").choices(DEVICE_MODELS))
    .option("--think <ns>", "in virtual time, nanoseconds between two accesses, on average; default: 0", wholeNumber)
    .addOption(
      new Option(
        "--loop <kind>",
        "closed: the next access begins when the one before has ended; open: when it arrived in the workload (.ptt)",
      )
        .choices(["closed", "open"])
        .default("closed"),
    )
    .option("--speed <factor>", "in an open loop, 2 replays twice as fast as recorded; default: 1", positiveNumber)
    .option(
      "--outstanding <accesses>",
      "in an open loop, accesses that may wait at a time; default: 64",
      positiveInteger,
    )
    .option("--seed <number>", "choice of contents and everything else that is random", integer, 1)
    .option("--json", "print one JSON document on standard output");
}

/** Makes ready what the flags name. @returns how it is replayed on a stack */
export async function openReplay(
  flags: ReplayFlags,
  recipes: readonly string[],
  signal: AbortSignal,
): Promise<(recipe: string) => Promise<RunReport>> {
  if (await preparing(() => Container.isContainer(flags.trace))) {
    const inputs = await openContainer(flags, recipes, signal);
    return (recipe) => runContainer(recipe, inputs);
  }
  const { loop, speed, outstanding } = flags;
  if (loop === "open" || speed !== undefined || outstanding !== undefined) {
    throw new CommandError(
      EXIT_WRONG,
      `An open loop needs a workload with arrival times (.ptt), which ${flags.trace} is not; make one with \`pagetier trace convert\`.`,
    );
  }
  const inputs = await openInputs(flags, recipes, signal);
  return (recipe) => runStack(recipe, inputs);
}

/** A container has everything: pages, kinds of spaces, format. */
function openContainer(flags: ReplayFlags, recipes: readonly string[], signal: AbortSignal): Promise<ContainerInputs> {
  return preparing(async () => {
    const { trace, pages, format, limit, loop, speed, outstanding, seed } = flags;
    if (flags.memory !== undefined) parseSize(flags.memory, "--memory");
    for (const [option, value] of Object.entries({ pages, format })) {
      if (value !== undefined)
        throw new CommandError(EXIT_WRONG, `--${option} is not for ${trace}: a .ptt file has it; leave it out.`);
    }
    if (loop === "closed" && (speed !== undefined || outstanding !== undefined)) {
      const option = speed === undefined ? "--outstanding" : "--speed";
      throw new CommandError(EXIT_WRONG, `${option} belongs to an open loop; add --loop open, or leave it out.`);
    }
    const container = await Container.open(trace);
    const open = loop === "open" ? { speed, outstandingMax: outstanding } : undefined;
    const { spacePages } = await container.totals(limit);
    const touched = spacePages.reduce((sum, pagesOfOne) => sum + pagesOfOne, 0);
    const { memory, note: memoryNote } = memoryFor(flags.memory, recipes, touched);
    const announce = onceNoted([memoryNote]);
    return { container, memory, limit, seed, virtual: virtualOf(flags), open, announce, signal };
  });
}

/** Opens trace and pages, and counts what the trace touches. */
export function openInputs(flags: ReplayFlags, recipes: readonly string[], signal: AbortSignal): Promise<RunInputs> {
  return preparing(async () => {
    if (flags.memory !== undefined) parseSize(flags.memory, "--memory");
    const format = flags.format === undefined ? undefined : parseTraceFormat(flags.format);
    const trace = await openTrace(flags.trace, { format, limit: flags.limit });
    const pages = await openPages(flags.pages ?? bundledPages());
    const start = process.cpuUsage();
    const { objects, requests } = await traceInfo(trace);
    const reading = { requests, cpuUs: cpuUsSince(start) };
    const virtual = virtualOf(flags);
    if (objects === 0) throw new TierError("TRACE_EMPTY", `The trace ${flags.trace} holds no request.`);
    const { limit, seed, verify } = flags;
    const space = flags.space ?? (trace.addresses === "blocks" ? "file" : "anon");
    const { memory, note: memoryNote } = memoryFor(flags.memory, recipes, objects);
    const notes = [
      flags.pages === undefined ? bundledPagesNote(pages.pages) : undefined,
      flags.space === undefined && space === "file" ? FILE_NOTE : undefined,
      memoryNote,
    ];
    return {
      trace,
      pages,
      objects,
      memory,
      limit,
      space,
      seed,
      verify,
      virtual,
      reading,
      announce: onceNoted(notes),
      quiet: flags.json,
      signal,
    };
  });
}

/** Says what was chosen, when first called. */
function onceNoted(notes: readonly (string | undefined)[]): () => void {
  let said = false;
  return () => {
    if (!said) for (const each of notes) if (each !== undefined) note(each);
    said = true;
  };
}

/** @throws CommandError for options of virtual time in real time */
function virtualOf({ time, device, think }: ReplayFlags): RunInputs["virtual"] {
  if (time === "virtual") return { device: device ?? "nvme", thinkNs: think ?? 0 };
  if (device === undefined && think === undefined) return undefined;
  const option = device === undefined ? "--think" : "--device";
  throw new CommandError(EXIT_WRONG, `${option} belongs to virtual time; add --time virtual, or leave it out.`);
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(Number.isFinite(value) && value > 0)) throw new InvalidArgumentError("Write a positive number.");
  return value;
}

export function wholeNumber(text: string): number {
  const value = integer(text);
  if (value < 0) throw new InvalidArgumentError("Write a whole number, 0 or more.");
  return value;
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!(Number.isSafeInteger(value) && value > 0)) throw new InvalidArgumentError("Write a positive whole number.");
  return value;
}

export function integer(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value)) throw new InvalidArgumentError("Write a whole number.");
  return value;
}

/** Reads `0.01` or `1%`. */
export function samplingRate(text: string): number {
  const match = /^\s*(\d*\.?\d+)\s*(%?)\s*$/.exec(text);
  const rate = Number(match?.[1]) / (match?.[2] === "%" ? 100 : 1);
  if (rate > 0 && rate <= 1) return rate;
  throw new InvalidArgumentError("Write the share of keys to sample: more than 0, at most 1, or a percentage.");
}
