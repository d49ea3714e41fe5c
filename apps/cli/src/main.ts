import { readFileSync } from "node:fs";
import { TierError } from "@pagetier/base";
import { Command, CommanderError } from "commander";
import { addDoctor } from "./commands/doctor.js";
import { addInit } from "./commands/init.js";
import { addLend } from "./commands/lend.js";
import { addPlugins } from "./commands/plugins.js";
import { addPolicy } from "./commands/policy.js";
import { addPool } from "./commands/pool.js";
import { addReport } from "./commands/report.js";
import { addCompare, addRun } from "./commands/run.js";
import { addTrace } from "./commands/trace.js";
import { CommandError, EXIT_FAILED, EXIT_INTERRUPTED, EXIT_OK, EXIT_WRONG } from "./exit.js";
import { note, watchOutput } from "./terminal.js";

const EXAMPLES = `
Examples:
  $ pagetier compare none simple zswap --trace t.u32.zst --pages p.pages.zst --memory 64MiB
  $ pagetier run ./my-recipe.yaml --trace t.u32.zst --pages p.pages.zst --json
  $ pagetier pool --pages p.pages.zst --allocator zsmalloc,kmalloc --compressor lz4,deflate
  $ pagetier pool --pid 4711
  $ pagetier doctor
  $ pagetier policy --trace t.u32.zst --policy lru,sieve,belady --capacity 1000,10%
  $ pagetier trace info t.u32.zst
  $ pagetier compare none zswap --trace t.u32.zst --pages p.pages.zst --report out.html
  $ pagetier report runs.json pools.html --output both.html
  $ pagetier init ./my-recipe.yaml
  $ pagetier plugins zsmalloc
  $ pagetier lend --redis redis://127.0.0.1:6379 --memory 2GiB

Exit status: 0 done, 1 the run failed, 2 the command was wrong, 130 interrupted.`;

/**
 * Runs one command.
 *
 * @param args as after `pagetier`
 * @returns the exit status
 */
export async function main(args: readonly string[]): Promise<number> {
  const abort = new AbortController();
  const outputFailure = watchOutput();
  const onInterrupt = (): void => {
    if (abort.signal.aborted) process.exit(EXIT_INTERRUPTED); // The second Ctrl-C does not wait.
    abort.abort(new CommandError(EXIT_INTERRUPTED, "Interrupted; everything temporary is cleaned up."));
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onInterrupt);
  try {
    await programOf(abort.signal).parseAsync([...args], { from: "user" });
    const failure = await outputFailure();
    if (failure === undefined) return EXIT_OK;
    throw new CommandError(
      EXIT_FAILED,
      `The result cannot be written to standard output (${failure}); free its disk, or send it elsewhere.`,
    );
  } catch (error) {
    return statusOf(error);
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
  }
}

function programOf(signal: AbortSignal): Command {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  const program = new Command("pagetier")
    .description("Keep more data in less RAM: compose, replay and measure storage-tiering stacks.")
    .version(version)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, "pagetier: ").replace("\n(", " (")),
    })
    .addHelpText("after", EXAMPLES);
  addRun(program, signal);
  addCompare(program, signal);
  addPool(program, signal);
  addPolicy(program, signal);
  addTrace(program, signal);
  addReport(program);
  addInit(program);
  addPlugins(program);
  addDoctor(program, signal);
  addLend(program, signal);
  for (const command of program.commands) command.exitOverride();
  return program;
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_WRONG;
  if (error instanceof CommandError) {
    note(`pagetier: ${error.message}`);
    return error.status;
  }
  if (TierError.is(error)) {
    note(`pagetier: ${error.message} (${error.code})`);
    return EXIT_FAILED;
  }
  throw error; // A bug of ours: the stack trace is what is needed.
}
