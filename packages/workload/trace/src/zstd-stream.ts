// Streaming zstd for a Node without it, on fzstd, with what fzstd leaves out.
//
// fzstd decodes blocks; this file walks the frame around them (RFC 8878): it bounds the window, checks the checksum at
// the end of a frame, knows the offset of a fault, and tells a truncated file from a damaged one. Blocks are handed to
// fzstd one at a time from one reused buffer, because it keeps views of what it is given.
//
// A frame of one segment needs its whole content as window anyway. Up to ONE_PIECE_BYTES it is decoded in one piece,
// which saves fzstd from moving the window after every block (256 moves of 32 MiB for the corpora).

import type { TierError } from "@pagetier/base";
import { Decompress, decompress } from "fzstd";
import { corruptError, type FailedInput, openError } from "./input-error.js";
import { Xxh64 } from "./xxh64.js";

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50; // The low four bits are free.
/** Largest window accepted: what the zstd command accepts without `--long`. */
const WINDOW_MAX_BYTES = 2 ** 27;
const ONE_PIECE_BYTES = 2 ** 26;
const BLOCK_MAX_BYTES = 2 ** 17;
const BLOCK_HEADER_BYTES = 3;
/** fzstd reads no frame before it has seen this many bytes of it. */
const FZSTD_LOOKAHEAD_BYTES = 18;
const BLOCK_RLE = 1;
const BLOCK_COMPRESSED = 2;
const BLOCK_RESERVED = 3;

interface FrameHeader {
  /** The header as it stands in the file, magic included. */
  readonly bytes: Uint8Array;
  readonly windowBytes: number;
  readonly contentBytes: number | undefined;
  readonly singleSegment: boolean;
  readonly checksum: boolean;
}

/** Bytes of a frame header, told by its descriptor (the byte behind the magic number). */
function headerLength(descriptor: number): number {
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentFlag = descriptor >> 6;
  const contentBytes = contentFlag === 0 ? (singleSegment ? 1 : 0) : 1 << contentFlag;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  return 5 + (singleSegment ? 0 : 1) + dictionaryBytes + contentBytes;
}

function littleEndian(bytes: Uint8Array, start: number, length: number): number {
  let value = 0;
  for (let index = length - 1; index >= 0; index--) value = value * 256 + (bytes[start + index] ?? 0);
  return value;
}

function parseHeader(bytes: Uint8Array): FrameHeader {
  const descriptor = bytes[4]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentFlag = descriptor >> 6;
  const contentLength = contentFlag === 0 ? (singleSegment ? 1 : 0) : 1 << contentFlag;
  let contentBytes: number | undefined;
  if (contentLength > 0) {
    contentBytes = littleEndian(bytes, bytes.length - contentLength, contentLength) + (contentLength === 2 ? 256 : 0);
  }
  let windowBytes = contentBytes ?? 0;
  if (!singleSegment) {
    const base = 2 ** (10 + (bytes[5]! >> 3));
    windowBytes = base + (base / 8) * (bytes[5]! & 7);
  }
  return { bytes, windowBytes, contentBytes, singleSegment, checksum: (descriptor & 4) !== 0 };
}

/** What kind of frame begins with these bytes; `undefined`: none, or too few bytes to tell and skip it. */
export function zstdFrameKind(head: Uint8Array): "content" | "skippable" | undefined {
  const magic = littleEndian(head, 0, 4);
  if (magic === MAGIC) return "content";
  return (magic & 0xfffffff0) === SKIPPABLE_MAGIC && head.length >= 8 ? "skippable" : undefined;
}

/** Length of a skippable frame, told by its first 8 bytes. */
export function skippableFrameBytes(head: Uint8Array): number {
  return 8 + littleEndian(head, 4, 4);
}

/** Content length that the first frame header states; `undefined` when it states none or is not whole in `head`. */
export function zstdContentBytes(head: Uint8Array): number | undefined {
  if (head.length < 5 || littleEndian(head, 0, 4) !== MAGIC) return undefined;
  const length = headerLength(head[4]!);
  return head.length < length ? undefined : parseHeader(head.subarray(0, length)).contentBytes;
}

/** Decodes all frames of a zstd file. Memory is bounded by the window: at most 128 MiB, and a copy of a small frame. */
export function zstdDecode(
  source: AsyncGenerator<Uint8Array, void, undefined>,
  input: FailedInput,
): AsyncGenerator<Uint8Array, void, undefined> {
  return new ZstdWalk(source, input).frames();
}

