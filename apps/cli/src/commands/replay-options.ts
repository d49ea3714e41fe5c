import { parseSize, TierError } from "@pagetier/base";
import type { Simulation } from "@pagetier/stack";
import { DEVICE_MODELS } from "@pagetier/store-filters/device";
import { openPages, openTrace, parseTraceFormat, traceInfo } from "@pagetier/trace";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CommandError, EXIT_WRONG, preparing } from "../exit.js";
import type { RunInputs } from "../run-stack.js";

/** Options of commands that replay a trace. */
export interface ReplayFlags {
  readonly trace: string;
  readonly pages: string;
  readonly format?: string;
  readonly memory?: string;
  readonly limit?: number;
  readonly space: "anon" | "file";
  readonly time: "real" | "virtual";
  readonly device?: Simulation["device"];
  readonly think?: number;
  readonly seed: number;
  readonly json?: boolean;
}

export function addReplayOptions(command: Command): Command {
  return command
    .requiredOption("--trace <file>", "trace, in any format of docs/traces.md, also .gz and .zst")
    .requiredOption("--pages <file>", "page contents: a flat file of 4096-byte pages, also .gz and .zst")
    .option(
      "--format <name>",
      "format of the trace where its name and contents do not tell, e.g. tencent, csv:key=2:time=1",
    )
    .option("--memory <size>", "memory budget, e.g. 64MiB; default: the recipe's")
    .option("--limit <accesses>", "replay only the first so many", positiveInteger)
    .addOption(
      new Option("--space <kind>", "what the trace's pages are: anonymous memory, or a file behind the page cache")
        .choices(["anon", "file"])
        .default("anon"),
    )
    .addOption(
      new Option("--time <kind>", "real time, or virtual: a simulation on modelled devices, the same on every machine")
        .choices(["real", "virtual"])
        .default("real"),
    )
    .addOption(new Option("--device <model>", "in virtual time, what stores are; default: nvme").choices(DEVICE_MODELS))
    .option("--think <ns>", "in virtual time, nanoseconds between two accesses, on average; default: 0", wholeNumber)
    .option("--seed <number>", "choice of contents and everything else that is random", integer, 1)
    .option("--json", "print one JSON document on standard output");
}

/** Opens trace and pages, and counts what the trace touches. */
export function openInputs(flags: ReplayFlags, signal: AbortSignal): Promise<RunInputs> {
  return preparing(async () => {
    if (flags.memory !== undefined) parseSize(flags.memory, "--memory");
    const format = flags.format === undefined ? undefined : parseTraceFormat(flags.format);
    const trace = await openTrace(flags.trace, { format, limit: flags.limit });
    const pages = await openPages(flags.pages);
    const { objects } = await traceInfo(trace);
    const virtual = virtualOf(flags);
    if (objects === 0) throw new TierError("TRACE_EMPTY", `The trace ${flags.trace} holds no request.`);
    const { memory, limit, space, seed } = flags;
    return { trace, pages, objects, memory, limit, space, seed, virtual, signal };
  });
}

/** @throws CommandError for options of virtual time in real time */
function virtualOf({ time, device, think }: ReplayFlags): RunInputs["virtual"] {
  if (time === "virtual") return { device: device ?? "nvme", thinkNs: think ?? 0 };
  if (device === undefined && think === undefined) return undefined;
  const option = device === undefined ? "--think" : "--device";
  throw new CommandError(EXIT_WRONG, `${option} belongs to virtual time; add --time virtual, or leave it out.`);
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
