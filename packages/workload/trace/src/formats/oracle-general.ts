// libCacheSim's oracleGeneral: records of 24 bytes, little-endian, packed, no header.
//
//   0 u32 time in seconds   4 u64 object id   12 u32 size in bytes   16 i64 index of the object's next request, 1-based;
//                                                                       -1 or the largest i64 when there is none
//
// It says nothing of reads and writes: every request is a read.

import { keyOfId } from "../key-map.js";
import type { BatchBuffer } from "../trace.js";
import { RecordDecoder } from "./decoder.js";

export const ORACLE_GENERAL_BYTES = 24;

export class OracleGeneralDecoder extends RecordDecoder {
  constructor(path: string) {
    super(path, "oracleGeneral", ORACLE_GENERAL_BYTES);
  }

  protected decodeRecords(bytes: Uint8Array, start: number, count: number, batch: BatchBuffer): void {
    const { keys, writes } = batch;
    let at = start;
    for (let index = batch.length, end = index + count; index < end; index++, at += ORACLE_GENERAL_BYTES) {
      keys[index] = keyOfId(word(bytes, at + 4), word(bytes, at + 8));
      writes[index] = 0;
    }
  }
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/**
 * Tells whether bytes at the start of a file can be oracleGeneral: at least two whole records, each of whose next
 * request lies behind it or is none, with times that never go back.
 */
export function looksLikeOracleGeneral(head: Uint8Array): boolean {
  const records = Math.floor(head.length / ORACLE_GENERAL_BYTES);
  let time = 0;
  for (let record = 0; record < records; record++) {
    const at = record * ORACLE_GENERAL_BYTES;
    const low = word(head, at + 16) >>> 0;
    const high = word(head, at + 20);
    const none = (high === -1 && low === 0xffffffff) || (high === 0x7fffffff && low === 0xffffffff);
    const next = high * 4294967296 + low;
    if (!none && !(next > record + 1 && next < 2 ** 44)) return false;
    const now = word(head, at) >>> 0;
    if (now < time) return false;
    time = now;
  }
  return records >= 2;
}
