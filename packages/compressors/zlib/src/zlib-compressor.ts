/**
 * Raw DEFLATE (RFC 1951) by the zlib in Node.js.
 *
 * No header and no checksum. A window of 8 KiB reaches every byte of a page, and a small state (`memLevel` 6: one block
 * holds a page's symbols) is quicker to set up and as good. Node.js makes a new state for each call and allocates about
 * 8 KiB: that is the price of this codec beside its ratio.
 */
import { deflateRawSync, inflateRawSync, type ZlibOptions as NodeZlibOptions } from "node:zlib";
import { assert, PAGE_SIZE } from "@pagetier/base";
import { COMPRESSOR_INPUT_BYTES, type Compressor, compressorCorrupt, INCOMPRESSIBLE } from "@pagetier/compressor";

const WINDOW_BITS = 13;
const MEMORY_LEVEL = 6;

export class ZlibCompressor implements Compressor {
  readonly type = "zlib";
  readonly input = new Uint8Array(COMPRESSOR_INPUT_BYTES);
  readonly output = new Uint8Array(PAGE_SIZE);
  readonly #deflate: NodeZlibOptions;
  readonly #inflate: NodeZlibOptions = { windowBits: WINDOW_BITS, chunkSize: PAGE_SIZE, maxOutputLength: PAGE_SIZE };

  /** @param level 1 (fast) to 9 */
  constructor({ level = 6 }: { readonly level?: number } = {}) {
    this.#deflate = { level, windowBits: WINDOW_BITS, memLevel: MEMORY_LEVEL, chunkSize: PAGE_SIZE };
  }

  compress(length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec compresses 1..PAGE_SIZE bytes");
    const stream = deflateRawSync(this.input.subarray(0, length), this.#deflate);
    if (stream.length >= length) return INCOMPRESSIBLE;
    this.output.set(stream);
    return stream.length;
  }

  decompress(start: number, length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec decompresses 1..PAGE_SIZE bytes");
    assert(start >= 0 && start + length <= COMPRESSOR_INPUT_BYTES, "the compressed bytes lie in the input");
    let page: Uint8Array;
    try {
      page = inflateRawSync(this.input.subarray(start, start + length), this.#inflate);
    } catch (error) {
      throw compressorCorrupt("zlib", "they are no DEFLATE stream of at most a page", length, error);
    }
    if (page.length === 0) throw compressorCorrupt("zlib", "they hold nothing", length);
    this.output.set(page);
    return page.length;
  }

  memoryBytes(): number {
    return this.input.byteLength + this.output.byteLength;
  }
}
