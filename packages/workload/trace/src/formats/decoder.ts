import { TierError } from "@pagetier/base";
import type { BatchBuffer } from "../trace.js";

/** Turns bytes into keys and write flags. Fed in chunks of any length; keeps a begun record until its rest comes. */
export interface TraceDecoder {
  /**
   * Decodes from bytes[start..) until the batch is full or the bytes are used up.
   *
   * @returns the index of the first byte not taken
   * @throws TierError TRACE_BAD_LINE
   */
  decode(bytes: Uint8Array, start: number, batch: BatchBuffer): number;
  /**
   * Decodes what the end of the trace completes. The batch has room for one request.
   *
   * @throws TierError TRACE_TRUNCATED when a record is cut
   */
  finish(batch: BatchBuffer): void;
}

/** What formats of fixed-length records share: cutting the bytes into records, and telling a cut one. */
export abstract class RecordDecoder implements TraceDecoder {
  readonly #path: string;
  readonly #format: string;
  readonly #recordBytes: number;
  readonly #begun: Uint8Array;
  #begunLength = 0;
  #records = 0;

  constructor(path: string, format: string, recordBytes: number) {
    this.#path = path;
    this.#format = format;
    this.#recordBytes = recordBytes;
    this.#begun = new Uint8Array(recordBytes);
  }

  /** Decodes `count` records from bytes[start..) to the end of the batch, which has room for them. */
  protected abstract decodeRecords(bytes: Uint8Array, start: number, count: number, batch: BatchBuffer): void;

  decode(bytes: Uint8Array, start: number, batch: BatchBuffer): number {
    let at = start;
    if (this.#begunLength > 0 && batch.length < batch.capacity) {
      at = this.#keep(bytes, at);
      if (this.#begunLength < this.#recordBytes) return at;
      this.#begunLength = 0;
      this.#append(this.#begun, 0, 1, batch);
    }
    const count = Math.min(batch.capacity - batch.length, Math.floor((bytes.length - at) / this.#recordBytes));
    this.#append(bytes, at, count, batch);
    at += count * this.#recordBytes;
    return batch.length < batch.capacity ? this.#keep(bytes, at) : at;
  }

  finish(_batch: BatchBuffer): void {
    if (this.#begunLength === 0) return;
    const offset = this.#records * this.#recordBytes;
    throw new TierError(
      "TRACE_TRUNCATED",
      `The trace ${this.#path} ends inside a record: ${this.#format} has records of ${this.#recordBytes} bytes, ` +
        `but ${this.#begunLength} are left at byte ${offset}; fetch it again, or state the right format.`,
      { path: this.#path, format: this.#format, offset, left: this.#begunLength },
    );
  }

  #append(bytes: Uint8Array, start: number, count: number, batch: BatchBuffer): void {
    this.decodeRecords(bytes, start, count, batch);
    batch.length += count;
    this.#records += count;
  }

  /** Keeps the begin of a record, or a further part of it. */
  #keep(bytes: Uint8Array, start: number): number {
    const end = Math.min(bytes.length, start + this.#recordBytes - this.#begunLength);
    for (let at = start; at < end; at++) this.#begun[this.#begunLength++] = bytes[at]!;
    return end;
  }
}
