import { assert, PAGE_SIZE } from "@pagetier/base";
import { COMPRESSOR_INPUT_BYTES, type Compressor } from "@pagetier/compressor";

/**
 * Copies bytes and calls that compression: what is left of a tier's cost when the codec costs nothing.
 *
 * The only codec that answers `length` itself. Input and output are one buffer, so that a copy is one `copyWithin`.
 */
export class NullCompressor implements Compressor {
  readonly type = "null";
  /** The input, then the output. */
  readonly #bytes = new Uint8Array(COMPRESSOR_INPUT_BYTES + PAGE_SIZE);
  readonly input = this.#bytes.subarray(0, COMPRESSOR_INPUT_BYTES);
  readonly output = this.#bytes.subarray(COMPRESSOR_INPUT_BYTES);

  compress(length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec compresses 1..PAGE_SIZE bytes");
    this.#bytes.copyWithin(COMPRESSOR_INPUT_BYTES, 0, length);
    return length;
  }

  decompress(start: number, length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec decompresses 1..PAGE_SIZE bytes");
    assert(start >= 0 && start + length <= COMPRESSOR_INPUT_BYTES, "the compressed bytes lie in the input");
    this.#bytes.copyWithin(COMPRESSOR_INPUT_BYTES, start, start + length);
    return length;
  }

  memoryBytes(): number {
    return this.#bytes.length;
  }
}
