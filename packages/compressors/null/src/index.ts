export { NullCompressor } from "./null-compressor.js";
export { NULL_OPTIONS, type NullOptions, nullCompressor, plugin } from "./plugin.js";
