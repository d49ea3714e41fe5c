// What a record log looks like on a device.
//
// A chunk is what one write takes: whole pages that hold records one after another, behind a directory that names them.
// It says what it is, where it lies and how long it is, so that a log can be read again without anything but itself. The
// header has a checksum of its own and of the directory, each record has one; a chunk that was torn by a power cut is
// recognised, and so are the records of it that arrived.
//
//   header   32 bytes   magic, checksum of what follows up to the records, own page (8), pages, records, 0 (8)
//   directory 24 bytes a record   key (8), sequence (8), length, checksum of the bytes
//   records  their bytes, without gaps; then zeroes up to a whole page
//
// Numbers are little-endian; keys, pages and sequences are doubles, which are exact up to 2^53.

import { crc32 } from "node:zlib";
import { assert, PAGE_SIZE } from "@pagetier/base";

/** Pages of a segment: what is written to one after another and collected at once. 256 KiB. */
export const SEGMENT_PAGES = 64;
/** Most records of a chunk. */
export const CHUNK_RECORDS = 32;
/** What a record takes beside its bytes. */
export const DIRECTORY_BYTES = 24;
const HEADER_BYTES = 32;
/** "PTR1" */
const MAGIC = 0x31525450;

/** A record on its way into a chunk, or one that was found there. */
export interface ChunkRecord {
  readonly key: number;
  /** Grows with every put: of two records with one key the greater is the later. */
  readonly sequence: number;
  readonly length: number;
  readonly checksum: number;
  /** Of its first byte in the chunk. */
  readonly offset: number;
}

/** A chunk being filled. */
export class ChunkWriter {
  readonly records: ChunkRecord[] = [];
  readonly #sources: Uint8Array[] = [];
  #bytes = HEADER_BYTES;

  /** Pages that the chunk will take. */
  get pages(): number {
    return Math.ceil(this.#bytes / PAGE_SIZE);
  }

  /** Whether a chunk of at most `pages` pages has room for one more record. */
  fits(length: number, pages: number): boolean {
    return this.records.length < CHUNK_RECORDS && this.#bytes + DIRECTORY_BYTES + length <= pages * PAGE_SIZE;
  }

  /** Adds a record whose bytes stay as they are until {@link finish}. */
  add(key: number, sequence: number, bytes: Uint8Array, checksum: number): void {
    this.records.push({ key, sequence, length: bytes.length, checksum, offset: 0 });
    this.#sources.push(bytes);
    this.#bytes += DIRECTORY_BYTES + bytes.length;
  }

  /** Copies what was added, so that its owners may change it. */
  own(): void {
    for (const [index, source] of this.#sources.entries()) this.#sources[index] = source.slice();
  }

  /** Lays the chunk out in bytes of its own. The offsets of {@link records} are known afterwards. */
  finish(page: number): Uint8Array {
    const chunk = new Uint8Array(this.pages * PAGE_SIZE);
    const view = new DataView(chunk.buffer);
    const count = this.records.length;
    let offset = HEADER_BYTES + count * DIRECTORY_BYTES;
    for (let index = 0; index < count; index++) {
      const record = { ...this.records[index]!, offset };
      this.records[index] = record;
      writeEntry(view, index, record);
      chunk.set(this.#sources[index]!, offset);
      offset += record.length;
    }
    assert(offset === this.#bytes, "a chunk is as long as was said");
    view.setUint32(0, MAGIC, true);
    view.setFloat64(8, page, true);
    view.setUint32(16, this.pages, true);
    view.setUint32(20, count, true);
    view.setUint32(4, crc32(chunk.subarray(8, HEADER_BYTES + count * DIRECTORY_BYTES)), true);
    return chunk;
  }
}

/**
 * Reads the directory of the chunk that begins at `start` of `bytes`, which came from page `page`.
 *
 * @returns its records and pages; `undefined` when no whole chunk lies there
 */
export function readChunk(
  bytes: Uint8Array,
  start: number,
  page: number,
): { readonly pages: number; readonly records: readonly ChunkRecord[] } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
  if (view.getUint32(0, true) !== MAGIC || view.getFloat64(8, true) !== page) return undefined;
  const pages = view.getUint32(16, true);
  const count = view.getUint32(20, true);
  const end = HEADER_BYTES + count * DIRECTORY_BYTES;
  if (count > CHUNK_RECORDS || pages * PAGE_SIZE > view.byteLength || pages * PAGE_SIZE < end) return undefined;
  if (view.getUint32(4, true) !== crc32(bytes.subarray(start + 8, start + end))) return undefined;
  const records: ChunkRecord[] = [];
  for (let index = 0, offset = end; index < count; index++) {
    const at = HEADER_BYTES + index * DIRECTORY_BYTES;
    const length = view.getUint32(at + 16, true);
    const record = { key: view.getFloat64(at, true), sequence: view.getFloat64(at + 8, true), length, offset };
    records.push({ ...record, checksum: view.getUint32(at + 20, true) });
    offset += length;
  }
  return { pages, records };
}

function writeEntry(view: DataView, index: number, { key, sequence, length, checksum }: ChunkRecord): void {
  const at = HEADER_BYTES + index * DIRECTORY_BYTES;
  view.setFloat64(at, key, true);
  view.setFloat64(at + 8, sequence, true);
  view.setUint32(at + 16, length, true);
  view.setUint32(at + 20, checksum, true);
}
