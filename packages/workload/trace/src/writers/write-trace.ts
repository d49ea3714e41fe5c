import { TierError } from "@pagetier/base";
import { bareName } from "../tell-format.js";
import { BATCH_REQUESTS, BatchBuffer, REQUEST_OPS, type TraceBatch, type TraceReader } from "../trace.js";
import { OracleGeneralEncoder, U32Encoder } from "./binary-encoders.js";
import type { TraceEncoder } from "./encoder.js";
import { Output } from "./output.js";
import { CsvEncoder, FioEncoder, TextEncoder } from "./text-encoders.js";
import { writeContainer } from "./write-container.js";
import {
  WRITTEN_FORMATS,
  type WriteControl,
  type WrittenFormat,
  type WrittenTrace,
  withoutZeroes,
} from "./written-trace.js";

/** The format that a file's name says; `undefined`: none that can be written. */
export function writtenFormatOf(path: string): WrittenFormat | undefined {
  const name = bareName(path);
  const formats = Object.entries(WRITTEN_FORMATS) as [WrittenFormat, readonly string[]][];
  return formats.find(([, ends]) => ends.some((end) => name.endsWith(end)))?.[0];
}

/**
 * Writes a trace to a file, which has its name only when it is whole.
 *
 * @param trace with frees, if they are to be written where the format has room for them
 * @throws TierError `TRACE_FORMAT` when the name says no format, or a container has no contents; `TRACE_WRITE`;
 *   `TRACE_KEY_TOO_LARGE`; what the trace throws
 */
export async function writeTrace(path: string, trace: TraceReader, control: WriteControl = {}): Promise<WrittenTrace> {
  const format = control.format ?? writtenFormatOf(path);
  if (format === undefined) {
    const ends = Object.values(WRITTEN_FORMATS).map(([end]) => end);
    throw new TierError(
      "TRACE_FORMAT",
      `The trace ${path} has a name that says no format to write; end it in one of ${ends.join(", ")}, and .gz or .zst behind it if you like.`,
      { path },
    );
  }
  if (format !== "container") return writeFile(path, format, trace, control.onBatch);
  if (control.pages !== undefined) return writeContainer(path, trace, control.pages, control);
  throw new TierError("TRACE_FORMAT", `The container ${path} needs contents of pages; give a page file.`, { path });
}

async function writeFile(
  path: string,
  format: Exclude<WrittenFormat, "container">,
  trace: TraceReader,
  onBatch: WriteControl["onBatch"],
): Promise<WrittenTrace> {
  const output = await Output.create(path);
  try {
    let writing: FileWriting | undefined;
    for await (const batch of trace) {
      writing ??= new FileWriting(encoderOf(path, format, trace, batch));
      await output.write(writing.encode(batch));
      onBatch?.(batch.length);
    }
    writing ??= new FileWriting(encoderOf(path, format, trace, undefined));
    await output.write(writing.end());
    await writing.encoder.revise?.(output);
    const fileBytes = await output.close();
    return { format, requests: writing.requests, fileBytes, lost: writing.lost() };
  } finally {
    await output.abort();
  }
}

function encoderOf(
  path: string,
  format: Exclude<WrittenFormat, "container">,
  { addresses }: TraceReader,
  first: TraceBatch | undefined,
): TraceEncoder {
  switch (format) {
    case "u32":
      return new U32Encoder(path);
    case "oracleGeneral":
      return new OracleGeneralEncoder();
    case "text":
      return new TextEncoder();
    case "csv":
      return new CsvEncoder(addresses === "blocks", first?.times !== undefined);
    case "fio":
      return new FioEncoder();
  }
}

/** Encodes, and counts what the format has no room for. */
class FileWriting {
  readonly encoder: TraceEncoder;
  readonly #kept = new BatchBuffer(BATCH_REQUESTS, { times: true });
  #begun = false;
  requests = 0;
  #frees = 0;
  #times = 0;
  #writes = 0;

  constructor(encoder: TraceEncoder) {
    this.encoder = encoder;
  }

  encode(batch: TraceBatch): Uint8Array {
    const { hasFrees, hasTimes, hasWrites } = this.encoder;
    const kept = batch.ops === undefined || hasFrees ? batch : this.#withoutFrees(batch);
    this.requests += kept.length;
    if (kept.times !== undefined && !hasTimes) this.#times += kept.length;
    if (!hasWrites) for (let index = 0; index < kept.length; index++) this.#writes += kept.writes[index]!;
    return this.#withHead(this.encoder.encode(kept));
  }

  end(): Uint8Array {
    return this.#withHead(this.encoder.tail());
  }

  lost(): Record<string, number> {
    return withoutZeroes({
      frees: this.#frees,
      "arrival times": this.#times,
      "writes, which are reads now": this.#writes,
    });
  }

  #withHead(bytes: Uint8Array): Uint8Array {
    if (this.#begun) return bytes;
    this.#begun = true;
    return Buffer.concat([this.encoder.head(), bytes]);
  }

  #withoutFrees({ length, keys, writes, ops, times }: TraceBatch): TraceBatch {
    const kept = this.#kept;
    let count = 0;
    for (let index = 0; index < length; index++) {
      if (ops![index] === REQUEST_OPS.free) continue;
      kept.keys[count] = keys[index]!;
      kept.writes[count] = writes[index]!;
      if (times !== undefined) kept.times![count] = times[index]!;
      count++;
    }
    this.#frees += length - count;
    kept.length = count;
    return times === undefined ? { length: count, keys: kept.keys, pages: kept.pages, writes: kept.writes } : kept;
  }
}
