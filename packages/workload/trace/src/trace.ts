import type { Compression } from "./input-error.js";
import type { KeyMap } from "./key-map.js";

/** Formats that {@link openTrace} reads. */
export const TRACE_FORMATS = [
  "u32",
  "oracleGeneral",
  "lcs",
  "vscsi",
  "text",
  "arc",
  "csv",
  "msr",
  "spc",
  "systor",
  "alibaba",
  "tencent",
  "k5cloud",
  "twitter",
  "cachelib",
  "fio",
  "lackey",
  "frontswap",
] as const;
export type TraceFormat = (typeof TRACE_FORMATS)[number];

/** Requests of a batch, at most. */
export const BATCH_REQUESTS = 8192;

/** What a request does. */
export const REQUEST_OPS = { read: 0, write: 1, free: 2 } as const;

/** Some requests, one array per field. Entries 0..length - 1 count, until the next batch is asked for. */
export interface TraceBatch {
  readonly length: number;
  /** Dense page numbers, in order of first appearance: 0..objects - 1. */
  readonly pages: Uint32Array;
  /** The keys of the trace: integers 0..2^53 - 1. Neighbours in the traced program are neighbours here. */
  readonly keys: Float64Array;
  /** 1 for a write, 0 for anything else. */
  readonly writes: Uint8Array;
  /** Of {@link REQUEST_OPS}, for those who asked for frees as well; `undefined`: all are reads and writes. */
  readonly ops?: Uint8Array | undefined;
  /** Arrival, in nanoseconds since the first request of the trace; `undefined`: the format has no times. */
  readonly times?: Float64Array | undefined;
}

/**
 * What the keys of a trace are: pages of a process's memory, blocks of a device or file, names of objects; `"keys"`: the
 * format does not say.
 */
export type TraceAddresses = "memory" | "blocks" | "objects" | "keys";

/**
 * A trace that can be read from its start as often as needed, one reading at a time. Keys keep their dense numbers from
 * reading to reading.
 */
export interface TraceReader extends AsyncIterable<TraceBatch> {
  /** Path, or a description of what was generated. */
  readonly name: string;
  readonly format: TraceFormat | "container" | "generated";
  readonly compression: Compression;
  readonly addresses: TraceAddresses;
  /**
   * Requests, when known before reading: exact for plain files and generators, from the compressed file's own word
   * otherwise (gzip counts modulo 4 GiB), `undefined` where lines or requests of several pages are counted in reading.
   */
  readonly total: number | undefined;
  /** How far the current reading is, in bytes of the file; `undefined`: it is no file. For progress. */
  readonly position?: { readonly bytes: number; readonly totalBytes: number } | undefined;
  /** What the last reading left out, by a plural noun that says why: `"instruction fetches"`. Nothing was: no entry. */
  readonly skipped?: Readonly<Record<string, number>> | undefined;
  /** The numbers given so far; `keys.count` is the number of distinct keys. */
  readonly keys: KeyMap;
}

/** Which of a batch's optional fields are filled. */
export interface BatchFields {
  readonly ops?: boolean | undefined;
  readonly times?: boolean | undefined;
}

/** The arrays behind a {@link TraceBatch}, for those who fill it. */
export class BatchBuffer implements TraceBatch {
  length = 0;
  readonly capacity: number;
  readonly pages: Uint32Array;
  readonly keys: Float64Array;
  readonly writes: Uint8Array;
  readonly ops: Uint8Array | undefined;
  readonly times: Float64Array | undefined;

  constructor(capacity = BATCH_REQUESTS, fields: BatchFields = {}) {
    this.capacity = capacity;
    this.pages = new Uint32Array(capacity);
    this.keys = new Float64Array(capacity);
    this.writes = new Uint8Array(capacity);
    this.ops = fields.ops ? new Uint8Array(capacity) : undefined;
    this.times = fields.times ? new Float64Array(capacity) : undefined;
  }
}
