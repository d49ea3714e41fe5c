import { compressorConformance } from "@pagetier/compressor/conformance";
import { describe, test } from "vitest";
import { DeflateCompressor } from "../src/index.js";

compressorConformance({ describe, test }, () => new DeflateCompressor());
