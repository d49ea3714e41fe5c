import { TierError } from "@pagetier/base";
import { FORMATS } from "./formats/catalogue.js";
import type { FormatOptions } from "./formats/format.js";
import { TRACE_FORMATS, type TraceFormat } from "./trace.js";

/** A format, and options of it. */
export interface TraceFormatSpec {
  readonly format: TraceFormat;
  readonly options: FormatOptions;
}

/** Other names that people know formats by. */
const ALIASES: Readonly<Record<string, TraceFormat>> = { lirs: "text", txt: "text", lis: "arc", iolog: "fio" };

/**
 * Reads a format as a user writes it: `msr`, `csv:key=2:time=1`.
 *
 * @throws TierError TRACE_FORMAT when there is no such format, or it has no such option
 */
export function parseTraceFormat(text: string): TraceFormatSpec {
  const [name = "", ...pairs] = text.split(":");
  const lower = name.trim().toLowerCase();
  const format = ALIASES[lower] ?? TRACE_FORMATS.find((each) => each.toLowerCase() === lower);
  if (format === undefined) {
    throw new TierError(
      "TRACE_FORMAT",
      `The trace format ${JSON.stringify(name)} is unknown; write one of ${TRACE_FORMATS.join(", ")}.`,
      { format: name },
    );
  }
  const options: Record<string, string> = {};
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    const option = pair.slice(0, Math.max(0, equals)).trim();
    const known = FORMATS[format].options ?? {};
    if (equals < 0 || !Object.hasOwn(known, option)) throw unknownOption(format, pair, Object.keys(known));
    options[option] = pair.slice(equals + 1).trim();
  }
  return { format, options };
}

function unknownOption(format: TraceFormat, pair: string, known: readonly string[]): TierError {
  const remedy =
    known.length === 0 ? "it has no options" : `write ${format}:OPTION=VALUE with one of ${known.join(", ")}`;
  return new TierError("TRACE_FORMAT", `The trace format ${format} has no option ${JSON.stringify(pair)}; ${remedy}.`, {
    format,
    option: pair,
  });
}
