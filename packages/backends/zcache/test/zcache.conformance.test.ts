import { cleancacheConformance } from "@pagetier/cleancache/conformance";
import { TokenCompressor } from "@pagetier/compressor/conformance";
import { frontswapConformance, losses } from "@pagetier/frontswap/conformance";
import { describe, test } from "vitest";
import { bed, press, SMALL, WatchedPool } from "./bed.js";

describe("zcache by default", () => {
  frontswapConformance({ describe, test }, (writeback) => {
    const { zcache } = bed({ compressor: new TokenCompressor(2500), writeback, zcache: SMALL });
    return { backend: zcache.frontswap, reclaim: (pages) => void press(zcache.shrinkers[1], pages) };
  });

  cleancacheConformance({ describe, test }, () => {
    const { zcache } = bed();
    return { backend: zcache.cleancache, reclaim: (pages) => void press(zcache.shrinkers[0], pages) };
  });
});

describe("zcache with a put filter", () => {
  cleancacheConformance({ describe, test }, () => {
    const { zcache } = bed({ zcache: { activeOnly: true } });
    return { backend: zcache.cleancache, reclaim: (pages) => void press(zcache.shrinkers[0], pages) };
  });
});

describe("zcache with a damaged pool", () => {
  losses({ describe, test }, (writeback) => {
    const pools: WatchedPool[] = [];
    const { zcache } = bed({
      writeback,
      zcache: { exclusiveLoads: false },
      compressor: new TokenCompressor(),
      pool: (frames) => {
        pools.push(new WatchedPool(frames));
        return pools.at(-1)!;
      },
    });
    return {
      backend: zcache.frontswap,
      reclaim: (pages) => void press(zcache.shrinkers[1], pages),
      corrupt: (type, offset) => {
        zcache.frontswap.load(type, offset, new Uint8Array(4096)); // Which zpage is the key's: the one that a load reads.
        pools[0]!.damage(pools[0]!.lastRead!);
      },
    };
  });
});
