import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { openPages } from "@pagetier/trace";
import Table from "cli-table3";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import type { Row } from "./suite.js";
import { SUITES } from "./suites/index.js";

const BUNDLED_PAGES = fileURLToPath(new URL("../../../data/node-heap.pages.gz", import.meta.url));
const BUNDLED_TRACE = fileURLToPath(new URL("../../../data/programs.u32.gz", import.meta.url));

interface RunFlags {
  readonly pages: string;
  readonly trace: string;
  readonly rounds: number;
  readonly json?: string;
}

/** @returns the exit status: 0 done, 1 failed, 2 the command was wrong */
export async function main(args: readonly string[]): Promise<number> {
  const program = new Command("pagetier-bench")
    .description("Benchmarks of pagetier: every number is CPU time, every comparison a ratio within one run.")
    .exitOverride();
  program
    .command("list")
    .description("list the suites")
    .action(() => {
      for (const { name, summary } of SUITES) process.stdout.write(`${name.padEnd(12)} ${summary}\n`);
    });
  program
    .command("run")
    .description("run suites")
    .argument("<suites...>", "names of suites")
    .option("--pages <file>", "page contents; default: the bundled ones", BUNDLED_PAGES)
    .option("--trace <file>", "key trace; default: the bundled one", BUNDLED_TRACE)
    .option("--rounds <number>", "repetitions, interleaved", positive, 15)
    .option("--json <file>", "also write the result to a file")
    .action((names: string[], flags: RunFlags) => run(names, flags));
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!TierError.is(error)) throw error;
    process.stderr.write(`pagetier-bench: ${error.message}\n`);
    return error.code === "BENCH_UNKNOWN_SUITE" ? 2 : 1;
  }
}

async function run(names: readonly string[], flags: RunFlags): Promise<void> {
  const suites = names.map((name) => {
    const suite = SUITES.find((each) => each.name === name);
    if (suite !== undefined) return suite;
    const known = SUITES.map((each) => each.name).join(", ");
    throw new TierError("BENCH_UNKNOWN_SUITE", `There is no suite ${name}; the suites are ${known}.`, { name });
  });
  exposeGc();
  const file = await openPages(flags.pages);
  const pages = Array.from({ length: file.pages }, (_, index) =>
    file.bytes.slice(index * PAGE_SIZE, (index + 1) * PAGE_SIZE),
  ).filter((page) => !isSameFilled(page));
  const results: { suite: string; rows: Row[] }[] = [];
  for (const suite of suites) {
    const rows = await suite.run({ pages, trace: flags.trace, rounds: flags.rounds });
    results.push({ suite: suite.name, rows });
    process.stdout.write(
      `${suite.name}: ${suite.summary} (${pages.length} pages, ${flags.rounds} rounds)\n${tableOf(rows)}\n`,
    );
  }
  if (flags.json === undefined) return;
  const environment = {
    node: process.version,
    platform: process.platform,
    cpu: cpus()[0]?.model ?? "unknown",
    pages: file.name,
    trace: flags.trace,
    rounds: flags.rounds,
  };
  writeFileSync(flags.json, `${JSON.stringify({ environment, results }, null, 2)}\n`);
}

function tableOf(rows: readonly Row[]): string {
  const table = new Table({
    head: ["", "median", "middle half", "unit"],
    colAligns: ["left", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, value, low, high, unit } of rows)
    table.push([name, digits(value), `${digits(low)} – ${digits(high)}`, unit]);
  return table.toString();
}

function digits(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toFixed(2);
}

function isSameFilled(page: Uint8Array): boolean {
  return Buffer.compare(page.subarray(8), page.subarray(0, PAGE_SIZE - 8)) === 0;
}

/** Makes `globalThis.gc` exist without a flag on the command line. */
function exposeGc(): void {
  setFlagsFromString("--expose-gc");
  globalThis.gc = runInNewContext("gc") as typeof globalThis.gc;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(Number.isSafeInteger(value) && value > 0)) throw new InvalidArgumentError("Write a positive whole number.");
  return value;
}
