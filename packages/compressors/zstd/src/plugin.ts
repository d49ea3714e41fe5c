import { COMPRESSOR_CONTRACT, type Compressor, type CompressorPlugin } from "@pagetier/compressor";
import { z } from "zod";
import { hasNodeZstd, ZstdNodeCompressor } from "./zstd-node-compressor.js";
import { ZstdWasmCompressor } from "./zstd-wasm-compressor.js";

export const ZSTD_OPTIONS = z.strictObject({
  /** How hard to look for matches: 1 (fast) to 19. */
  level: z.int().min(1).max(19).default(1),
  /** `node` and `wasm` ask for one engine; `auto` takes node:zlib where it knows zstd. Each reads the other's frames. */
  engine: z.enum(["auto", "node", "wasm"]).default("auto"),
});
export type ZstdOptions = z.infer<typeof ZSTD_OPTIONS>;

/**
 * Makes a zstd codec.
 *
 * @throws TierError COMPRESSOR_UNAVAILABLE when `engine` is `"node"` and this Node.js has no zstd
 */
export function createZstdCompressor(options: Partial<ZstdOptions> = {}): Compressor {
  const { engine = "auto", level = 1 } = options;
  const node = engine === "node" || (engine === "auto" && hasNodeZstd());
  return node ? new ZstdNodeCompressor({ level }) : new ZstdWasmCompressor({ level });
}

export const plugin: CompressorPlugin<ZstdOptions> = {
  family: "compressor",
  contract: COMPRESSOR_CONTRACT,
  name: "zstd",
  summary: "Zstandard by node:zlib or WebAssembly: zlib's ratio at a multiple of its speed.",
  options: ZSTD_OPTIONS,
  create: (_parts, options) => createZstdCompressor(options),
};

/** The recipe node of zstd. */
export function zstd(options: z.input<typeof ZSTD_OPTIONS> = {}) {
  return { use: "zstd", ...options } as const;
}
