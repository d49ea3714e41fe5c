// VMware's vscsi traces (CloudPhysics): little-endian records, no header.
//
//   v1, 32 bytes   0 u32 serial   4 u32 length   8 u32 scatter-gather   12 u16 command   14 u16 version
//                  16 u64 block   24 u64 time
//   v2, 40 bytes   0 u16 command   2 u16 version   4 u32 serial   8 u32 length   12 u32 scatter-gather
//                  16 u64 block   24 u64 time   32 u64 response time
//
// Blocks have 512 bytes, lengths are bytes, times microseconds; version >> 8 is 1 or 2.

import { PAGE_SIZE } from "@pagetier/base";
import type { BatchBuffer } from "../trace.js";
import { type RecordLayout, WordRecordDecoder } from "./decoder.js";
import type { FormatDefinition, Head, OpenedFormat, Recognition } from "./format.js";
import { NO_REQUEST, SCSI_COMMANDS } from "./operations.js";
import { DEVICE_BYTES_MAX, pageOf, pagesTouched } from "./page-requests.js";

const SECTOR_BYTES = 512;
const SECTORS_SHIFT = 3;
const SECTORS_PER_PAGE = 1 << SECTORS_SHIFT;
const NS_PER_US = 1e3;
const WORDS = 2 ** 32;

interface Version {
  readonly version: 1 | 2;
  readonly recordBytes: number;
  /** Bytes from a record's begin. */
  readonly versionAt: number;
  /** Words from a record's begin. */
  readonly commandWord: number;
  readonly lengthWord: number;
}

// The command is the lower half of its word in both.
const V1: Version = { version: 1, recordBytes: 32, versionAt: 14, commandWord: 3, lengthWord: 1 };
const V2: Version = { version: 2, recordBytes: 40, versionAt: 2, commandWord: 0, lengthWord: 2 };
const BLOCK_WORD = 4;
const TIME_WORD = 6;

class VscsiDecoder extends WordRecordDecoder {
  readonly #version: Version;
  readonly #ops = new Uint8Array(256).fill(NO_REQUEST);
  #startUs = -1;
  #others = 0;
  #empty = 0;

  constructor(layout: RecordLayout, version: Version) {
    super(layout);
    this.#version = version;
    for (const [command, op] of SCSI_COMMANDS) this.#ops[command] = op;
  }

  protected decodeWords(words: Int32Array, count: number, batch: BatchBuffer): number {
    const { version, recordBytes, commandWord, lengthWord } = this.#version;
    const { keys, writes, ops, times, capacity } = batch;
    const opOf = this.#ops;
    const step = recordBytes / 4;
    let startUs = this.#startUs;
    let index = batch.length;
    let record = 0;
    for (let at = 0; record < count && index < capacity; record++, at += step) {
      const command = words[at + commandWord]!;
      if (command >>> 24 !== version) throw this.badRecord(record, `is of version ${command >>> 24}, not ${version}`);
      const op = opOf[command & 0xff]!;
      const length = words[at + lengthWord]!; // Of more than 2 GiB when it is negative.
      if (op === NO_REQUEST || length === 0) {
        if (op === NO_REQUEST) this.#others++;
        else this.#empty++;
        continue;
      }
      const us = (words[at + TIME_WORD + 1]! >>> 0) * WORDS + (words[at + TIME_WORD]! >>> 0);
      if (startUs < 0) startUs = this.#startUs = us;
      const time = (us - startUs) * NS_PER_US;
      const block = words[at + BLOCK_WORD]!;
      const inPage = (block & (SECTORS_PER_PAGE - 1)) * SECTOR_BYTES;
      if (words[at + BLOCK_WORD + 1] === 0 && length > 0 && length <= PAGE_SIZE - inPage) {
        // One page of the first 2 TiB: nearly all requests of nearly all traces.
        keys[index] = block >>> SECTORS_SHIFT;
        writes[index] = op;
        if (ops !== undefined) ops[index] = op;
        if (times !== undefined) times[index] = time;
        index++;
        continue;
      }
      batch.length = index;
      this.#addPages(words, at, record, op, length >>> 0, time, batch);
      index = batch.length;
    }
    batch.length = index;
    return record;
  }

  #addPages(
    words: Int32Array,
    at: number,
    record: number,
    op: number,
    length: number,
    time: number,
    batch: BatchBuffer,
  ): void {
    const block = (words[at + BLOCK_WORD + 1]! >>> 0) * WORDS + (words[at + BLOCK_WORD]! >>> 0);
    const offset = block * SECTOR_BYTES;
    if (offset + length > DEVICE_BYTES_MAX) throw this.badRecord(record, `asks for block ${block}, beyond 4 PiB`);
    this.requests.add(batch, pageOf(offset), pagesTouched(offset, length), op, time);
  }

  override skipped(): Readonly<Record<string, number>> {
    return { ...super.skipped(), "other commands": this.#others, "empty requests": this.#empty };
  }
}

/** The version of which all whole records at the start of a file are. */
function versionOf(bytes: Uint8Array): Version | undefined {
  return [V2, V1].find(({ version, recordBytes, versionAt }) => {
    const records = Math.floor(bytes.length / recordBytes);
    for (let record = 0; record < records; record++) {
      if (bytes[record * recordBytes + versionAt + 1] !== version) return false;
    }
    return records > 0;
  });
}

function recognise({ bytes, lines }: Head): Recognition {
  const version = lines === undefined ? versionOf(bytes) : undefined;
  if (version === undefined) return "no";
  return bytes.length >= 2 * version.recordBytes ? "certain" : "possible";
}

export const vscsi: FormatDefinition = {
  summary: "VMware's block traces, version 1 or 2",
  isText: false,
  isNamed: (name) => name.endsWith(".vscsi") || name.endsWith(".vscsitrace"),
  recognise,
  open({ path, head }): OpenedFormat {
    const version = versionOf(head.bytes) ?? V1;
    const layout = { path, format: `vscsi version ${version.version}`, recordBytes: version.recordBytes };
    return { addresses: "blocks", times: true, decoder: () => new VscsiDecoder(layout, version) };
  },
};
