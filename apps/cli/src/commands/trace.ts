import type { Command } from "commander";
import { addTraceImport } from "./trace-import.js";

/** `pagetier trace …`: what is done with traces and workloads as files. */
export function addTrace(program: Command, signal: AbortSignal): void {
  const trace = program.command("trace").description("make workloads of what programs do");
  addTraceImport(trace, signal);
  for (const command of trace.commands) command.exitOverride();
}
