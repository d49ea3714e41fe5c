import { compressorConformance } from "@pagetier/compressor/conformance";
import { describe, test } from "vitest";
import { Lz4PlainCompressor, Lz4WasmCompressor } from "../src/index.js";

describe("in WebAssembly", () => compressorConformance({ describe, test }, () => new Lz4WasmCompressor()));
describe("in plain JavaScript", () => compressorConformance({ describe, test }, () => new Lz4PlainCompressor()));
