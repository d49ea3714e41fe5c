import { KmallocPool } from "@pagetier/allocator-kmalloc";
import { Z3foldPool } from "@pagetier/allocator-z3fold";
import { ZbudPool } from "@pagetier/allocator-zbud";
import { TokenCompressor } from "@pagetier/compressor/conformance";
import { NullCompressor } from "@pagetier/compressor-null";
import {
  agreesWithModel,
  cleanCopies,
  closing,
  type FrontswapFactory,
  frontswapConformance,
  refusal,
  remotePages,
  writeBack,
} from "@pagetier/frontswap/conformance";
import { shrinkerConformance } from "@pagetier/shrinker/conformance";
import { describe, test } from "vitest";
import type { Zswap } from "../src/index.js";
import { type BedOptions, bed, controlOf, pageOf, turns, WatchedPool } from "./bed.js";

/** Memory pressure: every entry is spared once, so it comes twice. */
function press(zswap: Zswap, pages: number): void {
  for (let round = 0; round < 2; round++) {
    const control = controlOf(pages);
    if (zswap.countObjects(control) > 0) zswap.scanObjects(control);
  }
}

const DEPARTURES: Readonly<Record<string, () => BedOptions>> = {
  "as Linux 3.14": () => ({ zswap: { as: "3.14" }, pool: (frames) => new ZbudPool(frames) }),
  "as Linux 6.1": () => ({ zswap: { as: "6.1" }, pool: (frames) => new Z3foldPool(frames, { cpus: 1 }) }),
  "as Linux 6.8": () => ({ zswap: { as: "6.8", shrinker: true } }),
  "as Linux 6.18": () => ({ zswap: { as: "6.18", shrinker: true } }),
  "with frames as its order": () => ({ zswap: { lru: "frame" } }),
  "that lets any entry go": () => ({ zswap: { lru: "random" } }),
  "that writes back compressed": () => ({ zswap: { writeback: "compressed" } }),
  "that writes back compressed, with exclusive loads": () => ({
    zswap: { writeback: "compressed", exclusiveLoads: true, lru: "frame" },
  }),
  "that writes back recompressed": () => ({
    zswap: { writeback: "recompressed" },
    strong: new TokenCompressor(900),
  }),
};

const VARIANTS: Readonly<Record<string, () => BedOptions>> = {
  "by default": () => ({}),
  "with exclusive loads": () => ({ zswap: { exclusiveLoads: true } }),
  "that compresses or refuses": () => ({ zswap: { sameFilledPages: false, storeIncompressible: false } }),
  "that drops clean copies when full": () => ({ zswap: { poolFull: "drop-clean" } }),
  "that refuses when full": () => ({ zswap: { poolFull: "refuse" } }),
  ...DEPARTURES,
  "over kmalloc and null": () => ({ pool: (frames) => new KmallocPool(frames), compressor: new NullCompressor() }),
};

/** What a variant may get wrong that the others get right: where pages go, and whether they come back. */
const JOURNEYS = [refusal, cleanCopies, remotePages, writeBack, closing, agreesWithModel];

function candidateOf(options: BedOptions): FrontswapFactory {
  return (writeback) => {
    const { zswap } = bed({
      // Pages of a codec that refuses noise would not fill the pool of the other variants within the kit's bounds.
      compressor: new TokenCompressor(options.zswap?.storeIncompressible === false ? 2000 : 3000),
      ...options,
      writeback,
    });
    return { backend: zswap, reclaim: (pages) => press(zswap, pages) };
  };
}

for (const [name, options] of Object.entries(VARIANTS)) {
  describe(`zswap ${name}`, () => {
    if (name in DEPARTURES)
      for (const group of JOURNEYS) group({ describe, test }, (back) => candidateOf(options())(back));
    else frontswapConformance({ describe, test }, (back) => candidateOf(options())(back));
  });
}

describe("zswap with a damaged pool", () => {
  frontswapConformance({ describe, test }, (writeback) => {
    const watched: WatchedPool[] = [];
    const { zswap } = bed({
      writeback,
      compressor: new TokenCompressor(),
      pool: (frames) => {
        watched.push(new WatchedPool(frames));
        return watched[0]!;
      },
    });
    return {
      backend: zswap,
      reclaim: (pages) => press(zswap, pages),
      corrupt: (type, offset) => {
        // Which zpage is the key's: the one that a load reads.
        watched[0]!.lastRead = undefined;
        zswap.load(type, offset, new Uint8Array(4096));
        watched[0]!.damage(watched[0]!.lastRead!);
      },
    };
  });
});

describe("zswap's shrinker", () => {
  shrinkerConformance({ describe, test }, () => {
    const { zswap, writeback, pool } = bed({ zswap: { shrinker: true, maxPoolPercent: 80 } });
    let next = 1;
    return {
      shrinker: zswap,
      fill: (objects) => {
        for (let count = 0; count < objects; count++, next++) zswap.store(0, next, pageOf(next, 300), "only");
      },
      objects: () => zswap.currPages(),
      frames: () => pool.totalFrames(),
      ioStarted: () => writeback.submits,
      settle: async () => {
        await writeback.flush();
        await turns(1);
      },
      verify: () => zswap.verify(),
    };
  });
});

describe("zswap's shrinker of clean copies", () => {
  shrinkerConformance({ describe, test }, () => {
    const { zswap, pool } = bed({ zswap: { shrinker: true, maxPoolPercent: 80, poolFull: "drop-clean" } });
    let next = 1;
    return {
      shrinker: zswap,
      fill: (objects) => {
        for (let count = 0; count < objects; count++, next++) zswap.store(0, next, pageOf(next, 300), "clean");
      },
      objects: () => zswap.currPages(),
      frames: () => pool.totalFrames(),
      verify: () => zswap.verify(),
    };
  });
});
