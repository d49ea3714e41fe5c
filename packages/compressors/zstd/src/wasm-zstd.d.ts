/** The Emscripten module inside @foxglove/wasm-zstd, as far as we use it; the package has types for its wrapper only. */
declare module "@foxglove/wasm-zstd/dist/wasm-zstd.js" {
  interface ZstdModule {
    /** A view of the whole memory; a new one after the memory has grown. */
    HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    /** Answers the length of the frame, or -1. */
    _compress(target: number, targetBytes: number, source: number, sourceBytes: number, level: number): number;
    /** Answers the length of what the frames hold, or -1. */
    _decompress(target: number, targetBytes: number, source: number, sourceBytes: number): number;
  }
  /** Fills `module`. Synchronous when `instantiateWasm` is. */
  export default function fill(
    module: Partial<ZstdModule> & {
      instantiateWasm(imports: unknown, receive: (instance: unknown) => void): unknown;
    },
  ): Promise<unknown>;
}

/** The part of WebAssembly's JavaScript interface that we use; neither ES2023 nor the types of Node 20 declare it. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports: unknown);
    readonly exports: unknown;
  }
}
