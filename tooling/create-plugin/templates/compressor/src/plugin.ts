import type { PluginNode } from "@pagetier/base";
import { COMPRESSOR_CONTRACT, type CompressorPlugin } from "@pagetier/compressor";
import { z } from "zod";
import { __Name__Compressor } from "./__name__-compressor.js";

const options = z.strictObject({});

export const plugin: CompressorPlugin<z.output<typeof options>> = {
  family: "compressor",
  contract: COMPRESSOR_CONTRACT,
  name: "__name__",
  summary: "Leaves out zeroes at the end of a page.",
  options,
  create: () => new __Name__Compressor(),
};

/** Names it in a recipe. */
export function __camel__(): PluginNode {
  return { use: "__name__" };
}
