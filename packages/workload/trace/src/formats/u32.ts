// A flat array of little-endian u32, one per request: key * 2 + write. No header.

import type { BatchBuffer } from "../trace.js";
import { WordRecordDecoder } from "./decoder.js";
import type { FormatDefinition } from "./format.js";

class U32Decoder extends WordRecordDecoder {
  protected decodeWords(words: Int32Array, count: number, batch: BatchBuffer): number {
    const { keys, writes, ops } = batch;
    const taken = Math.min(count, batch.capacity - batch.length);
    for (let record = 0, index = batch.length; record < taken; record++, index++) {
      const value = words[record]!;
      keys[index] = value >>> 1;
      writes[index] = value & 1;
    }
    ops?.set(writes.subarray(batch.length, batch.length + taken), batch.length);
    batch.length += taken;
    return taken;
  }
}

const U32_BYTES = 4;

export const u32: FormatDefinition = {
  summary: "little-endian u32, key * 2 + write",
  isText: false,
  isNamed: (name) => name.endsWith(".u32"),
  recognise: ({ lines, contentBytes }) =>
    lines === undefined && (contentBytes ?? 0) % U32_BYTES === 0 ? "possible" : "no",
  open: ({ path }) => ({
    addresses: "keys",
    times: false,
    requestBytes: U32_BYTES,
    decoder: () => new U32Decoder({ path, format: "u32", recordBytes: U32_BYTES }),
  }),
};
