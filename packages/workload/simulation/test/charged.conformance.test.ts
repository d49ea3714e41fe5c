// What charges must otherwise be the part that it charges for.

import { zpoolConformance } from "@pagetier/allocator/conformance";
import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { VirtualScheduler } from "@pagetier/base";
import { compressorConformance } from "@pagetier/compressor/conformance";
import { Lz4WasmCompressor } from "@pagetier/compressor-lz4";
import { TwoListPolicy } from "@pagetier/policies/two-list";
import { policyConformance } from "@pagetier/policy/conformance";
import { describe, test } from "vitest";
import { ChargedCompressor, ChargedPolicy, ChargedZpool, MEASURED_COSTS } from "../src/index.js";

const meter = new VirtualScheduler();

describe("a charged compressor", () => {
  compressorConformance(
    { describe, test },
    () => new ChargedCompressor(new Lz4WasmCompressor(), meter, MEASURED_COSTS),
  );
});

describe("a charged allocator", () => {
  zpoolConformance(
    { describe, test },
    (frames) =>
      new ChargedZpool(new ZsmallocPool(frames, { chainPages: 8, classes: "kernel-6.18" }), meter, MEASURED_COSTS),
  );
});

describe("a charged policy", () => {
  policyConformance({ describe, test }, (parts) => new ChargedPolicy(new TwoListPolicy(parts), meter, MEASURED_COSTS));
});
