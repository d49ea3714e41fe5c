import { assert, PAGE_SIZE, TierError } from "@pagetier/base";
import { COMPRESSOR_INPUT_BYTES, type Compressor, compressorCorrupt } from "@pagetier/compressor";
import { LZ4_MODULE } from "./lz4-module.wasm.js";

/** What assembly/page-codec.ts exports. */
interface PageCodec {
  readonly memory: WebAssembly.Memory;
  readonly INPUT: WebAssembly.Global;
  readonly OUTPUT: WebAssembly.Global;
  compress(length: number): number;
  decompress(start: number, length: number): number;
}

/** Compiled once for all compressors of the process. */
let compiled: WebAssembly.Module | undefined;

/**
 * Compiles the module unless that was done before.
 *
 * @returns why it cannot be compiled here, or `undefined` when it was
 */
function compile(): unknown {
  if (compiled !== undefined) return undefined;
  try {
    compiled = new WebAssembly.Module(Uint8Array.from(atob(LZ4_MODULE), (character) => character.charCodeAt(0)));
    return undefined;
  } catch (error) {
    return error; // No WebAssembly at all, none with SIMD, or a policy against it.
  }
}

/** Tells whether {@link Lz4WasmCompressor} works here: WebAssembly with SIMD, and allowed to compile. */
export function hasLz4Wasm(): boolean {
  return typeof WebAssembly === "object" && compile() === undefined;
}

/**
 * Our LZ4 page codec in WebAssembly. Each compressor has a memory of its own, 64 KiB, which never grows; the algorithm is
 * told in assembly/page-codec.ts.
 */
export class Lz4WasmCompressor implements Compressor {
  readonly type = "lz4";
  readonly engine = "wasm";
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  readonly #memory: WebAssembly.Memory;
  readonly #compress: (length: number) => number;
  readonly #decompress: (start: number, length: number) => number;

  /** @throws TierError COMPRESSOR_UNAVAILABLE where WebAssembly with SIMD does not load */
  constructor() {
    const reason = typeof WebAssembly === "object" ? compile() : "there is no WebAssembly";
    if (reason !== undefined) {
      throw new TierError(
        "COMPRESSOR_UNAVAILABLE",
        `lz4: engine "wasm" does not load here (${reason}); use engine "auto" or "js".`,
        { type: "lz4", engine: "wasm" },
        { cause: reason },
      );
    }
    const codec = new WebAssembly.Instance(compiled!).exports as PageCodec;
    this.#memory = codec.memory;
    this.input = new Uint8Array(codec.memory.buffer, codec.INPUT.value, COMPRESSOR_INPUT_BYTES);
    this.output = new Uint8Array(codec.memory.buffer, codec.OUTPUT.value, PAGE_SIZE);
    this.#compress = codec.compress;
    this.#decompress = codec.decompress;
  }

  compress(length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec compresses 1..PAGE_SIZE bytes");
    const compress = this.#compress;
    return compress(length);
  }

  decompress(start: number, length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec decompresses 1..PAGE_SIZE bytes");
    assert(start >= 0 && start + length <= COMPRESSOR_INPUT_BYTES, "the compressed bytes lie in the input");
    const decompress = this.#decompress;
    const restored = decompress(start, length);
    if (restored < 0) throw compressorCorrupt("lz4", "they are no whole LZ4 block", length);
    return restored;
  }

  memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }
}
