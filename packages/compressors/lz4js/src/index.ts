export { Lz4jsCompressor } from "./lz4js-compressor.js";
export { LZ4JS_OPTIONS, type Lz4jsOptions, lz4js, plugin } from "./plugin.js";
