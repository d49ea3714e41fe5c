import { GENERATED_KINDS, type GeneratedKind, generateTrace } from "@pagetier/trace";
import { Argument, type Command, InvalidArgumentError } from "commander";
import { CommandError, EXIT_WRONG } from "../exit.js";
import { positiveInteger } from "./replay-options.js";
import { addOutputOptions, type OutputFlags, writeAndReport } from "./trace-files.js";

interface GenerateFlags extends OutputFlags {
  readonly output: string;
  readonly objects: number;
  readonly requests: number;
  readonly writes: number;
  readonly skew?: number;
  readonly rate?: number;
  readonly lifetime?: number;
  readonly scanPercent?: number;
  readonly scanPages?: number;
  readonly phases?: number;
  readonly keepPercent?: number;
  readonly steps?: number;
  readonly burstRequests?: number;
  readonly idleMs?: number;
}

/** Options that belong to some kinds only. */
const KINDS_WITH: Readonly<Partial<Record<keyof GenerateFlags, readonly GeneratedKind[]>>> = {
  skew: ["zipf", "scan-mix", "phases", "burst"],
  scanPercent: ["scan-mix"],
  scanPages: ["scan-mix"],
  phases: ["phases"],
  keepPercent: ["phases"],
  steps: ["steps"],
  burstRequests: ["burst"],
  idleMs: ["burst"],
};

const KINDS_AND_EXAMPLES = `
Kinds:
${Object.entries(GENERATED_KINDS)
  .map(([kind, summary]) => `  ${kind.padEnd(12)} ${summary}`)
  .join("\n")}

Examples:
  $ pagetier trace generate zipf --objects 100000 --requests 1000000 --output zipf.u32
  $ pagetier trace generate burst --rate 50000 --idle-ms 500 --output burst.csv.gz
  $ pagetier trace generate uniform --lifetime 20000 --output short-lived.ptt`;

export function addTraceGenerate(trace: Command, signal: AbortSignal): void {
  const command = trace
    .command("generate")
    .description("make up a trace; the same options give the same requests")
    .addArgument(new Argument("<kind>", "what comes after what").choices(Object.keys(GENERATED_KINDS)))
    .requiredOption(
      "-o, --output <file>",
      "ends in .u32, .txt, .csv, .iolog, .oracleGeneral or .ptt; .gz and .zst pack it",
    )
    .option("--objects <pages>", "pages to choose from", positiveInteger, 100_000)
    .option("--requests <number>", "reads and writes", positiveInteger, 1_000_000)
    .option("--writes <percent>", "share of writes", percent, 30)
    .option("--skew <exponent>", "of zipf, 0 or more; default: 1", notNegative)
    .option("--rate <requests>", "arrivals per second, at random; default: no times, and 100000 for burst", positive)
    .option("--lifetime <requests>", "free pages so many requests after their first touch, on average", positive)
    .option("--scan-percent <percent>", "scan-mix: share of requests that scan; default: 20", shareOfSome)
    .option(
      "--scan-pages <pages>",
      "scan-mix: pages that scans go through; default: 4 times --objects",
      positiveInteger,
    )
    .option("--phases <number>", "phases: how many; default: 4", positiveInteger)
    .option("--keep-percent <percent>", "phases: share of pages that stay; default: 10", percent)
    .option("--steps <number>", "steps: sizes up to all pages; default: 4", positiveInteger)
    .option("--burst-requests <number>", "burst: requests that come together; default: 10000", positiveInteger)
    .option("--idle-ms <ms>", "burst: silence between bursts; default: 100", positive)
    .addHelpText("after", KINDS_AND_EXAMPLES);
  addOutputOptions(command).action(async (kind: GeneratedKind, flags: GenerateFlags) => {
    checkFlags(kind, flags);
    const { output, objects, requests, writes, rate, ...rest } = flags;
    const source = generateTrace({
      ...rest,
      kind,
      pages: objects,
      requests,
      writePercent: writes,
      requestsPerSecond: rate,
    });
    await writeAndReport(output, source, flags, signal, { kind, objects });
  });
}

function checkFlags(kind: GeneratedKind, flags: GenerateFlags): void {
  for (const [option, kinds] of Object.entries(KINDS_WITH)) {
    if (flags[option as keyof GenerateFlags] === undefined || kinds.includes(kind)) continue;
    const name = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new CommandError(EXIT_WRONG, `--${name} belongs to ${kinds.join(", ")}, not to ${kind}; leave it out.`);
  }
}

function numberIn(text: string, least: number, most: number, accepted: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  throw new InvalidArgumentError(accepted);
}

function percent(text: string): number {
  return numberIn(text.replace(/%$/, ""), 0, 100, "Write a percentage from 0 to 100.");
}

function shareOfSome(text: string): number {
  return numberIn(text.replace(/%$/, ""), 0.001, 99, "Write a percentage of more than 0 and at most 99.");
}

function notNegative(text: string): number {
  return numberIn(text, 0, 100, "Write a number from 0 to 100.");
}

function positive(text: string): number {
  return numberIn(text, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER, "Write a number above 0.");
}
