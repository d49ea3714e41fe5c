// Recorded compressed lengths: what a compressor made of pages that need not be here any more.
//
// One little-endian u16 per page, in page order, plain or packed with gzip or zstd: 0 is a same-filled page, 65535 one
// whose compressed bytes do not fit a page, anything else the compressed length in bytes.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import * as zlib from "node:zlib";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { decompress as zstdDecompress } from "fzstd";

/** A page of one repeated word: needs no compressor. */
export const SAME_FILLED = 0;
/** The compressor's output was longer than a page. */
export const DOES_NOT_FIT = 65535;

/** Compressed lengths in memory, as in the file. */
export interface LengthFile {
  /** Path as given. */
  readonly name: string;
  /** What compressed the pages, as far as the file's name tells; else `recorded`. */
  readonly compressor: string;
  /** One per page: {@link SAME_FILLED}, {@link DOES_NOT_FIT}, or 1..PAGE_SIZE. */
  readonly lengths: Uint16Array;
}

/** Refuses files that hold more than this after decompression: the lengths of 512 GiB of pages. */
const BYTES_MAX = 2 ** 28;
const GZIP_MAGIC = 0x8b1f;
const ZSTD_MAGIC = 0xfd2fb528;

/**
 * Reads a file of recorded lengths.
 *
 * @throws TierError `LENGTHS_OPEN`, `LENGTHS_EMPTY`, `LENGTHS_CORRUPT` (cannot be unpacked), `LENGTHS_FORMAT` (an odd
 *   number of bytes, or a length that no page has)
 */
export async function openLengths(path: string): Promise<LengthFile> {
  const bytes = unpacked(path, await readWhole(path));
  if (bytes.length === 0) {
    throw new TierError("LENGTHS_EMPTY", `The file of lengths ${path} holds no length; record it again.`, { path });
  }
  if (bytes.length % 2 !== 0) {
    throw new TierError(
      "LENGTHS_FORMAT",
      `The file of lengths ${path} holds ${bytes.length} bytes, an odd number; it must be one little-endian u16 per page.`,
      { path, bytes: bytes.length },
    );
  }
  return { name: path, compressor: compressorOf(path), lengths: checkedLengths(path, bytes) };
}

/** `lz4.node-heap.u16.gz` was compressed by lz4. */
function compressorOf(path: string): string {
  return /^([^.]+)\.(?:.*\.)?u16(?:\.gz|\.zst)?$/i.exec(basename(path))?.[1] ?? "recorded";
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    const what =
      code === "ENOENT"
        ? "does not exist; check the path"
        : code === "EISDIR"
          ? "is a directory; name a file in it"
          : `cannot be read (${String(code ?? cause)}); check its permissions`;
    throw new TierError("LENGTHS_OPEN", `The file of lengths ${path} ${what}.`, { path }, { cause });
  }
}

/** node:zlib of 22.15, 23.8 and later. */
type ZlibWithZstd = typeof zlib & {
  zstdDecompressSync?: (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
};

/** How the bytes are packed is told by the first of them, not by the file's name. */
function unpacked(path: string, bytes: Uint8Array): Uint8Array {
  const head = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const withZstd: ZlibWithZstd = zlib;
  try {
    if (bytes.length > 2 && head.getUint16(0, true) === GZIP_MAGIC && bytes[2] === 8) {
      return zlib.gunzipSync(bytes, { maxOutputLength: BYTES_MAX });
    }
    if (bytes.length >= 4 && head.getUint32(0, true) === ZSTD_MAGIC) {
      return withZstd.zstdDecompressSync?.(bytes, { maxOutputLength: BYTES_MAX }) ?? zstdDecompress(bytes);
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TierError(
      "LENGTHS_CORRUPT",
      `The file of lengths ${path} cannot be unpacked (${reason}); fetch or record it again.`,
      { path },
      { cause },
    );
  }
  return bytes;
}

function checkedLengths(path: string, bytes: Uint8Array): Uint16Array {
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lengths = new Uint16Array(bytes.length / 2);
  for (let index = 0; index < lengths.length; index++) {
    const length = source.getUint16(index * 2, true);
    if (length > PAGE_SIZE && length !== DOES_NOT_FIT) {
      throw new TierError(
        "LENGTHS_FORMAT",
        `The file of lengths ${path} says ${length} for page ${index}; lengths are 0 to ${PAGE_SIZE}, or ${DOES_NOT_FIT} for a page that does not fit.`,
        { path, index, length },
      );
    }
    lengths[index] = length;
  }
  return lengths;
}
