import { stripVTControlCharacters } from "node:util";
import { formatSize, PAGE_SIZE } from "@pagetier/base";
import Table from "cli-table3";
import { colours, count, duration, terminalColumns } from "../terminal.js";
import type { RunReport } from "./run-report.js";

/** Runs side by side, one column each, in words that need no glossary; in several tables where the terminal is too narrow. */
export function runTable(runs: readonly RunReport[], width = terminalColumns()): string {
  const tables: string[] = [];
  for (let first = 0; first < runs.length; ) {
    let last = runs.length;
    while (last > first + 1 && columnsOf(tableOf(runs, first, last)) > width) last--;
    tables.push(tableOf(runs, first, last));
    first = last;
  }
  return tables.join("\n");
}

/** Rows are those that say something about any of the runs, so that tables of a comparison have the same. */
function tableOf(runs: readonly RunReport[], first: number, last: number): string {
  const shown = runs.slice(first, last);
  const table = new Table({
    head: ["", ...shown.map((run) => run.recipe)],
    colAligns: ["left", ...shown.map(() => "right" as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const [label, cell] of ROWS) {
    const cells = runs.map(cell);
    if (cells.every((text) => text === "")) continue;
    table.push([label, ...cells.slice(first, last).map((text) => (text === "" ? "–" : text))]);
  }
  return table.toString();
}

/** Columns of the widest line, colours left out. */
function columnsOf(text: string): number {
  return Math.max(
    ...stripVTControlCharacters(text)
      .split("\n")
      .map((line) => line.length),
  );
}

/** One line above the table: the data and where it came from. */
export function runHeading(run: RunReport): string {
  const data = formatSize(run.uniquePages * PAGE_SIZE);
  const memory = formatSize(run.memory.budgetBytes);
  const { operations } = run;
  if (operations !== undefined) {
    const most = formatSize(operations.livePagesMax * PAGE_SIZE);
    return `${colours.bold(`At most ${most} of data at a time in ${memory} of memory`)}: ${count(run.accesses)} accesses of ${run.trace}, with its own contents; ${count(operations.freedPages)} pages were freed.`;
  }
  return `${colours.bold(`${data} of data in ${memory} of memory`)}: ${count(run.accesses)} accesses of ${run.trace}, contents of ${run.pages}.`;
}

const ROWS: readonly (readonly [string, (run: RunReport) => string])[] = [
  ["faults served from disk", (run) => count(run.faults.majorFrom.store)],
  ["faults served from compressed memory", (run) => nonZero(run.faults.majorFrom.pool)],
  ["pages written to disk", (run) => count(run.counters.mm?.device_writes ?? 0)],
  ["pages compressed", (run) => nonZero(compressed(run))],
  ["now in the pool", (run) => (pool(run) === undefined ? "" : `${count(pool(run)!.pages)} pages`)],
  ["  their bytes, compressed", (run) => poolBytes(run)],
  ["  memory that takes, tables included", (run) => poolMemory(run)],
  ["peak memory", (run) => formatSize(run.memory.peakBytes)],
  ["time spent waiting for memory", (run) => duration(run.stall.someMs)],
  ["time", (run) => duration(run.elapsedMs)],
  ["latency from arrival: median, 99 %", (run) => (run.loop === "open" ? quantiles(run, "p50Ns", "p99Ns") : "")],
  ["  99.9 %, longest", (run) => (run.loop === "open" ? quantiles(run, "p999Ns", "maxNs") : "")],
  ["  began late, at worst", (run) => (run.openLoop === undefined ? "" : shortTime(run.openLoop.behindMsMax * 1e6))],
  ["pages read back and equal", (run) => verdict(run)],
];

type Tier = Pick<RunReport["tiers"][number], "name" | "pages" | "frames" | "bytes">;

/** What the pools of a run hold together: zcache has one for each hook. */
function pool(run: RunReport): Tier | undefined {
  const [first, ...others] = run.tiers.filter((tier) => tier.kind === "pool");
  return others.reduce<Tier | undefined>(
    (sum, tier) =>
      sum && {
        name: sum.name,
        pages: sum.pages + tier.pages,
        frames: sum.frames + tier.frames,
        bytes: sum.bytes + tier.bytes,
      },
    first,
  );
}

/** Pages that were looked at to be kept: not those that a limit or a filter turned away before. */
function compressed(run: RunReport): number {
  const stores = poolCounter(run, "stores") - poolCounter(run, "reject_limit");
  // Those of files are counted by the side that cleancache has, whatever backend that is of.
  let files = 0;
  for (const part of Object.values(run.counters))
    files += (part.eph_puts ?? 0) - (part.eph_nonactive_puts_ignored ?? 0);
  return stores + files;
}

/** A counter of the frontswap backend, by its name in reports. */
function poolCounter(run: RunReport, name: string): number {
  return run.counters["frontswap.backend"]?.[name] ?? run.counters[pool(run)?.name ?? ""]?.[name] ?? 0;
}

function nonZero(value: number): string {
  return value > 0 ? count(value) : "";
}

function poolBytes(run: RunReport): string {
  const tier = pool(run);
  if (tier === undefined || tier.pages === 0) return "";
  return `${formatSize(tier.pages * PAGE_SIZE)} → ${formatSize(tier.bytes)}`;
}

function poolMemory(run: RunReport): string {
  const tier = pool(run);
  if (tier === undefined || tier.pages === 0) return "";
  const bytes = tier.frames * PAGE_SIZE;
  return `${formatSize(bytes)} (${((tier.pages * PAGE_SIZE) / bytes).toFixed(1)} : 1)`;
}

function quantiles(run: RunReport, first: "p50Ns" | "p999Ns", second: "p99Ns" | "maxNs"): string {
  return `${shortTime(run.latency[first])}, ${shortTime(run.latency[second])}`;
}

/** Nanoseconds for people: `850 ns`, `3.2 µs`, `12 ms`. */
function shortTime(ns: number): string {
  if (ns < 1000) return `${Math.round(ns)} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toPrecision(3)} µs`;
  return ns < 1e9 ? `${(ns / 1e6).toPrecision(3)} ms` : duration(ns / 1e6);
}

function verdict(run: RunReport): string {
  if (run.mismatches > 0) return colours.red(`${count(run.mismatches)} WRONG`);
  if (run.error === undefined && run.verified === 0)
    return run.reads + run.writes > 0 ? "not compared" : "none was read again";
  return run.error === undefined ? colours.green(`all ${count(run.verified)}`) : colours.red("ended early");
}
