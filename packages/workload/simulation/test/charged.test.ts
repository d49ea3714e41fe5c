import { PAGE_SIZE, VirtualScheduler } from "@pagetier/base";
import { Lz4WasmCompressor } from "@pagetier/compressor-lz4";
import { expect, test } from "vitest";
import { ChargedCompressor, type Costs, MEASURED_COSTS } from "../src/index.js";

const COSTS: Costs = {
  ...MEASURED_COSTS,
  compressors: {
    "*": {
      compress: { base: 1000, perByte: 2 },
      incompressible: 500,
      decompress: { base: 100, perByte: 1 },
    },
  },
};

test("compressing and decompressing take base and per-byte time; a name that was not measured is the average", () => {
  const time = new VirtualScheduler();
  const codec = new ChargedCompressor(new Lz4WasmCompressor(), time, COSTS);
  codec.input.fill(7, 0, PAGE_SIZE);
  const length = codec.compress(PAGE_SIZE);
  expect(time.busyNs).toBe(1000 + 2 * length);
  codec.input.set(codec.output.subarray(0, length));
  codec.decompress(0, length);
  expect(time.busyNs).toBe(1100 + 3 * length);
  for (let index = 0; index < PAGE_SIZE; index++) codec.input[index] = (Math.imul(index + 1, 0x9e3779b1) >>> 13) & 0xff;
  const before = time.busyNs;
  if (codec.compress(PAGE_SIZE) === 0) expect(time.busyNs - before).toBe(500);
});

test("the measured costs name their origin, and every bundled codec and allocator", () => {
  const { origin, compressors, allocators } = MEASURED_COSTS;
  expect(origin.command).toBe("node scripts/measure-costs.mjs");
  expect(origin.cpu).not.toBe("");
  for (const name of ["lz4", "lz4js", "deflate", "zlib", "zstd", "null", "*"]) {
    const { compress, decompress, incompressible } = compressors[name]!;
    for (const value of [compress.base, decompress.base, incompressible]) expect(value).toBeGreaterThan(0);
    for (const value of [compress.perByte, decompress.perByte]) expect(value).toBeGreaterThanOrEqual(0);
  }
  for (const name of ["kmalloc", "slub", "zbud", "z3fold", "zsmalloc", "*"]) {
    expect(allocators[name]!.malloc).toBeGreaterThan(0);
  }
});
