import { COMPRESSOR_CONTRACT, type CompressorPlugin } from "@pagetier/compressor";
import { z } from "zod";
import { Lz4jsCompressor } from "./lz4js-compressor.js";

/** lz4js has no options. */
export const LZ4JS_OPTIONS = z.strictObject({});
export type Lz4jsOptions = z.infer<typeof LZ4JS_OPTIONS>;

export const plugin: CompressorPlugin<Lz4jsOptions> = {
  family: "compressor",
  contract: COMPRESSOR_CONTRACT,
  name: "lz4js",
  summary: "LZ4 blocks by the npm package lz4js: plain JavaScript, about a quarter of our own lz4's speed.",
  options: LZ4JS_OPTIONS,
  create: () => new Lz4jsCompressor(),
};

/** The recipe node of lz4js. */
export function lz4js() {
  return { use: "lz4js" } as const;
}
