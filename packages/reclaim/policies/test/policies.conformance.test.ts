import { isOffline, type OfflinePolicyPlugin, type PolicyPlugin } from "@pagetier/policy";
import { policyConformance, policyPluginConformance } from "@pagetier/policy/conformance";
import { describe, test } from "vitest";
import { plugin as arc } from "../src/arc.js";
import { plugin as belady } from "../src/belady.js";
import { plugin as clock } from "../src/clock.js";
import { plugin as fifo } from "../src/fifo.js";
import { plugin as lfu } from "../src/lfu.js";
import { plugin as lirs } from "../src/lirs.js";
import { plugin as lru } from "../src/lru.js";
import { plugin as mglru } from "../src/mglru.js";
import { plugin as random } from "../src/random.js";
import { plugin as s3fifo } from "../src/s3fifo.js";
import { plugin as sieve } from "../src/sieve.js";
import { plugin as slru } from "../src/slru.js";
import { plugin as twoList } from "../src/two-list.js";
import { plugin as twoQ } from "../src/twoq.js";
import { plugin as wTinyLfu } from "../src/wtinylfu.js";
import { made } from "./traces.js";

function check<Options>(plugin: PolicyPlugin<Options> | OfflinePolicyPlugin<Options>, ...variants: object[]): void {
  describe(plugin.name, () => {
    policyPluginConformance({ describe, test }, plugin);
    for (const options of variants) {
      describe(JSON.stringify(options), () => {
        policyConformance({ describe, test }, (parts) => {
          const policy = made(plugin, parts, options);
          if (isOffline(policy)) throw new Error("an offline policy has no conformance kit");
          return policy;
        });
      });
    }
  });
}

check(arc, {});
check(belady);
check(clock, {}, { bits: 3 });
check(fifo, {});
check(lfu, {});
check(lirs, {}, { hirRatio: 0.5 });
check(lru, {});
check(mglru, {}, { uses: "file" });
check(random, {});
check(s3fifo, {}, { moveToMainThreshold: 1, smallRatio: 0.4, ghostRatio: 0 });
check(sieve, {});
check(slru, {}, { segments: [1, 4] }, { segments: [2, 1, 1] });
check(twoList, {});
check(twoQ, {}, { inRatio: 0, outRatio: 0 });
check(wTinyLfu, {}, { windowRatio: 0.5, protectedRatio: 0 });
