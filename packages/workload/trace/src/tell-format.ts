// What format a file has: told by its name and its first bytes. Where both leave it open, the error says what it could
// be; nobody guesses, since a trace read in a wrong format gives numbers that look right.

import { TierError } from "@pagetier/base";
import { FORMATS } from "./formats/catalogue.js";
import type { Head, Recognition } from "./formats/format.js";
import { looksLikeText } from "./formats/line-decoder.js";
import type { Input } from "./input.js";
import { TRACE_FORMATS, type TraceFormat } from "./trace.js";

/** Bytes looked at. */
const HEAD_BYTES = 4096;
const LINE_SHOWN_MAX = 60;

/** Reads the first bytes of a file. */
export async function readHead(input: Input): Promise<Head> {
  const bytes = new Uint8Array(HEAD_BYTES);
  let length = 0;
  for await (const chunk of input.chunks()) {
    const part = chunk.subarray(0, HEAD_BYTES - length);
    bytes.set(part, length);
    length += part.length;
    if (length === HEAD_BYTES) break;
  }
  const head = bytes.subarray(0, length);
  return { bytes: head, contentBytes: input.contentBytes, lines: looksLikeText(head) ? linesOf(head) : undefined };
}

function linesOf(head: Uint8Array): string[] {
  const text = Buffer.from(head)
    .toString("latin1")
    .replace(/^\u00ef\u00bb\u00bf/, "");
  return text.split(/\r?\n/).filter((line) => line.trim() !== "" && !/^\s*[#*]/.test(line));
}

/** The last part of a path without `.gz` or `.zst`, in lower case. */
export function bareName(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  return name.replace(/\.(gz|zst)$/i, "").toLowerCase();
}

/** The format that a file's name says; `undefined`: it says none. */
export function formatNamed(path: string): TraceFormat | undefined {
  const name = bareName(path);
  return TRACE_FORMATS.find((format) => FORMATS[format].isNamed?.(name));
}

/**
 * Tells a file's format.
 *
 * @throws TierError TRACE_FORMAT when name and contents contradict each other, or leave it open
 */
export function tellFormat(path: string, head: Head): TraceFormat {
  if (bareName(path).endsWith(".pages")) {
    throw formatError(path, "looks like a page file by its name; did you swap --trace and --pages?");
  }
  const known = formatsThat(head, "certain");
  const certain = known.length > 0 ? known : formatsThat(head, "likely");
  const named = formatNamed(path);
  if (named !== undefined) {
    const isText = head.lines !== undefined;
    const contradicted = certain.length > 0 && !certain.includes(named) && FORMATS[named].recognise(head) === "no";
    if (FORMATS[named].isText === isText && !contradicted) return named;
    const what = certain.length > 0 ? inWords(certain) : isText ? "text" : "no text";
    throw formatError(path, `is named as ${named} but holds ${what}; state its format (--format NAME).`);
  }
  if (certain.length === 1) return certain[0]!;
  if (certain.length > 1) {
    throw formatError(path, `could be ${inWords(certain)} by its contents; state which one (--format NAME).`);
  }
  const possible = formatsThat(head, "possible").map((format) => withRequests(path, format, head));
  const could = possible.length === 0 ? "" : `; it could be ${inWords(possible)}`;
  if (head.lines === undefined) {
    throw formatError(
      path,
      `has a format that its name and contents do not tell${could}; state it (--format ${namesOf(false)}); ` +
        "if it holds pages, use it as page file.",
    );
  }
  if (bareName(path).endsWith(".txt")) return "text"; // Whose decoder names the line that is none.
  throw formatError(
    path,
    `is text whose first line tells no format: ${firstLine(head.lines)}${could}; state it (--format ${namesOf(true)}), ` +
      "or which column is what (--format csv:key=2:time=1).",
  );
}

/** All formats of text, or all others. */
function namesOf(isText: boolean): string {
  return inWords(TRACE_FORMATS.filter((format) => FORMATS[format].isText === isText));
}

function firstLine(lines: readonly string[]): string {
  return JSON.stringify((lines[0] ?? "").slice(0, LINE_SHOWN_MAX));
}

/** A format, with the number of its requests if that follows from the file's length. */
function withRequests(path: string, format: TraceFormat, head: Head): string {
  const { requestBytes, headerBytes = 0 } = FORMATS[format].open({ path, head, options: {} });
  if (requestBytes === undefined || head.contentBytes === undefined) return format;
  return `${format} (requests: ${Math.floor((head.contentBytes - headerBytes) / requestBytes)})`;
}

/** `a`, `a or b`, `a, b or c`. */
function inWords(formats: readonly string[]): string {
  return formats.join(", ").replace(/, ([^,]*)$/, " or $1");
}

function formatError(path: string, what: string): TierError {
  return new TierError("TRACE_FORMAT", `The trace ${path} ${what}`, { path });
}

function formatsThat(head: Head, recognition: Recognition): TraceFormat[] {
  return TRACE_FORMATS.filter((format) => FORMATS[format].recognise(head) === recognition);
}
