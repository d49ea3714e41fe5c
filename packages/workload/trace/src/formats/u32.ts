// A flat array of little-endian u32, one per request: key * 2 + write. No header.

import type { BatchBuffer } from "../trace.js";
import { RecordDecoder } from "./decoder.js";

export const U32_BYTES = 4;

export class U32Decoder extends RecordDecoder {
  constructor(path: string) {
    super(path, "u32", U32_BYTES);
  }

  protected decodeRecords(bytes: Uint8Array, start: number, count: number, batch: BatchBuffer): void {
    const { keys, writes } = batch;
    let at = start;
    for (let index = batch.length, end = index + count; index < end; index++, at += U32_BYTES) {
      const low = bytes[at]!;
      const value = low | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      keys[index] = value >>> 1;
      writes[index] = low & 1;
    }
  }
}
