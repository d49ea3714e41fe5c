export { __Name__Compressor } from "./__name__-compressor.js";
export { __camel__, plugin } from "./plugin.js";
