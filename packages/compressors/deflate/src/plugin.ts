import { COMPRESSOR_CONTRACT, type CompressorPlugin } from "@pagetier/compressor";
import { z } from "zod";
import { DeflateCompressor } from "./deflate-compressor.js";

export const DEFLATE_OPTIONS = z.strictObject({
  /** How hard to look for matches: 1 (fast) to 9. */
  level: z.int().min(1).max(9).default(6),
});
export type DeflateOptions = z.infer<typeof DEFLATE_OPTIONS>;

export const plugin: CompressorPlugin<DeflateOptions> = {
  family: "compressor",
  contract: COMPRESSOR_CONTRACT,
  name: "deflate",
  summary: "Raw DEFLATE by fflate: plain JavaScript everywhere; in Node.js zlib is faster.",
  options: DEFLATE_OPTIONS,
  create: (_parts, options) => new DeflateCompressor(options),
};

/** The recipe node of deflate. */
export function deflate(options: z.input<typeof DEFLATE_OPTIONS> = {}) {
  return { use: "deflate", ...options } as const;
}
