// Leaves out zeroes at the end.
//
// A result is the length of the original (two bytes, low one first) and its bytes up to the last that is not zero. Cost: one
// look from the end, one copy. Good for pages that are not full; everything else is incompressible.

import { assert, PAGE_SIZE } from "@pagetier/base";
import { COMPRESSOR_INPUT_BYTES, type Compressor, compressorCorrupt, INCOMPRESSIBLE } from "@pagetier/compressor";

const HEADER_BYTES = 2;

export class __Name__Compressor implements Compressor {
  readonly type = "__name__";
  readonly input: Uint8Array = new Uint8Array(COMPRESSOR_INPUT_BYTES);
  readonly output: Uint8Array = new Uint8Array(PAGE_SIZE);

  compress(length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec compresses 1..PAGE_SIZE bytes");
    let kept = length;
    while (kept > 0 && this.input[kept - 1] === 0) kept--;
    if (kept + HEADER_BYTES >= length) return INCOMPRESSIBLE;
    this.output[0] = length & 255;
    this.output[1] = length >>> 8;
    for (let index = 0; index < kept; index++) this.output[HEADER_BYTES + index] = this.input[index]!;
    return kept + HEADER_BYTES;
  }

  decompress(start: number, length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec decompresses 1..PAGE_SIZE bytes");
    assert(start >= 0 && start + length <= this.input.length, "the compressed bytes lie in the input");
    if (length < HEADER_BYTES) throw compressorCorrupt(this.type, "it is shorter than a header", length);
    const restored = this.input[start]! | (this.input[start + 1]! << 8);
    const kept = length - HEADER_BYTES;
    if (restored < 1 || restored > PAGE_SIZE || kept > restored) {
      throw compressorCorrupt(this.type, "its header names an impossible length", length);
    }
    for (let index = 0; index < kept; index++) this.output[index] = this.input[start + HEADER_BYTES + index]!;
    this.output.fill(0, kept, restored);
    return restored;
  }

  memoryBytes(): number {
    return this.input.length + this.output.length;
  }
}
