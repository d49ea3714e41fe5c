import type { Command } from "commander";
import { addTraceConvert, addTraceSample } from "./trace-convert.js";
import { addTraceGenerate } from "./trace-generate.js";
import { addTraceImport } from "./trace-import.js";
import { addTraceInfo } from "./trace-info.js";

/** `pagetier trace …`: what is done with traces and workloads as files. */
export function addTrace(program: Command, signal: AbortSignal): void {
  const trace = program.command("trace").description("look at traces, convert, sample and make them");
  addTraceInfo(trace, signal);
  addTraceConvert(trace, signal);
  addTraceSample(trace, signal);
  addTraceGenerate(trace, signal);
  addTraceImport(trace, signal);
  for (const command of trace.commands) command.exitOverride();
}
