import { formatSize, PAGE_SIZE } from "@pagetier/base";
import { type TraceInfo, traceInfo } from "@pagetier/trace";
import type { Command } from "commander";
import { count, duration, print, printJson } from "../terminal.js";
import { positiveInteger } from "./replay-options.js";
import { openTraceAs, whileReading } from "./trace-files.js";

interface InfoFlags {
  readonly format?: string;
  readonly limit?: number;
  readonly json?: boolean;
}

/** What `trace info --json` prints. */
interface InfoReport extends Omit<TraceInfo, "durationMs" | "keys"> {
  readonly leastKey: number | null;
  readonly mostKey: number | null;
  readonly footprintBytes: number;
  readonly durationMs: number | null;
  /** Reading alone, decompression and numbering of keys included. */
  readonly reading: { readonly cpuMs: number; readonly requestsPerSecond: number };
}

export function addTraceInfo(trace: Command, signal: AbortSignal): void {
  trace
    .command("info")
    .description("read a trace and say what is in it")
    .argument("<file>", "a trace in any format of docs/traces.md, also .gz and .zst")
    .option("--format <name>", "its format where name and contents do not tell, e.g. tencent, csv:key=2:time=1")
    .option("--limit <requests>", "read only the first so many", positiveInteger)
    .option("--json", "print one JSON document on standard output")
    .action(async (path: string, flags: InfoFlags) => {
      const report = await readInfo(path, flags, signal);
      if (flags.json) printJson(report);
      else print(inWords(report));
    });
}

async function readInfo(path: string, { format, limit }: InfoFlags, signal: AbortSignal): Promise<InfoReport> {
  const trace = await openTraceAs(path, format, { limit, frees: true });
  const start = process.cpuUsage();
  const { keys, durationMs, ...info } = await whileReading("reading", trace, signal, (onBatch) =>
    traceInfo(trace, {}, onBatch),
  );
  const { user, system } = process.cpuUsage(start);
  const cpuMs = (user + system) / 1000;
  return {
    ...info,
    leastKey: keys?.least ?? null,
    mostKey: keys?.most ?? null,
    footprintBytes: info.objects * PAGE_SIZE,
    durationMs: durationMs ?? null,
    reading: { cpuMs, requestsPerSecond: (info.requests * 1000) / Math.max(cpuMs, 0.001) },
  };
}

/** What the keys are. */
const ADDRESSES: Readonly<Record<TraceInfo["addresses"], string>> = {
  memory: "pages of memory",
  blocks: "pages of devices or files",
  objects: "objects, each taken as a page",
  keys: "pages",
};

function inWords(info: InfoReport): string {
  const { requests, reads, writes, frees, objects, durationMs, reading } = info;
  const packing = info.compression === "none" ? "" : `, ${info.compression}`;
  const share = (part: number): string => `${count(part)} (${((100 * part) / requests).toFixed(1)} %)`;
  const rows: [string, string][] = [
    ["format", `${info.format}${packing}`],
    ["requests", count(requests)],
    ["  reads", share(reads)],
    ["  writes", share(writes)],
  ];
  if (frees > 0) rows.push(["  frees", share(frees)]);
  rows.push(["distinct", `${count(objects)} ${ADDRESSES[info.addresses]}: ${formatSize(info.footprintBytes)}`]);
  rows.push(["keys", `${info.leastKey} to ${info.mostKey}`]);
  rows.push(["arrival times", durationMs === null ? "none" : spanInWords(durationMs, requests)]);
  for (const [what, number] of Object.entries(info.skipped)) rows.push([what, `${count(number)} left out`]);
  rows.push(["reading speed", `${count(reading.requestsPerSecond)} requests per second of CPU`]);
  const width = Math.max(...rows.map(([label]) => label.length));
  return [info.name, ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`)].join("\n");
}

function spanInWords(ms: number, requests: number): string {
  const rate = ms > 0 ? `, ${count((requests * 1000) / ms)} requests per second` : "";
  return `over ${duration(ms)}${rate}`;
}
