import { compressorConformance } from "@pagetier/compressor/conformance";
import { describe, test } from "vitest";
import { NullCompressor } from "../src/index.js";

compressorConformance({ describe, test }, () => new NullCompressor());
