import { cleancacheConformance } from "@pagetier/cleancache/conformance";
import { TokenCompressor } from "@pagetier/compressor/conformance";
import { frontswapConformance } from "@pagetier/frontswap/conformance";
import { describe, test } from "vitest";
import type { ZcacheOptions } from "../src/index.js";
import { type BedOptions, bed, POOLS, press, SMALL } from "./bed.js";

/** Keeps whatever the kit calls incompressible. */
const KEEPS_ALL: Partial<ZcacheOptions> = {
  persistentBytesMax: 4096,
  persistentMeanBytesMax: 4096,
  ephemeralBytesMax: 4096,
};

/** Every other order and allocator, and behaviour of a full pool, once each. */
const VARIANTS: Readonly<Record<string, () => BedOptions>> = {
  "in order group-lru over zbud, whose loads leave the copy": () => ({
    pool: POOLS.zbud!,
    zcache: { order: "group-lru", exclusiveLoads: false },
  }),
  "in order object-lru over z3fold, that drops clean copies when full": () => ({
    pool: POOLS.z3fold!,
    zcache: { order: "object-lru", poolFull: "drop-clean" },
  }),
  "in order emptiest-group over kmalloc, that refuses when full": () => ({
    pool: POOLS.kmalloc!,
    zcache: { order: "emptiest-group", poolFull: "refuse" },
  }),
  "in order random over slub, that keeps what does not compress": () => ({
    pool: POOLS.slub!,
    zcache: { order: "random", compaction: false, ...KEEPS_ALL },
  }),
};

for (const [name, options] of Object.entries(VARIANTS)) {
  describe(`zcache ${name}`, () => {
    frontswapConformance({ describe, test }, (writeback) => {
      const { zcache, ...others } = options();
      const made = bed({
        compressor: new TokenCompressor(2500),
        ...others,
        zcache: { ...SMALL, ...zcache },
        writeback,
      });
      return { backend: made.zcache.frontswap, reclaim: (pages) => void press(made.zcache.shrinkers[1], pages) };
    });

    cleancacheConformance({ describe, test }, () => {
      const { zcache } = bed(options());
      return { backend: zcache.cleancache, reclaim: (pages) => void press(zcache.shrinkers[0], pages) };
    });
  });
}
