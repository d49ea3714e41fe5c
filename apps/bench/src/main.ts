import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { openPages } from "@pagetier/trace";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { compareResults } from "./compare.js";
import { type ExperimentOptions, type ExperimentSuite, rowsOf, runExperiments } from "./experiment/experiment-suite.js";
import { writeReport } from "./report.js";
import { environment, RESULT_FORMAT, readResult, type SuiteResult, writeResult } from "./result-file.js";
import type { Suite, SuiteInput } from "./suite.js";
import { SUITES } from "./suites/index.js";
import { comparisonTable, rowsTable } from "./tables.js";

const BUNDLED_PAGES = fileURLToPath(new URL("../../../data/node-heap.pages.gz", import.meta.url));
const BUNDLED_TRACE = fileURLToPath(new URL("../../../data/programs.u32.gz", import.meta.url));

interface RunFlags {
  readonly pages: string;
  readonly trace: string;
  readonly rounds: number;
  readonly json?: string;
  readonly jobs?: number;
  readonly seeds?: number;
  readonly only?: string;
  readonly full?: boolean;
}

/** @returns the exit status: 0 done, 1 failed (or something became worse), 2 the command was wrong */
export async function main(args: readonly string[]): Promise<number> {
  let status = 0;
  const program = new Command("pagetier-bench")
    .description("Benchmarks of pagetier: CPU time as ratios within one run, and experiments in virtual time.")
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
    .option("--pages <file>", "page contents of measured suites; default: the bundled ones", BUNDLED_PAGES)
    .option("--trace <file>", "key trace of measured suites; default: the bundled one", BUNDLED_TRACE)
    .option("--rounds <number>", "repetitions of measured suites, interleaved", positive, 15)
    .option("--seeds <number>", "repetitions of simulated suites, each with a seed of its own", positive)
    .option("--jobs <number>", "simulations at a time; default: one per processor", positive)
    .option("--only <text>", "of simulated suites, the experiments whose names contain this")
    .option("--full", "whole traces in simulated suites, in place of slices; takes hours")
    .option("--json <file>", "also write the result to a file")
    .action((names: string[], flags: RunFlags) => run(names, flags));
  program
    .command("compare")
    .description("say what became better or worse beyond noise; exit status 1 if anything became worse")
    .argument("<base>", "a result of run --json")
    .argument("<new>", "another")
    .action((base: string, now: string) => {
      const comparison = compareResults(readResult(base), readResult(now));
      process.stdout.write(comparisonTable(comparison));
      if (comparison.changes.some(({ verdict }) => verdict === "regression")) status = 1;
    });
  program
    .command("report")
    .description("make one HTML page of a result")
    .argument("<result>", "a result of run --json")
    .argument("<page>", "the HTML file to write")
    .action((result: string, page: string) => {
      writeReport(readResult(result), page);
      process.stdout.write(`${page}\n`);
    });
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync([...args], { from: "user" });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!TierError.is(error)) throw error;
    process.stderr.write(`pagetier-bench: ${error.message}\n`);
    return error.code === "BENCH_UNKNOWN_SUITE" ? 2 : 1;
  }
}

async function run(names: readonly string[], flags: RunFlags): Promise<void> {
  const suites = names.map(suiteOf);
  const results: SuiteResult[] = [];
  let input: SuiteInput | undefined;
  for (const suite of suites) {
    if (!("run" in suite)) {
      results.push(await simulate(suite, flags));
      continue;
    }
    input ??= await measuredInput(flags);
    const rows = await suite.run(input);
    results.push({ suite: suite.name, rows });
    const repetitions = `${input.pages.length} pages, ${flags.rounds} rounds`;
    process.stdout.write(`${suite.name}: ${suite.summary} (${repetitions})\n${rowsTable(rows)}\n`);
  }
  if (flags.json === undefined) return;
  const { pages, trace, rounds } = flags;
  writeResult(flags.json, {
    format: RESULT_FORMAT,
    environment: { ...environment(), pages, trace, rounds, command: commandOf(names, flags) },
    results,
  });
}

/** The command, as far as it decides what comes out. */
function commandOf(names: readonly string[], { seeds, only, full }: RunFlags): string {
  const options = [
    ...(seeds === undefined ? [] : [`--seeds ${seeds}`]),
    ...(only === undefined ? [] : [`--only "${only}"`]),
    ...(full ? ["--full"] : []),
  ];
  return ["pagetier-bench run", ...names, ...options].join(" ");
}

async function simulate(suite: ExperimentSuite, flags: RunFlags): Promise<SuiteResult> {
  const started = Date.now();
  const onResult = (done: number, total: number): void => progress(suite.name, done, total, started);
  const seeds = flags.seeds === undefined ? undefined : Array.from({ length: flags.seeds }, (_, index) => index + 1);
  const options: ExperimentOptions = { jobs: flags.jobs, only: flags.only, full: flags.full, seeds, onResult };
  const cells = await runExperiments(suite, options);
  for (const { experiment, workload, contender, seed, error } of cells)
    if (error !== undefined) process.stderr.write(`${experiment}, ${workload}, ${contender}, seed ${seed}: ${error}\n`);
  const rows = rowsOf(cells);
  process.stdout.write(`${suite.name}: ${suite.summary} (${cells.length} runs in virtual time)\n${rowsTable(rows)}\n`);
  return { suite: suite.name, rows, cells };
}

function suiteOf(name: string): Suite | ExperimentSuite {
  const suite = SUITES.find((each) => each.name === name);
  if (suite !== undefined) return suite;
  const known = SUITES.map((each) => each.name).join(", ");
  throw new TierError("BENCH_UNKNOWN_SUITE", `There is no suite ${name}; the suites are ${known}.`, { name });
}

async function measuredInput(flags: RunFlags): Promise<SuiteInput> {
  exposeGc();
  const file = await openPages(flags.pages);
  const all = Array.from({ length: file.pages }, (_, index) =>
    file.bytes.slice(index * PAGE_SIZE, (index + 1) * PAGE_SIZE),
  );
  return { pages: all.filter((page) => !isSameFilled(page)), trace: flags.trace, rounds: flags.rounds };
}

/** How far it is, on a terminal in place, elsewhere now and then. */
function progress(suite: string, done: number, total: number, started: number): void {
  const seconds = (Date.now() - started) / 1000;
  const left = Math.round((seconds / done) * (total - done));
  const text = `${suite}: ${done} of ${total} runs, ${Math.floor(left / 60)} min ${left % 60} s left`;
  if (process.stderr.isTTY) process.stderr.write(`\r${text}  ${done === total ? "\n" : ""}`);
  else if (done === total || done % Math.ceil(total / 20) === 0) process.stderr.write(`${text}\n`);
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
