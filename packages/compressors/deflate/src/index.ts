export { DeflateCompressor } from "./deflate-compressor.js";
export { DEFLATE_OPTIONS, type DeflateOptions, deflate, plugin } from "./plugin.js";
