/**
 * Raw DEFLATE (RFC 1951) by fflate: plain JavaScript, a good ratio, slow, and each call allocates some hundred KiB.
 *
 * No header and no checksum, as in the kernel's crypto API. fflate throws errors of several kinds for bytes that are no
 * DEFLATE stream, and writes past a short target in silence: the target has one byte more than a page, so that a stream
 * which holds more than a page is known by filling it.
 */
import { assert, PAGE_SIZE } from "@pagetier/base";
import { COMPRESSOR_INPUT_BYTES, type Compressor, compressorCorrupt, INCOMPRESSIBLE } from "@pagetier/compressor";
import { deflateSync, type DeflateOptions as FflateOptions, inflateSync } from "fflate";

export class DeflateCompressor implements Compressor {
  readonly type = "deflate";
  readonly input = new Uint8Array(COMPRESSOR_INPUT_BYTES);
  /** The output, then one byte. */
  readonly #target = new Uint8Array(PAGE_SIZE + 1);
  readonly output = this.#target.subarray(0, PAGE_SIZE);
  readonly #options: FflateOptions;

  /** @param level 1 (fast) to 9 */
  constructor({ level = 6 }: { readonly level?: number } = {}) {
    assert(Number.isInteger(level) && level >= 1 && level <= 9, "the level is 1..9");
    this.#options = { level: level as NonNullable<FflateOptions["level"]> };
  }

  compress(length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec compresses 1..PAGE_SIZE bytes");
    const stream = deflateSync(this.input.subarray(0, length), this.#options);
    if (stream.length >= length) return INCOMPRESSIBLE;
    this.output.set(stream);
    return stream.length;
  }

  decompress(start: number, length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec decompresses 1..PAGE_SIZE bytes");
    assert(start >= 0 && start + length <= COMPRESSOR_INPUT_BYTES, "the compressed bytes lie in the input");
    let restored: number;
    try {
      restored = inflateSync(this.input.subarray(start, start + length), { out: this.#target }).length;
    } catch (error) {
      throw compressorCorrupt("deflate", "they are no DEFLATE stream", length, error);
    }
    if (restored === 0) throw compressorCorrupt("deflate", "they hold nothing", length);
    if (restored > PAGE_SIZE) throw compressorCorrupt("deflate", "they hold more than a page", length);
    return restored;
  }

  memoryBytes(): number {
    return this.input.byteLength + this.#target.byteLength;
  }
}
