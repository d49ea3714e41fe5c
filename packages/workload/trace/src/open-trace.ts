import { TierError } from "@pagetier/base";
import type { TraceDecoder } from "./formats/decoder.js";
import { looksLikeOracleGeneral, ORACLE_GENERAL_BYTES, OracleGeneralDecoder } from "./formats/oracle-general.js";
import { looksLikeText, TextDecoder } from "./formats/text.js";
import { U32_BYTES, U32Decoder } from "./formats/u32.js";
import { type Input, openInput } from "./input.js";
import type { Compression } from "./input-error.js";
import { KeyMap } from "./key-map.js";
import { BatchBuffer, type TraceBatch, type TraceFormat, type TraceReader } from "./trace.js";

export interface TraceOptions {
  /** States the format; by default it is told by the file's name and contents. */
  readonly format?: TraceFormat | undefined;
  /** Reads only the first so many requests. */
  readonly limit?: number | undefined;
}

/** Bytes looked at to tell the format. */
const HEAD_BYTES = 4096;

/**
 * Opens a trace: `.u32`, oracleGeneral or plain text, each also compressed with gzip or zstd. Nothing but its first
 * bytes is read until the reader is iterated; then memory is bounded by the number of distinct keys.
 *
 * @throws TierError `TRACE_OPEN`, `TRACE_EMPTY`, `TRACE_CORRUPT`, `TRACE_FORMAT`, and while reading `TRACE_CORRUPT`,
 *   `TRACE_TRUNCATED`, `TRACE_BAD_LINE`
 */
export async function openTrace(path: string, options: TraceOptions = {}): Promise<TraceReader> {
  const input = await openInput(path, "trace");
  const format = options.format ?? formatOf(path, await headOf(input));
  return new FileTrace(input, format, options.limit ?? Number.POSITIVE_INFINITY);
}

/** The extension of a path without `.gz` or `.zst`, in lower case: `"u32"`, `"pages"`, `""`. */
export function extensionOf(path: string): string {
  const name = path.replace(/\.(gz|zst)$/i, "");
  return /\.([^./\\]*)$/.exec(name)?.[1]?.toLowerCase() ?? "";
}

/** Tells by the name whether a path is a trace's. */
export function isTraceName(path: string): boolean {
  return extensionOf(path) === "u32" || /oraclegeneral/i.test(baseName(path));
}

function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

async function headOf(input: Input): Promise<Uint8Array> {
  const head = new Uint8Array(HEAD_BYTES);
  let length = 0;
  for await (const chunk of input.chunks()) {
    const part = chunk.subarray(0, HEAD_BYTES - length);
    head.set(part, length);
    length += part.length;
    if (length === HEAD_BYTES) break;
  }
  return head.subarray(0, length);
}

function formatOf(path: string, head: Uint8Array): TraceFormat {
  const extension = extensionOf(path);
  if (extension === "pages") {
    throw formatError(path, "looks like a page file by its name; did you swap --trace and --pages?");
  }
  if (extension === "u32") {
    if (!looksLikeText(head)) return "u32";
    throw formatError(path, "is named .u32 but holds text; state its format (text, or u32 if it is not text).");
  }
  if (/oraclegeneral/i.test(baseName(path))) {
    if (!looksLikeText(head)) return "oracleGeneral";
    throw formatError(path, "is named oracleGeneral but holds text; state its format.");
  }
  if (looksLikeText(head)) return "text";
  if (looksLikeOracleGeneral(head)) return "oracleGeneral";
  throw formatError(
    path,
    "has a format that its name and contents do not tell; state it (u32, oracleGeneral or text), and if it holds pages, use it as page file.",
  );
}

function formatError(path: string, what: string): TierError {
  return new TierError("TRACE_FORMAT", `The trace ${path} ${what}`, { path });
}

function decoderOf(format: TraceFormat, path: string): TraceDecoder {
  if (format === "u32") return new U32Decoder(path);
  if (format === "oracleGeneral") return new OracleGeneralDecoder(path);
  return new TextDecoder(path);
}

class FileTrace implements TraceReader {
  readonly name: string;
  readonly compression: Compression;
  readonly addresses = "keys";
  readonly total: number | undefined;
  readonly keys = new KeyMap();
  readonly #input: Input;
  readonly #limit: number;

  constructor(
    input: Input,
    readonly format: TraceFormat,
    limit: number,
  ) {
    this.name = input.path;
    this.compression = input.compression;
    this.#input = input;
    this.#limit = limit;
    const recordBytes = format === "u32" ? U32_BYTES : ORACLE_GENERAL_BYTES;
    if (format !== "text" && input.contentBytes !== undefined) {
      this.total = Math.min(limit, Math.floor(input.contentBytes / recordBytes));
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TraceBatch, void, undefined> {
    const decoder = decoderOf(this.format, this.name);
    const batch = new BatchBuffer();
    let read = 0;
    for await (const chunk of this.#input.chunks()) {
      for (let at = 0; at < chunk.length; ) {
        at = decoder.decode(chunk, at, batch);
        if (batch.length < batch.capacity) continue;
        read += this.#close(batch, read);
        yield batch;
        if (read >= this.#limit) return;
        batch.length = 0;
      }
    }
    decoder.finish(batch);
    if (batch.length > 0) {
      read += this.#close(batch, read);
      yield batch;
    } else if (read === 0) {
      throw new TierError("TRACE_EMPTY", `The trace ${this.name} holds no request; make or fetch it again.`, {
        path: this.name,
      });
    }
  }

  /** Cuts a batch at the limit and numbers its keys. */
  #close(batch: BatchBuffer, read: number): number {
    batch.length = Math.min(batch.length, this.#limit - read);
    this.keys.numberAll(batch.keys, batch.pages, 0, batch.length);
    return batch.length;
  }
}
