// Codecs on real pages: how strong, how fast, with the null codec as the floor. See also `pagetier pool`.

import { assert, PAGE_SIZE } from "@pagetier/base";
import { type Compressor, INCOMPRESSIBLE } from "@pagetier/compressor";
import { DeflateCompressor } from "@pagetier/compressor-deflate";
import { Lz4WasmCompressor } from "@pagetier/compressor-lz4";
import { Lz4jsCompressor } from "@pagetier/compressor-lz4js";
import { NullCompressor } from "@pagetier/compressor-null";
import { ZlibCompressor } from "@pagetier/compressor-zlib";
import { ZstdWasmCompressor } from "@pagetier/compressor-zstd";
import { cpuNs, type Row, rowOf, type Suite, type SuiteInput } from "../suite.js";

/** Pages of a round: enough for the resolution of CPU time, few enough for deflate. */
const PAGES_MAX = 256;

export const compressors: Suite = {
  name: "compressors",
  summary: "compressed bytes per byte and megabytes per CPU second, each way, by codec",
  async run({ pages, rounds }: SuiteInput): Promise<Row[]> {
    const some = pages.slice(0, PAGES_MAX);
    const codecs: Compressor[] = [
      new NullCompressor(),
      new Lz4WasmCompressor(),
      new Lz4jsCompressor(),
      new ZstdWasmCompressor(),
      new ZlibCompressor(),
      new DeflateCompressor(),
    ];
    const speeds = codecs.map(() => ({ down: [] as number[], up: [] as number[], share: 0 }));
    for (let round = 0; round < rounds; round++)
      for (const [index, codec] of codecs.entries()) {
        const { downNs, upNs, bytes } = measure(codec, some);
        const megabytes = (some.length * PAGE_SIZE) / 1e6;
        speeds[index]!.down.push(megabytes / (downNs / 1e9));
        speeds[index]!.up.push(megabytes / (upNs / 1e9));
        speeds[index]!.share = bytes / (some.length * PAGE_SIZE);
      }
    return codecs.flatMap(({ type }, index) => {
      const { down, up, share } = speeds[index]!;
      return [
        rowOf(`${type}: compressed`, "bytes/byte", [share]),
        rowOf(`${type}: compress`, "MB/s", down),
        rowOf(`${type}: decompress`, "MB/s", up),
      ];
    });
  },
};

function measure(codec: Compressor, pages: readonly Uint8Array[]): { downNs: number; upNs: number; bytes: number } {
  const packed = pages.map(() => new Uint8Array(2 * PAGE_SIZE));
  const lengths = new Uint32Array(pages.length);
  let bytes = 0;
  const downNs = cpuNs(() => {
    for (let index = 0; index < pages.length; index++) {
      codec.input.set(pages[index]!);
      const length = codec.compress(PAGE_SIZE);
      lengths[index] = length;
      if (length !== INCOMPRESSIBLE) packed[index]!.set(codec.output.subarray(0, length));
      bytes += length === INCOMPRESSIBLE ? PAGE_SIZE : length;
    }
  });
  const upNs = cpuNs(() => {
    for (let index = 0; index < pages.length; index++) {
      if (lengths[index] === INCOMPRESSIBLE) continue;
      codec.input.set(packed[index]!.subarray(0, lengths[index]));
      codec.decompress(0, lengths[index]!);
    }
  });
  assert(bytes > 0, "pages take bytes");
  return { downNs, upNs, bytes };
}
