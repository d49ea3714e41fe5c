// Page files: 4096-byte pages, one after another, nothing else. Read once and held in memory, since a replay takes
// pages in any order.

import { PAGE_SIZE, TierError } from "@pagetier/base";
import { type Input, openInput } from "./input.js";
import { formatNamed } from "./tell-format.js";

/** Pages in memory, one after another. */
export interface PageFile {
  /** Path, or a description. */
  readonly name: string;
  readonly pages: number;
  /** `pages * PAGE_SIZE` bytes, at a multiple of 8 in their buffer. */
  readonly bytes: Uint8Array;
}

export interface PageFileOptions {
  /** Reads only the first so many pages. */
  readonly limit?: number | undefined;
  /** Refuses a file that holds more than this many bytes after decompression (and limit). Default 1 GiB. */
  readonly bytesMax?: number | undefined;
}

const BYTES_MAX_DEFAULT = 2 ** 30;
const GROWTH_BYTES_MIN = 2 ** 20;

/**
 * Reads a page file, plain or compressed with gzip or zstd.
 *
 * @throws TierError `PAGES_OPEN`, `PAGES_EMPTY`, `PAGES_CORRUPT`, `PAGES_FORMAT` (a trace by its name),
 *   `PAGES_LENGTH` (no multiple of 4096 bytes), `PAGES_TOO_LARGE`
 */
export async function openPages(path: string, options: PageFileOptions = {}): Promise<PageFile> {
  const input = await openInput(path, "pages");
  if (formatNamed(path) !== undefined) {
    throw new TierError(
      "PAGES_FORMAT",
      `The page file ${path} looks like a trace by its name; did you swap --trace and --pages?`,
      { path },
    );
  }
  const limitBytes = (options.limit ?? Number.POSITIVE_INFINITY) * PAGE_SIZE;
  const bytes = await readAll(input, limitBytes, options.bytesMax ?? BYTES_MAX_DEFAULT);
  const left = bytes.length % PAGE_SIZE;
  if (left !== 0) {
    throw new TierError(
      "PAGES_LENGTH",
      `The page file ${path} holds ${bytes.length} bytes, which is ${Math.floor(bytes.length / PAGE_SIZE)} pages of ` +
        `${PAGE_SIZE} bytes and ${left} bytes more; give a file of whole pages${left % 4 === 0 ? " (if it is a trace, use it as --trace)" : ""}.`,
      { path, bytes: bytes.length, left },
    );
  }
  if (bytes.length === 0) {
    throw new TierError("PAGES_EMPTY", `The page file ${path} holds no page; give a file with at least one.`, { path });
  }
  return { name: path, pages: bytes.length / PAGE_SIZE, bytes };
}

async function readAll(input: Input, limitBytes: number, bytesMax: number): Promise<Uint8Array> {
  const expected = Math.min(input.contentBytes ?? 0, limitBytes);
  // What the file says of its length is a hint: it may lie, so it buys no more than the limit.
  let buffer = new Uint8Array(Math.min(Math.max(expected, GROWTH_BYTES_MIN), bytesMax));
  let length = 0;
  for await (const chunk of input.chunks()) {
    const part = Math.min(chunk.length, limitBytes - length);
    if (length + part > bytesMax) {
      throw new TierError(
        "PAGES_TOO_LARGE",
        `The page file ${input.path} holds more than ${bytesMax} bytes; cut it to fewer pages, or raise the limit.`,
        { path: input.path, bytesMax },
      );
    }
    if (length + part > buffer.length) {
      const grown = new Uint8Array(Math.min(bytesMax, Math.max(buffer.length * 2, length + part)));
      grown.set(buffer.subarray(0, length));
      buffer = grown;
    }
    buffer.set(part === chunk.length ? chunk : chunk.subarray(0, part), length);
    length += part;
    if (length === limitBytes) break;
  }
  return length === buffer.length ? buffer : buffer.slice(0, length);
}
