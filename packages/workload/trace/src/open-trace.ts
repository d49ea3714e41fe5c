import { TierError } from "@pagetier/base";
import { openContainerTrace } from "./container/container-trace.js";
import { startsWithMagic } from "./container/layout.js";
import type { TraceFormatSpec } from "./format-spec.js";
import { FORMATS } from "./formats/catalogue.js";
import type { OpenedFormat } from "./formats/format.js";
import { type Input, openInput } from "./input.js";
import type { Compression } from "./input-error.js";
import { KeyMap } from "./key-map.js";
import { bareName, readHead, tellFormat } from "./tell-format.js";
import { BatchBuffer, type TraceAddresses, type TraceBatch, type TraceFormat, type TraceReader } from "./trace.js";

export interface TraceOptions {
  /** States the format, perhaps with options; by default it is told by the file's name and contents. */
  readonly format?: TraceFormat | TraceFormatSpec | undefined;
  /** Reads only the first so many requests. */
  readonly limit?: number | undefined;
  /** Gives requests to free pages too, as `ops` of a batch say. Default: they are left out. */
  readonly frees?: boolean | undefined;
  /** `false`: keys are not numbered, and `pages` of a batch mean nothing. Default `true`. */
  readonly numbered?: boolean | undefined;
}

/**
 * Opens a trace of any format in `FORMATS`, or the requests of a container, plain or compressed with gzip or zstd. Nothing
 * but its first bytes is read until the reader is iterated; then memory is bounded by the number of distinct keys.
 *
 * @throws TierError `TRACE_OPEN`, `TRACE_EMPTY`, `TRACE_CORRUPT`, `TRACE_FORMAT`, and while reading `TRACE_CORRUPT`,
 *   `TRACE_TRUNCATED`, `TRACE_BAD_LINE`, `TRACE_BAD_RECORD`
 */
export async function openTrace(path: string, options: TraceOptions = {}): Promise<TraceReader> {
  const input = await openInput(path, "trace");
  const head = await readHead(input);
  if (options.format === undefined && (startsWithMagic(head.bytes) || bareName(path).endsWith(".ptt"))) {
    const { limit = Number.POSITIVE_INFINITY, frees = false, numbered = true } = options;
    return openContainerTrace(path, { limit, frees, numbered });
  }
  const stated = typeof options.format === "string" ? { format: options.format, options: {} } : options.format;
  const spec = stated ?? { format: tellFormat(path, head), options: {} };
  const opened = FORMATS[spec.format].open({ path, head, options: spec.options });
  return new FileTrace(input, spec.format, opened, options);
}

class FileTrace implements TraceReader {
  readonly name: string;
  readonly compression: Compression;
  readonly addresses: TraceAddresses;
  readonly total: number | undefined;
  readonly keys = new KeyMap();
  skipped: Readonly<Record<string, number>> = {};
  readonly #input: Input;
  readonly #opened: OpenedFormat;
  readonly #limit: number;
  readonly #frees: boolean;
  readonly #numbered: boolean;

  constructor(
    input: Input,
    readonly format: TraceFormat,
    opened: OpenedFormat,
    { limit, frees, numbered }: TraceOptions,
  ) {
    this.name = input.path;
    this.compression = input.compression;
    this.addresses = opened.addresses;
    this.#input = input;
    this.#opened = opened;
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
    this.#frees = frees ?? false;
    this.#numbered = numbered ?? true;
    const { requestBytes, headerBytes = 0 } = opened;
    if (requestBytes !== undefined && input.contentBytes !== undefined) {
      this.total = Math.min(this.#limit, Math.max(0, Math.floor((input.contentBytes - headerBytes) / requestBytes)));
    }
  }

  get position(): { readonly bytes: number; readonly totalBytes: number } {
    return { bytes: this.#input.bytesRead, totalBytes: this.#input.fileBytes };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TraceBatch, void, undefined> {
    const decoder = this.#opened.decoder();
    const batch = new BatchBuffer(undefined, { times: this.#opened.times, ops: this.#frees });
    let read = 0;
    try {
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
      for (let whole = false; !whole; batch.length = 0) {
        whole = decoder.finish(batch);
        if (batch.length === 0) continue;
        read += this.#close(batch, read);
        yield batch;
        if (read >= this.#limit) return;
      }
    } finally {
      this.skipped = Object.fromEntries(Object.entries(decoder.skipped()).filter(([, count]) => count > 0));
    }
    if (read === 0) {
      throw new TierError("TRACE_EMPTY", `The trace ${this.name} holds no request; make or fetch it again.`, {
        path: this.name,
      });
    }
  }

  /** Cuts a batch at the limit and numbers its keys. */
  #close(batch: BatchBuffer, read: number): number {
    batch.length = Math.min(batch.length, this.#limit - read);
    if (this.#numbered) this.keys.numberAll(batch.keys, batch.pages, 0, batch.length);
    return batch.length;
  }
}
