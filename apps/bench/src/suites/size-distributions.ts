// Where the sizes of zpages come from: real pages, recorded lengths, and the distributions that allocators are commonly
// compared by.

import { PAGE_SIZE, type Prng } from "@pagetier/base";
import { type Compressor, INCOMPRESSIBLE } from "@pagetier/compressor";
import { DeflateCompressor } from "@pagetier/compressor-deflate";
import { Lz4WasmCompressor } from "@pagetier/compressor-lz4";

/** A source of sizes. */
export interface SizeDistribution {
  readonly name: string;
  /** Next size, 1..PAGE_SIZE. */
  draw(prng: Prng): number;
}

/** Every object has the same size. */
export function allOf(size: number): SizeDistribution {
  return { name: `all ${size}`, draw: () => size };
}

/** Every size from `least` to `most` is as likely. */
export function uniform(least: number, most: number): SizeDistribution {
  return { name: `uniform ${least}..${most}`, draw: (prng) => least + prng.below(most - least + 1) };
}

/** Sizes that occurred, drawn with replacement. */
export function recorded(name: string, sizes: Uint16Array): SizeDistribution {
  return { name, draw: (prng) => sizes[prng.below(sizes.length)]! };
}

/**
 * Sizes by recorded lengths (0 same-filled, 65535 does not fit): same-filled pages take nothing, others that do not fit are
 * kept raw.
 */
export function ofLengths(name: string, lengths: Uint16Array): SizeDistribution {
  const stored = lengths.filter((length) => length > 0);
  return recorded(
    name,
    stored.map((length) => Math.min(length, PAGE_SIZE)),
  );
}

/** What our codecs make of pages. */
export function ofPages(name: string, pages: readonly Uint8Array[]): SizeDistribution[] {
  return [new Lz4WasmCompressor(), new DeflateCompressor()].map((codec) =>
    recorded(`${name}, ${codec.type}`, compressedSizes(codec, pages)),
  );
}

/** Around the borders of two and three objects per frame. */
export const SYNTHETIC: readonly SizeDistribution[] = [
  ...[1300, 1400, 2000, 2100, 2700].map(allOf),
  uniform(1366, 2048),
  uniform(2049, 3968),
  uniform(1366, PAGE_SIZE),
];

function compressedSizes(codec: Compressor, pages: readonly Uint8Array[]): Uint16Array {
  return Uint16Array.from(pages, (page) => {
    codec.input.set(page);
    const length = codec.compress(PAGE_SIZE);
    return length === INCOMPRESSIBLE ? PAGE_SIZE : length;
  });
}
