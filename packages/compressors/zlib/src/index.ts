export { plugin, ZLIB_OPTIONS, type ZlibOptions, zlib } from "./plugin.js";
export { ZlibCompressor } from "./zlib-compressor.js";
