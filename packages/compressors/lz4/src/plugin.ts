import { COMPRESSOR_CONTRACT, type Compressor, type CompressorPlugin } from "@pagetier/compressor";
import { z } from "zod";
import { Lz4PlainCompressor } from "./lz4-plain-compressor.js";
import { hasLz4Wasm, Lz4WasmCompressor } from "./lz4-wasm-compressor.js";

export const LZ4_OPTIONS = z.strictObject({
  /** `wasm` and `js` ask for one engine; `auto` takes WebAssembly where it loads. The bytes are the same. */
  engine: z.enum(["auto", "wasm", "js"]).default("auto"),
});
export type Lz4Options = z.infer<typeof LZ4_OPTIONS>;

/**
 * Makes an LZ4 page codec.
 *
 * @throws TierError COMPRESSOR_UNAVAILABLE when `engine` is `"wasm"` and it does not load here
 */
export function createLz4Compressor(options: Partial<Lz4Options> = {}): Compressor {
  const engine = options.engine ?? "auto";
  return engine === "wasm" || (engine === "auto" && hasLz4Wasm()) ? new Lz4WasmCompressor() : new Lz4PlainCompressor();
}

export const plugin: CompressorPlugin<Lz4Options> = {
  family: "compressor",
  contract: COMPRESSOR_CONTRACT,
  name: "lz4",
  summary: "Our own LZ4 page codec in WebAssembly, with a byte-identical JavaScript twin: the fast default.",
  options: LZ4_OPTIONS,
  create: (_parts, options) => createLz4Compressor(options),
};

/** The recipe node of lz4. */
export function lz4(options: z.input<typeof LZ4_OPTIONS> = {}) {
  return { use: "lz4", ...options } as const;
}