/** Walks frame by frame and block by block. */
class ZstdWalk {
  readonly #source: AsyncGenerator<Uint8Array, void, undefined>;
  readonly #input: FailedInput;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Bytes of the file taken so far. */
  #offset = 0;
  readonly #small = new Uint8Array(FZSTD_LOOKAHEAD_BYTES);
  readonly #block = new Uint8Array(BLOCK_HEADER_BYTES + BLOCK_MAX_BYTES);

  constructor(source: AsyncGenerator<Uint8Array, void, undefined>, input: FailedInput) {
    this.#source = source;
    this.#input = input;
  }

  async *frames(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      while (await this.#hasMore()) {
        await this.#fill(this.#small, 0, 4);
        const magic = littleEndian(this.#small, 0, 4);
        if ((magic & 0xfffffff0) === SKIPPABLE_MAGIC) await this.#skipFrame();
        else if (magic === MAGIC) yield* this.#frame();
        else throw this.#damaged(this.#offset - 4);
      }
    } finally {
      await this.#source.return();
    }
  }

  async *#frame(): AsyncGenerator<Uint8Array, void, undefined> {
    const start = this.#offset - 4;
    await this.#fill(this.#small, 4, 5);
    const length = headerLength(this.#small[4]!);
    await this.#fill(this.#small, 5, length);
    const header = parseHeader(this.#small.slice(0, length));
    if ((header.bytes[4]! & 8) !== 0) throw this.#damaged(start);
    if ((header.bytes[4]! & 3) !== 0 && littleEndian(header.bytes, header.singleSegment ? 5 : 6, 1) !== 0) {
      throw this.#unsupported("was compressed with a dictionary; compress it again without one");
    }
    if (header.windowBytes > WINDOW_MAX_BYTES) {
      throw this.#unsupported(
        `needs a window of ${header.windowBytes} bytes, more than ${WINDOW_MAX_BYTES}; compress it again without --long or --ultra`,
      );
    }
    const hash = header.checksum ? new Xxh64() : undefined;
    let decoded = 0;
    const blocks =
      header.singleSegment && header.windowBytes <= ONE_PIECE_BYTES
        ? this.#inOnePiece(header, start)
        : this.#blockByBlock(header, start);
    for await (const bytes of blocks) {
      hash?.update(bytes);
      decoded += bytes.length;
      if (bytes.length > 0) yield bytes;
    }
    if (header.contentBytes !== undefined && decoded !== header.contentBytes) throw this.#damaged(start);
    if (hash === undefined) return;
    await this.#fill(this.#small, 0, 4);
    if (littleEndian(this.#small, 0, 4) !== hash.low32()) throw this.#damaged(start);
  }

  async *#blockByBlock(header: FrameHeader, start: number): AsyncGenerator<Uint8Array, void, undefined> {
    let decoded: Uint8Array[] = [];
    const decoder = new Decompress((bytes) => decoded.push(bytes));
    // Without the checksum, which is checked here.
    const plainHeader = header.bytes.slice();
    plainHeader[4]! &= ~4;
    let pushed = plainHeader.length;
    this.#decode(start, () => decoder.push(plainHeader, false));
    for (let last = false; !last; ) {
      const blockStart = this.#offset;
      const length = await this.#readBlock();
      last = (this.#block[0]! & 1) !== 0;
      // fzstd collects the first bytes of a frame: these must not be views of the reused buffer.
      const bytes = pushed < FZSTD_LOOKAHEAD_BYTES ? this.#block.slice(0, length) : this.#block.subarray(0, length);
      pushed += length;
      this.#decode(blockStart, () => decoder.push(bytes, last));
      for (const piece of decoded) yield piece;
      decoded = [];
    }
  }

  async *#inOnePiece(header: FrameHeader, start: number): AsyncGenerator<Uint8Array, void, undefined> {
    const plainHeader = header.bytes.slice();
    plainHeader[4]! &= ~4;
    const pieces = [plainHeader];
    let held = plainHeader.length;
    for (let last = false; !last; ) {
      const length = await this.#readBlock();
      last = (this.#block[0]! & 1) !== 0;
      held += length;
      // No block is longer compressed than raw, so an honest frame is hardly longer than its content.
      if (held > 2 * header.windowBytes + BLOCK_MAX_BYTES) throw this.#damaged(start);
      pieces.push(this.#block.slice(0, length));
    }
    const frame = new Uint8Array(held);
    let at = 0;
    for (const piece of pieces) {
      frame.set(piece, at);
      at += piece.length;
    }
    let content: Uint8Array = frame;
    this.#decode(start, () => {
      content = decompress(frame);
    });
    yield content;
  }

  /** Takes one block, header included, into the block buffer and returns its length in the file. */
  async #readBlock(): Promise<number> {
    const start = this.#offset;
    await this.#fill(this.#block, 0, BLOCK_HEADER_BYTES);
    const header = littleEndian(this.#block, 0, BLOCK_HEADER_BYTES);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    if (type === BLOCK_RESERVED || size > BLOCK_MAX_BYTES) throw this.#damaged(start);
    const end = BLOCK_HEADER_BYTES + (type === BLOCK_RLE ? 1 : size);
    await this.#fill(this.#block, BLOCK_HEADER_BYTES, end);
    if (type === BLOCK_COMPRESSED && (size < 2 || hasEndlessWeights(this.#block, end))) throw this.#damaged(start);
    return end;
  }

  #decode(start: number, run: () => void): void {
    try {
      run();
    } catch (error) {
      throw this.#damaged(start, error);
    }
  }

  async #skipFrame(): Promise<void> {
    await this.#fill(this.#small, 0, 4);
    let left = littleEndian(this.#small, 0, 4);
    while (left > 0) {
      if (!(await this.#hasMore())) throw this.#truncated();
      const step = Math.min(left, this.#chunk.length - this.#at);
      this.#at += step;
      this.#offset += step;
      left -= step;
    }
  }

  async #hasMore(): Promise<boolean> {
    while (this.#at === this.#chunk.length) {
      const next = await this.#source.next();
      if (next.done === true) return false;
      this.#chunk = next.value;
      this.#at = 0;
    }
    return true;
  }

  /** Takes bytes of the file into target[start..end). */
  async #fill(target: Uint8Array, start: number, end: number): Promise<void> {
    let at = start;
    while (at < end) {
      if (this.#at === this.#chunk.length && !(await this.#hasMore())) throw this.#truncated();
      const step = Math.min(end - at, this.#chunk.length - this.#at);
      target.set(this.#chunk.subarray(this.#at, this.#at + step), at);
      this.#at += step;
      this.#offset += step;
      at += step;
    }
  }

  #truncated(): TierError {
    return corruptError(this.#input, this.#offset, "ends too early");
  }

  #damaged(offset: number, cause?: unknown): TierError {
    return corruptError(this.#input, offset, "is damaged", cause);
  }

  #unsupported(what: string): TierError {
    return openError(this.#input.path, this.#input.subject, what);
  }
}

/**
 * Tells whether a compressed block's Huffman weights are coded by a table with a single symbol. Such a table takes no
 * bits per symbol, so nothing would end fzstd's loop over it; no encoder writes one.
 */
function hasEndlessWeights(block: Uint8Array, end: number): boolean {
  const literals = block[BLOCK_HEADER_BYTES]!;
  const sizeFormat = (literals >> 2) & 3;
  if ((literals & 3) !== 2) return false; // No Huffman table of its own.
  const table = BLOCK_HEADER_BYTES + (sizeFormat < 2 ? 3 : sizeFormat + 2);
  if (table + 1 >= end || block[table]! >= 128) return false; // The weights are not coded.
  // The table: an accuracy, then probabilities of zero, then perhaps one that takes all.
  let bit = (table + 1) * 8;
  const take = (count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index++, bit++) value |= (((block[bit >> 3] ?? 0) >> (bit & 7)) & 1) << index;
    return value;
  };
  const accuracy = take(4) + 5;
  const whole = 1 << accuracy;
  for (let symbol = 0; symbol < 256; symbol++) {
    // A value 0..whole + 1 in accuracy + 1 bits, of which the smallest ones take a bit less.
    const short = (1 << (accuracy + 1)) - whole - 2;
    let value = take(accuracy);
    if (value >= short) {
      value |= take(1) << accuracy;
      if (value >= whole) value -= short;
    }
    if (value === whole + 1) return true;
    if (value !== 1) return false;
    for (let repeat = take(2); ; repeat = take(2)) {
      symbol += repeat;
      if (repeat !== 3 || symbol > 255) break;
    }
  }
  return false;
}
