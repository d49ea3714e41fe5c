/**
 * LZ4 blocks by the npm package lz4js, through its raw block functions.
 *
 * Kept for comparison and because it is plain JavaScript that others know; `@pagetier/compressor-lz4` is faster in every
 * respect. What one must know about lz4js 0.2.0, and what this class does about it:
 * - A reused hash table must be cleared: a stale entry at the same position becomes a match of offset 0. A table of u16
 *   holds every position of a page and costs half of the usual u32 one to clear.
 * - It answers 0 for a page without any match, and can answer more than the page's length; both are INCOMPRESSIBLE here.
 * - It drops writes past a short destination in silence: the destination has slack for the longest possible block.
 * - Its decoder checks nothing: `checkBlock` walks the block before.
 * - It may start a match in the last 12 bytes, which the LZ4 format forbids: liblz4 refuses some of its blocks.
 */
import { assert, PAGE_SIZE } from "@pagetier/base";
import { COMPRESSOR_INPUT_BYTES, type Compressor, compressorCorrupt, INCOMPRESSIBLE } from "@pagetier/compressor";
import { compressBlock, decompressBlock } from "lz4js";
import { BROKEN_BLOCK, checkBlock } from "./block-check.js";

/** lz4js reduces every hash to 16 bits. */
const HASH_ENTRIES = 1 << 16;
/** How much longer than a page a block can get: one byte in 255, a token and its rounding. */
const SLACK_BYTES = 32;

export class Lz4jsCompressor implements Compressor {
  readonly type = "lz4js";
  readonly input = new Uint8Array(COMPRESSOR_INPUT_BYTES);
  /** The output, then slack. */
  readonly #target = new Uint8Array(PAGE_SIZE + SLACK_BYTES);
  readonly output = this.#target.subarray(0, PAGE_SIZE);
  /** Position + 1 of the last occurrence of each hash. */
  readonly #hashTable = new Uint16Array(HASH_ENTRIES);

  compress(length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec compresses 1..PAGE_SIZE bytes");
    this.#hashTable.fill(0);
    const compressed = compressBlock(this.input, this.#target, 0, length, this.#hashTable);
    return compressed < length ? compressed : INCOMPRESSIBLE; // 0, "no match found", is INCOMPRESSIBLE too.
  }

  decompress(start: number, length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec decompresses 1..PAGE_SIZE bytes");
    assert(start >= 0 && start + length <= COMPRESSOR_INPUT_BYTES, "the compressed bytes lie in the input");
    const restored = checkBlock(this.input, start, length, PAGE_SIZE);
    if (restored === BROKEN_BLOCK || restored === 0)
      throw compressorCorrupt("lz4js", "they are no whole LZ4 block", length);
    decompressBlock(this.input, this.#target, start, length, 0);
    return restored;
  }

  memoryBytes(): number {
    return this.input.byteLength + this.#target.byteLength + this.#hashTable.byteLength;
  }
}

assert(INCOMPRESSIBLE === 0, "what lz4js answers for a page without a match means incompressible");
