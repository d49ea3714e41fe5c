// Encoders of records.

import { endianness } from "node:os";
import { ChunkedWords, TierError } from "@pagetier/base";
import { KeyMap } from "../key-map.js";
import { BATCH_REQUESTS, type TraceBatch } from "../trace.js";
import { NO_BYTES, type TraceEncoder } from "./encoder.js";
import type { Output } from "./output.js";

const U32_KEYS = 2 ** 31;
const NS_PER_SECOND = 1e9;

/** `.u32`: key * 2 + write. */
export class U32Encoder implements TraceEncoder {
  readonly hasTimes = false;
  readonly hasFrees = false;
  readonly hasWrites = true;
  readonly #path: string;
  readonly #words = new Uint32Array(BATCH_REQUESTS);
  readonly #bytes = Buffer.from(this.#words.buffer);

  constructor(path: string) {
    this.#path = path;
  }

  head(): Uint8Array {
    return NO_BYTES;
  }

  encode({ length, keys, writes }: TraceBatch): Uint8Array {
    for (let index = 0; index < length; index++) {
      const key = keys[index]!;
      if (key >= U32_KEYS) throw keyTooLarge(this.#path, key);
      this.#words[index] = key * 2 + writes[index]!;
    }
    const bytes = this.#bytes.subarray(0, length * 4);
    return endianness() === "LE" ? bytes : bytes.swap32();
  }

  tail(): Uint8Array {
    return NO_BYTES;
  }
}

function keyTooLarge(path: string, key: number): TierError {
  return new TierError(
    "TRACE_KEY_TOO_LARGE",
    `The trace ${path} cannot hold the key ${key}: .u32 has room for keys below 2^31; renumber them (--renumber).`,
    { path, key },
  );
}

const RECORD_BYTES = 24;
const RECORDS_AT_ONCE = 8192;

/**
 * oracleGeneral. What a record says of its object's next request is known only later, so it is put in at the end: from
 * the last record to the first, with the last place of every object at hand.
 */
export class OracleGeneralEncoder implements TraceEncoder {
  readonly hasTimes = true;
  readonly hasFrees = false;
  readonly hasWrites = false;
  readonly #bytes = Buffer.alloc(BATCH_REQUESTS * RECORD_BYTES);

  head(): Uint8Array {
    return NO_BYTES;
  }

  encode({ length, keys, times }: TraceBatch): Uint8Array {
    const bytes = this.#bytes;
    for (let index = 0, at = 0; index < length; index++, at += RECORD_BYTES) {
      const key = keys[index]!;
      bytes.writeUInt32LE(Math.max(0, Math.floor((times?.[index] ?? 0) / NS_PER_SECOND)), at);
      bytes.writeUInt32LE(key >>> 0, at + 4);
      bytes.writeUInt32LE(Math.floor(key / 2 ** 32), at + 8);
      bytes.writeUInt32LE(4096, at + 12);
      bytes.writeInt32LE(-1, at + 16);
      bytes.writeInt32LE(-1, at + 20);
    }
    return bytes.subarray(0, length * RECORD_BYTES);
  }

  tail(): Uint8Array {
    return NO_BYTES;
  }

  async revise({ file, length }: Output): Promise<void> {
    const bytes = Buffer.alloc(RECORDS_AT_ONCE * RECORD_BYTES);
    const places = new ChunkedWords(); // By number of the key: the place of its next request, from 1; 0: there is none.
    const keys = new KeyMap();
    for (let end = length / RECORD_BYTES; end > 0; end -= RECORDS_AT_ONCE) {
      const first = Math.max(0, end - RECORDS_AT_ONCE);
      const part = bytes.subarray(0, (end - first) * RECORD_BYTES);
      await file.read(part, 0, part.length, first * RECORD_BYTES);
      for (let record = end - 1; record >= first; record--) {
        const at = (record - first) * RECORD_BYTES;
        const number = keys.numberOf(part.readUInt32LE(at + 8) * 2 ** 32 + part.readUInt32LE(at + 4));
        places.ensure(keys.count);
        const place = places.get(number);
        if (place > 0) {
          part.writeUInt32LE(place, at + 16);
          part.writeUInt32LE(0, at + 20);
        }
        places.set(number, record + 1);
      }
      await file.write(part, 0, part.length, first * RECORD_BYTES);
    }
  }
}
