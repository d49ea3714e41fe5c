// libCacheSim's LCS: a header of 8192 bytes, then records that are little-endian and packed.
//
//   header   0 u64 magic   8 u64 version   16 statistics of 8000 bytes   8184 u64 magic again
//   v1       oracleGeneral: u32 time, u64 object, u32 size, i64 next request
//   v2       u32 time, u64 object, u32 size, u32 operation (low 8 bits) and tenant, i64 next request
//   v3       u32 time, u64 object, i64 size, u32 operation and tenant, u32 time to live, i64 next request
//   v4 … v8  v3 and 1, 2, 4, 8, 16 features of 32 bits

import { TierError } from "@pagetier/base";
import { keyOfId } from "../key-map.js";
import { type BatchBuffer, REQUEST_OPS } from "../trace.js";
import { type RecordLayout, WordRecordDecoder } from "./decoder.js";
import type { FormatDefinition, FormatSource, OpenedFormat } from "./format.js";
import { CACHE_OP_CODES, NO_REQUEST } from "./operations.js";

const MAGIC = 0x123456789abcdef0n;
const HEADER_BYTES = 8192;
const OLD_HEADER_MARK = 0x3c; // "<", with which a format string of Python's struct begins.
const RECORD_BYTES = [0, 24, 28, 36, 40, 44, 52, 68, 100];
/** Where the word with the operation is, by version; 0: there is none. */
const OPERATION_WORD = [0, 0, 4, 5, 5, 5, 5, 5, 5];
const NS_PER_SECOND = 1e9;
/** By the lower 8 bits of that word. */
const OPS = new Uint8Array(256).fill(NO_REQUEST);
OPS.set(CACHE_OP_CODES);

class LcsDecoder extends WordRecordDecoder {
  readonly #words: number;
  readonly #operationWord: number;
  #startSeconds = -1;

  constructor(layout: RecordLayout, version: number) {
    super(layout);
    this.#words = layout.recordBytes / 4;
    this.#operationWord = OPERATION_WORD[version]!;
  }

  protected decodeWords(words: Int32Array, count: number, batch: BatchBuffer): number {
    const { keys, writes, ops, times, capacity } = batch;
    if (count > 0 && this.#startSeconds < 0) this.#startSeconds = words[0]! >>> 0;
    const start = this.#startSeconds;
    const operationWord = this.#operationWord;
    const step = this.#words;
    let index = batch.length;
    let record = 0;
    for (let at = 0; record < count && index < capacity; record++, at += step) {
      const op = operationWord === 0 ? REQUEST_OPS.read : OPS[words[at + operationWord]! & 0xff]!;
      if (op >= REQUEST_OPS.free) {
        if (op === NO_REQUEST) throw this.badRecord(record, `has the operation ${words[at + operationWord]! & 0xff}`);
        if (ops === undefined) {
          this.requests.frees++;
          continue;
        }
      }
      keys[index] = keyOfId(words[at + 1]!, words[at + 2]!);
      writes[index] = op & 1;
      if (ops !== undefined) ops[index] = op;
      if (times !== undefined) times[index] = ((words[at]! >>> 0) - start) * NS_PER_SECOND;
      index++;
    }
    batch.length = index;
    return record;
  }
}

function open({ path, head: { bytes } }: FormatSource): OpenedFormat {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 16 || view.getBigUint64(0, true) !== MAGIC) {
    throw refusal(path, "does not begin as lcs does (f0 de bc 9a 78 56 34 12)");
  }
  if (bytes[8] === OLD_HEADER_MARK) {
    throw refusal(path, "is of an older lcs, with a header of 1024 bytes; convert it with a newer libCacheSim");
  }
  const version = view.getBigUint64(8, true);
  const recordBytes = version < 9n ? RECORD_BYTES[Number(version)] : undefined;
  if (!recordBytes) throw refusal(path, `is lcs of version ${version}; versions 1 to 8 are known`);
  const layout = { path, format: `lcs version ${version}`, recordBytes, headerBytes: HEADER_BYTES };
  return {
    addresses: "objects",
    times: true,
    requestBytes: recordBytes,
    headerBytes: HEADER_BYTES,
    decoder: () => new LcsDecoder(layout, Number(version)),
  };
}

function refusal(path: string, what: string): TierError {
  return new TierError("TRACE_FORMAT", `The trace ${path} ${what}.`, { path });
}

export const lcs: FormatDefinition = {
  summary: "libCacheSim's LCS, versions 1 to 8",
  isText: false,
  isNamed: (name) => name.endsWith(".lcs"),
  recognise: ({ bytes }) =>
    bytes.length >= 8 && new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true) === MAGIC
      ? "certain"
      : "no",
  open,
};
