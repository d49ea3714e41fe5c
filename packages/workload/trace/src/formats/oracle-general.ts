// libCacheSim's oracleGeneral: records of 24 bytes, little-endian, packed, no header.
//
//   0 u32 time in seconds   4 u64 object id   12 u32 size in bytes   16 i64 index of the object's next request, 1-based;
//                                                                       -1 or the largest i64 when there is none
//
// It says nothing of reads and writes: every request is a read.

import { keyOfId } from "../key-map.js";
import type { BatchBuffer } from "../trace.js";
import { WordRecordDecoder } from "./decoder.js";
import type { FormatDefinition, Head, Recognition } from "./format.js";

const RECORD_BYTES = 24;
const RECORD_WORDS = RECORD_BYTES / 4;
const NS_PER_SECOND = 1e9;

class OracleGeneralDecoder extends WordRecordDecoder {
  #startSeconds = -1;

  protected decodeWords(words: Int32Array, count: number, batch: BatchBuffer): number {
    const { keys, writes, ops, times } = batch;
    const taken = Math.min(count, batch.capacity - batch.length);
    const end = batch.length + taken;
    if (this.#startSeconds < 0 && taken > 0) this.#startSeconds = words[0]! >>> 0;
    const start = this.#startSeconds;
    for (let index = batch.length, at = 0; index < end; index++, at += RECORD_WORDS) {
      keys[index] = keyOfId(words[at + 1]!, words[at + 2]!);
      if (times !== undefined) times[index] = ((words[at]! >>> 0) - start) * NS_PER_SECOND;
    }
    writes.fill(0, batch.length, end);
    ops?.fill(0, batch.length, end);
    batch.length = end;
    return taken;
  }
}

/**
 * Certain when there are at least two whole records, each of whose next request lies behind it or is none, with times
 * that never go back.
 */
function recognise({ bytes, lines }: Head): Recognition {
  if (lines !== undefined) return "no";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records = Math.floor(bytes.length / RECORD_BYTES);
  let time = 0;
  for (let record = 0; record < records; record++) {
    const at = record * RECORD_BYTES;
    const next = view.getBigInt64(at + 16, true);
    const none = next === -1n || next === 2n ** 63n - 1n;
    if (!none && !(next > BigInt(record + 1) && next < 2n ** 44n)) return "no";
    const now = view.getUint32(at, true);
    if (now < time) return "no";
    time = now;
  }
  return records >= 2 ? "certain" : "no";
}

export const oracleGeneral: FormatDefinition = {
  summary: "libCacheSim's records of 24 bytes: time, object, size, next request",
  isText: false,
  isNamed: (name) => name.includes("oraclegeneral") && !name.includes("opns"),
  recognise,
  open: ({ path }) => ({
    addresses: "objects",
    times: true,
    requestBytes: RECORD_BYTES,
    decoder: () => new OracleGeneralDecoder({ path, format: "oracleGeneral", recordBytes: RECORD_BYTES }),
  }),
};
