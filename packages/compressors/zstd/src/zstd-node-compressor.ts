import * as zlib from "node:zlib";
import { assert, PAGE_SIZE, TierError } from "@pagetier/base";
import { COMPRESSOR_INPUT_BYTES, type Compressor, compressorCorrupt, INCOMPRESSIBLE } from "@pagetier/compressor";

/** What node:zlib has from Node 22.15 on; the types of Node 20 do not know it. */
interface NodeZstd {
  zstdCompressSync(bytes: Uint8Array, options: object): Uint8Array;
  zstdDecompressSync(bytes: Uint8Array, options: object): Uint8Array;
  readonly constants: typeof zlib.constants & { readonly ZSTD_c_compressionLevel: number };
}

function isNodeZstd(module: object): module is NodeZstd {
  return "zstdCompressSync" in module && "zstdDecompressSync" in module;
}

/** Tells whether the zlib of this Node.js knows zstd. */
export function hasNodeZstd(): boolean {
  return isNodeZstd(zlib);
}

/**
 * Zstandard frames by the libzstd in Node.js (22.15 and later). Each call makes a new state and allocates some KiB.
 */
export class ZstdNodeCompressor implements Compressor {
  readonly type = "zstd";
  readonly engine = "node";
  readonly input = new Uint8Array(COMPRESSOR_INPUT_BYTES);
  readonly output = new Uint8Array(PAGE_SIZE);
  readonly #zlib: NodeZstd;
  readonly #options: { chunkSize: number; pledgedSrcSize: number; params: Record<number, number> };
  readonly #decompressOptions = { chunkSize: PAGE_SIZE, maxOutputLength: PAGE_SIZE };

  /**
   * @param level 1 (fast) to 19
   * @throws TierError COMPRESSOR_UNAVAILABLE where node:zlib does not know zstd
   */
  constructor({ level = 1 }: { readonly level?: number } = {}) {
    if (!isNodeZstd(zlib)) {
      throw new TierError(
        "COMPRESSOR_UNAVAILABLE",
        'zstd: engine "node" needs Node.js 22.15 or later; use engine "auto" or "wasm".',
        { type: "zstd", engine: "node" },
      );
    }
    this.#zlib = zlib;
    const params = { [zlib.constants.ZSTD_c_compressionLevel]: level };
    this.#options = { chunkSize: PAGE_SIZE, pledgedSrcSize: PAGE_SIZE, params };
  }

  compress(length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec compresses 1..PAGE_SIZE bytes");
    this.#options.pledgedSrcSize = length;
    const frame = this.#zlib.zstdCompressSync(this.input.subarray(0, length), this.#options);
    if (frame.length >= length) return INCOMPRESSIBLE;
    this.output.set(frame);
    return frame.length;
  }

  decompress(start: number, length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec decompresses 1..PAGE_SIZE bytes");
    assert(start >= 0 && start + length <= COMPRESSOR_INPUT_BYTES, "the compressed bytes lie in the input");
    let page: Uint8Array;
    try {
      page = this.#zlib.zstdDecompressSync(this.input.subarray(start, start + length), this.#decompressOptions);
    } catch (error) {
      throw compressorCorrupt("zstd", "they are no zstd frame of at most a page", length, error);
    }
    if (page.length === 0) throw compressorCorrupt("zstd", "they hold nothing", length);
    this.output.set(page);
    return page.length;
  }

  memoryBytes(): number {
    return this.input.byteLength + this.output.byteLength;
  }
}
