import { findRecipe } from "@pagetier/stack";
import type { Command } from "commander";
import { CommandError, EXIT_FAILED, preparing } from "../exit.js";
import type { RunReport } from "../report/run-report.js";
import { runHeading, runTable } from "../report/run-table.js";
import { addReportOption, checkReportPath, writeReport } from "../report/write-report.js";
import { count, note, print, printJson } from "../terminal.js";
import { addReplayOptions, openReplay, type ReplayFlags } from "./replay-options.js";

export function addRun(program: Command, signal: AbortSignal): void {
  const command = program
    .command("run")
    .description("replay a trace on one stack, verify every page, and report")
    .argument("[recipe]", "a preset's name, or a path to a recipe (contains / or an extension)", "zswap");
  addReportOption(addReplayOptions(command)).action(async (recipe: string, flags: ReplayFlags) => {
    await checkReportPath(flags.report);
    const report = await (await openReplay(flags, [recipe], signal))(recipe);
    if (flags.json) printJson(report);
    else {
      print(runHeading(report));
      print(runTable([report]));
    }
    await writeReport(flags.report, report);
    throwIfFailed([report]);
  });
}

export function addCompare(program: Command, signal: AbortSignal): void {
  const command = program
    .command("compare")
    .description("replay the same trace on several stacks, one after another")
    .argument("<recipes...>", "presets' names, or paths to recipes");
  addReportOption(addReplayOptions(command)).action(async (recipes: string[], flags: ReplayFlags) => {
    await checkReportPath(flags.report);
    // All of them first: nobody wants to learn of a wrong name when the ones before it have run.
    for (const recipe of recipes) await preparing(() => findRecipe(recipe, process.cwd()));
    const replay = await openReplay(flags, recipes, signal);
    const runs: RunReport[] = [];
    for (const recipe of recipes) runs.push(await replay(recipe));
    if (flags.json) printJson({ runs });
    else {
      print(runHeading(runs[0]!));
      print(runTable(runs));
    }
    await writeReport(flags.report, { runs });
    throwIfFailed(runs);
  });
}

/** The report is out; what went wrong in it decides the exit status. */
function throwIfFailed(runs: readonly RunReport[]): void {
  const failures: string[] = [];
  for (const run of runs) {
    if (run.mismatches > 0)
      failures.push(`${run.recipe}: ${count(run.mismatches)} pages came back with other bytes than were written.`);
    if (run.error === undefined) continue;
    const { audit } = run;
    const lost = audit === undefined ? 0 : audit.mismatches + audit.unreadable;
    const held =
      audit === undefined
        ? "What was written until then was not looked at (--verify none)."
        : lost === 0
          ? `Nothing was lost: all ${count(audit?.verified ?? 0)} pages written until then were read back.`
          : `${count(lost)} of ${count(audit?.pages ?? 0)} pages could not be read back.`;
    failures.push(
      `${run.recipe}: ${run.error.message} (${run.error.code}, after ${count(run.accesses)} accesses) ${held}`,
    );
  }
  if (failures.length === 0) return;
  for (const failure of failures.slice(0, -1)) note(failure);
  throw new CommandError(EXIT_FAILED, failures.at(-1)!);
}
