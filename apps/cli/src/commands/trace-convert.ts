import { renumberTrace, sampleTrace, type TraceReader } from "@pagetier/trace";
import type { Command } from "commander";
import { CommandError, EXIT_WRONG, preparing } from "../exit.js";
import { positiveInteger, samplingRate, wholeNumber } from "./replay-options.js";
import { addOutputOptions, assertApart, type OutputFlags, openTraceAs, writeAndReport } from "./trace-files.js";

interface ConvertFlags extends OutputFlags {
  readonly from?: string;
  readonly renumber?: boolean;
  readonly limit?: number;
}

interface SampleFlags extends ConvertFlags {
  readonly rate?: number;
  readonly skip?: number;
}

const OUTPUT_NAMES = "ends in .u32, .txt, .csv, .iolog, .oracleGeneral or .ptt; .gz and .zst pack it";

export function addTraceConvert(trace: Command, signal: AbortSignal): void {
  const command = trace
    .command("convert")
    .description("write a trace in another format")
    .argument("<in>", "a trace in any format of docs/traces.md, also .gz and .zst")
    .argument("<out>", OUTPUT_NAMES);
  addInputOptions(command).option("--limit <requests>", "only the first so many", positiveInteger);
  addOutputOptions(command).action(async (input: string, output: string, flags: ConvertFlags) => {
    const source = await openSource(input, output, flags, flags.limit);
    await writeAndReport(output, source, flags, signal, { input });
  });
}

export function addTraceSample(trace: Command, signal: AbortSignal): void {
  const command = trace
    .command("sample")
    .description("write a sample of a trace: some of its keys with all their requests, a slice, or both")
    .argument("<in>", "a trace in any format of docs/traces.md, also .gz and .zst")
    .argument("<out>", OUTPUT_NAMES)
    .option("--rate <share>", "share of the keys, chosen by their hash, e.g. 0.01 or 1% (SHARDS)", samplingRate)
    .option("--skip <requests>", "pass over so many at the beginning", wholeNumber)
    .option("--limit <requests>", "look at so many from there on", positiveInteger);
  addInputOptions(command);
  addOutputOptions(command).action(async (input: string, output: string, flags: SampleFlags) => {
    const { rate, skip, limit } = flags;
    if (rate === undefined && skip === undefined && limit === undefined) {
      throw new CommandError(EXIT_WRONG, "That is the whole trace; say which part of it: --rate, --skip, --limit.");
    }
    const source = await openSource(input, output, flags);
    await writeAndReport(output, sampleTrace(source, { rate, skip, limit }), flags, signal, { input, rate: rate ?? 1 });
  });
}

function addInputOptions(command: Command): Command {
  return command
    .option("--from <format>", "format of the trace where its name and contents do not tell, e.g. csv:key=2:time=1")
    .option("--renumber", "give keys small numbers, neighbours kept together; .u32 has room for keys below 2^31");
}

function openSource(input: string, output: string, flags: ConvertFlags, limit?: number): Promise<TraceReader> {
  return preparing(async () => {
    assertApart(input, output);
    const source = await openTraceAs(input, flags.from, { limit, frees: true, numbered: false });
    return flags.renumber ? renumberTrace(source) : source;
  });
}
