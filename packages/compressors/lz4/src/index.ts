export { Lz4PlainCompressor } from "./lz4-plain-compressor.js";
export { hasLz4Wasm, Lz4WasmCompressor } from "./lz4-wasm-compressor.js";
export { createLz4Compressor, LZ4_OPTIONS, type Lz4Options, lz4, plugin } from "./plugin.js";
