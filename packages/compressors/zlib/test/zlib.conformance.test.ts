import { compressorConformance } from "@pagetier/compressor/conformance";
import { describe, test } from "vitest";
import { ZlibCompressor } from "../src/index.js";

compressorConformance({ describe, test }, () => new ZlibCompressor());
