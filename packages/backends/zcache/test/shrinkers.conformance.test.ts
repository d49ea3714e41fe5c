import { shrinkerConformance } from "@pagetier/shrinker/conformance";
import { describe, test } from "vitest";
import { EVICTION_ORDERS } from "../src/index.js";
import { bed, pageOf, turns } from "./bed.js";

for (const order of EVICTION_ORDERS) {
  describe(`zcache's shrinker of persistent pages in order ${order}`, () => {
    shrinkerConformance({ describe, test }, () => {
      const { zcache, writeback, persistentPool } = bed({ zcache: { order, shrinker: true, maxPoolPercent: 80 } });
      let next = 1;
      return {
        shrinker: zcache.shrinkers[1],
        fill: (objects) => {
          for (let count = 0; count < objects; count++, next++)
            zcache.frontswap.store(0, next, pageOf(next, 300), "only");
        },
        objects: () => zcache.frontswap.currPages(),
        frames: () => persistentPool.totalFrames(),
        ioStarted: () => writeback.submits,
        settle: async () => {
          await writeback.flush();
          await turns(1);
        },
        verify: () => zcache.frontswap.verify(),
      };
    });
  });

  describe(`zcache's shrinker of ephemeral pages in order ${order}`, () => {
    shrinkerConformance({ describe, test }, () => {
      const { zcache, ephemeralPool } = bed({ zcache: { order, maxPoolPercent: 80 } });
      const fs = zcache.cleancache.initFs();
      let next = 1;
      return {
        shrinker: zcache.shrinkers[0],
        fill: (objects) => {
          for (let count = 0; count < objects; count++, next++) {
            zcache.cleancache.putPage(fs, 1, next, pageOf(next, 300), true);
          }
        },
        objects: () => zcache.cleancache.currPages(),
        frames: () => ephemeralPool.totalFrames(),
        verify: () => zcache.cleancache.verify(),
      };
    });
  });
}
