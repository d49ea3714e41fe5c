export { createZstdCompressor, plugin, ZSTD_OPTIONS, type ZstdOptions, zstd } from "./plugin.js";
export { hasNodeZstd, ZstdNodeCompressor } from "./zstd-node-compressor.js";
export { ZstdWasmCompressor } from "./zstd-wasm-compressor.js";
