/**
 * Zstandard frames by the libzstd in @foxglove/wasm-zstd, which was the fastest of the WebAssembly packages measured.
 *
 * We take its compiled module and call it without its wrapper, which would allocate four times per call and copy twice:
 * each compressor has an instance of its own with one source and one target in it. That memory may grow, which would
 * detach views, so `input` and `output` lie outside and whole buffers are copied (a few per cent of a call).
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import fill, { type ZstdModule } from "@foxglove/wasm-zstd/dist/wasm-zstd.js";
import { assert, PAGE_SIZE } from "@pagetier/base";
import { COMPRESSOR_INPUT_BYTES, type Compressor, compressorCorrupt, INCOMPRESSIBLE } from "@pagetier/compressor";

/** A frame of a page is longer than the page by less than this. */
const FRAME_SLACK_BYTES = 128;

/** Compiled once for all compressors of the process. */
let compiled: WebAssembly.Module | undefined;

/** Makes an instance of libzstd at once; Emscripten's own way would take turns of the event loop. */
function instantiate(): ZstdModule {
  const path = createRequire(import.meta.url).resolve("@foxglove/wasm-zstd/dist/wasm-zstd.wasm");
  compiled ??= new WebAssembly.Module(readFileSync(path));
  const module: Parameters<typeof fill>[0] = {
    instantiateWasm(imports, receive) {
      const instance = new WebAssembly.Instance(compiled!, imports);
      receive(instance);
      return instance.exports;
    },
  };
  void fill(module);
  assert(module.HEAPU8 !== undefined, "libzstd is ready at once");
  return module as ZstdModule;
}

export class ZstdWasmCompressor implements Compressor {
  readonly type = "zstd";
  readonly engine = "wasm";
  readonly input = new Uint8Array(COMPRESSOR_INPUT_BYTES);
  readonly output = new Uint8Array(PAGE_SIZE);
  readonly #level: number;
  readonly #zstd = instantiate();
  readonly #source = this.#zstd._malloc(COMPRESSOR_INPUT_BYTES);
  readonly #target = this.#zstd._malloc(PAGE_SIZE + FRAME_SLACK_BYTES);
  /** The memory when `#result` was made. */
  #heap = this.#zstd.HEAPU8;
  /** A page of the memory at `#target`. */
  #result = this.#heap.subarray(this.#target, this.#target + PAGE_SIZE);

  /** @param level 1 (fast) to 19 */
  constructor({ level = 1 }: { readonly level?: number } = {}) {
    assert(this.#source !== 0 && this.#target !== 0, "libzstd has memory for two pages and more");
    this.#level = level;
  }

  compress(length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec compresses 1..PAGE_SIZE bytes");
    this.#heap.set(this.input, this.#source);
    const frame = this.#zstd._compress(this.#target, PAGE_SIZE + FRAME_SLACK_BYTES, this.#source, length, this.#level);
    assert(frame > 0, "libzstd compresses any page");
    this.#fetch();
    return frame < length ? frame : INCOMPRESSIBLE;
  }

  decompress(start: number, length: number): number {
    assert(length >= 1 && length <= PAGE_SIZE, "a codec decompresses 1..PAGE_SIZE bytes");
    assert(start >= 0 && start + length <= COMPRESSOR_INPUT_BYTES, "the compressed bytes lie in the input");
    this.#heap.set(this.input, this.#source);
    const restored = this.#zstd._decompress(this.#target, PAGE_SIZE, this.#source + start, length);
    this.#fetch();
    if (restored <= 0) throw compressorCorrupt("zstd", "they are no zstd frame of at most a page", length);
    return restored;
  }

  memoryBytes(): number {
    return this.input.byteLength + this.output.byteLength + this.#zstd.HEAPU8.byteLength;
  }

  /** Copies the result out of libzstd's memory. */
  #fetch(): void {
    if (this.#heap !== this.#zstd.HEAPU8) {
      this.#heap = this.#zstd.HEAPU8; // The memory has grown.
      this.#result = this.#heap.subarray(this.#target, this.#target + PAGE_SIZE);
    }
    this.output.set(this.#result);
  }
}
