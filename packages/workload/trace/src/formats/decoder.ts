import { TierError } from "@pagetier/base";
import type { BatchBuffer } from "../trace.js";
import { PageRequests } from "./page-requests.js";

/** Turns bytes into requests. Fed in chunks of any length; keeps a begun record until its rest comes. */
export interface TraceDecoder {
  /**
   * Decodes from bytes[start..) until the batch is full or the bytes are used up.
   *
   * @returns the index of the first byte not taken
   * @throws TierError TRACE_BAD_LINE, TRACE_BAD_RECORD
   */
  decode(bytes: Uint8Array, start: number, batch: BatchBuffer): number;
  /**
   * Decodes what the end of the trace completes. The batch has room for one request.
   *
   * @returns `false` when the batch became full before all was in it: call again with room
   * @throws TierError TRACE_TRUNCATED when a record is cut
   */
  finish(batch: BatchBuffer): boolean;
  /** What was left out so far and why: counts by a plural noun. */
  skipped(): Readonly<Record<string, number>>;
}

/** Where the records of a format lie. */
export interface RecordLayout {
  readonly path: string;
  readonly format: string;
  readonly recordBytes: number;
  /** Before the first record. Default 0. */
  readonly headerBytes?: number;
}

/** What formats of fixed-length records share: cutting the bytes into records, and telling a cut one. */
export abstract class RecordDecoder implements TraceDecoder {
  protected readonly requests = new PageRequests();
  readonly #layout: RecordLayout;
  readonly #headerBytes: number;
  readonly #begun: Uint8Array;
  #begunLength = 0;
  #headerLeft: number;
  #records = 0;

  constructor(layout: RecordLayout) {
    this.#layout = layout;
    this.#headerBytes = layout.headerBytes ?? 0;
    this.#headerLeft = this.#headerBytes;
    this.#begun = new Uint8Array(layout.recordBytes);
  }

  /**
   * Decodes records from bytes[start..) until `count` are done or the batch is full. The batch has room for one.
   *
   * @returns how many were taken
   */
  protected abstract decodeRecords(bytes: Uint8Array, start: number, count: number, batch: BatchBuffer): number;

  decode(bytes: Uint8Array, start: number, batch: BatchBuffer): number {
    if (!this.requests.drain(batch)) return start;
    let at = start;
    if (this.#headerLeft > 0) {
      const skipped = Math.min(this.#headerLeft, bytes.length - at);
      this.#headerLeft -= skipped;
      at += skipped;
    }
    const { recordBytes } = this.#layout;
    if (this.#begunLength > 0) {
      at = this.#keep(bytes, at);
      if (this.#begunLength < recordBytes) return at;
      this.#begunLength = 0;
      this.#records += this.decodeRecords(this.#begun, 0, 1, batch);
      if (batch.length === batch.capacity) return at;
    }
    const taken = this.decodeRecords(bytes, at, Math.floor((bytes.length - at) / recordBytes), batch);
    this.#records += taken;
    at += taken * recordBytes;
    return bytes.length - at < recordBytes ? this.#keep(bytes, at) : at;
  }

  finish(batch: BatchBuffer): boolean {
    if (!this.requests.drain(batch)) return false;
    const { path, format, recordBytes } = this.#layout;
    if (this.#headerLeft > 0) {
      throw new TierError(
        "TRACE_TRUNCATED",
        `The trace ${path} ends inside its header: ${format} begins with ${this.#headerBytes} bytes, but there are ` +
          `${this.#headerBytes - this.#headerLeft}; fetch it again, or state the right format.`,
        { path, format, offset: 0, left: this.#headerBytes - this.#headerLeft },
      );
    }
    if (this.#begunLength === 0) return true;
    const offset = this.#headerBytes + this.#records * recordBytes;
    throw new TierError(
      "TRACE_TRUNCATED",
      `The trace ${path} ends inside a record: ${format} has records of ${recordBytes} bytes, ` +
        `but ${this.#begunLength} are left at byte ${offset}; fetch it again, or state the right format.`,
      { path, format, offset, left: this.#begunLength },
    );
  }

  skipped(): Readonly<Record<string, number>> {
    return { frees: this.requests.frees };
  }

  /** @param record its number within the call of {@link decodeRecords} */
  protected badRecord(record: number, what: string): TierError {
    const { path, format, recordBytes } = this.#layout;
    const offset = this.#headerBytes + (this.#records + record) * recordBytes;
    return new TierError(
      "TRACE_BAD_RECORD",
      `The trace ${path} has a record of ${format} at byte ${offset} that ${what}; fetch it again, or state the right format.`,
      { path, format, offset },
    );
  }

  /** Keeps the begin of a record, or a further part of it. */
  #keep(bytes: Uint8Array, start: number): number {
    const end = Math.min(bytes.length, start + this.#layout.recordBytes - this.#begunLength);
    for (let at = start; at < end; at++) this.#begun[this.#begunLength++] = bytes[at]!;
    return end;
  }
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Formats whose records are whole little-endian words. Reading words is several times faster than putting bytes together. */
export abstract class WordRecordDecoder extends RecordDecoder {
  readonly #recordBytes: number;
  #aligned = new Uint8Array(0);

  constructor(layout: RecordLayout) {
    super(layout);
    this.#recordBytes = layout.recordBytes;
  }

  /** As {@link decodeRecords}, from words[0..). */
  protected abstract decodeWords(words: Int32Array, count: number, batch: BatchBuffer): number;

  protected decodeRecords(bytes: Uint8Array, start: number, count: number, batch: BatchBuffer): number {
    const length = count * this.#recordBytes;
    const offset = bytes.byteOffset + start;
    if (offset % 4 === 0 && IS_LITTLE_ENDIAN) {
      return this.decodeWords(new Int32Array(bytes.buffer, offset, length / 4), count, batch);
    }
    if (this.#aligned.length < length) this.#aligned = new Uint8Array(length);
    this.#aligned.set(bytes.subarray(start, start + length));
    if (!IS_LITTLE_ENDIAN) Buffer.from(this.#aligned.buffer, 0, length).swap32();
    return this.decodeWords(new Int32Array(this.#aligned.buffer, 0, length / 4), count, batch);
  }
}
