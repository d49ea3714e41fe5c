import { compressorConformance } from "@pagetier/compressor/conformance";
import { describe, test } from "vitest";
import { hasNodeZstd, ZstdNodeCompressor, ZstdWasmCompressor } from "../src/index.js";

describe("in WebAssembly", () => compressorConformance({ describe, test }, () => new ZstdWasmCompressor()));
describe.skipIf(!hasNodeZstd())("by node:zlib (where it knows zstd)", () =>
  compressorConformance({ describe, test }, () => new ZstdNodeCompressor()),
);
