import { COMPRESSOR_CONTRACT, type CompressorPlugin } from "@pagetier/compressor";
import { z } from "zod";
import { NullCompressor } from "./null-compressor.js";

/** The null codec has no options. */
export const NULL_OPTIONS = z.strictObject({});
export type NullOptions = z.infer<typeof NULL_OPTIONS>;

export const plugin: CompressorPlugin<NullOptions> = {
  family: "compressor",
  contract: COMPRESSOR_CONTRACT,
  name: "null",
  summary: "Copies pages without compressing them: the floor of every comparison.",
  options: NULL_OPTIONS,
  create: () => new NullCompressor(),
};

/** The recipe node of the null codec. (Named so because `null` is a reserved word.) */
export function nullCompressor() {
  return { use: "null" } as const;
}
