import { chooserConformance } from "@pagetier/compressor/conformance";
import { createLz4Compressor } from "@pagetier/compressor-lz4";
import { ZlibCompressor } from "@pagetier/compressor-zlib";
import { ZstdWasmCompressor } from "@pagetier/compressor-zstd";
import { describe, test } from "vitest";
import { AdaptiveChooser } from "../src/index.js";

describe("lz4 and zstd", () =>
  chooserConformance({ describe, test }, () => new AdaptiveChooser(createLz4Compressor(), new ZstdWasmCompressor())));

describe("lz4 and zlib, strong wherever it saves a byte, with a memory of one", () =>
  chooserConformance(
    { describe, test },
    () =>
      new AdaptiveChooser(createLz4Compressor(), new ZlibCompressor({ level: 1 }), {
        strongAboveBytes: 0,
        stepBytes: 1,
        rawFromValues: 129,
        rememberPages: 1,
        retryAfterPages: 3,
      }),
  ));
