import { compressorConformance } from "@pagetier/compressor/conformance";
import { describe, test } from "vitest";
import { __Name__Compressor } from "../src/index.js";

compressorConformance({ describe, test }, () => new __Name__Compressor());
