import { compressorConformance } from "@pagetier/compressor/conformance";
import { describe, test } from "vitest";
import { Lz4jsCompressor } from "../src/index.js";

compressorConformance({ describe, test }, () => new Lz4jsCompressor());
