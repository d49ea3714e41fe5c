import { compressorConformance } from "@pagetier/compressor/conformance";
import { RleCompressor } from "pagetier-example-plugin";
import { describe, test } from "vitest";

compressorConformance({ describe, test }, () => new RleCompressor(3));
