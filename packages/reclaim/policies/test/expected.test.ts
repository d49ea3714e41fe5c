import { createPrng, UNCHARGED } from "@pagetier/base";
import type { OfflinePolicyPlugin, PolicyParts, PolicyPlugin } from "@pagetier/policy";
import { describe, expect, test } from "vitest";
import { plugin as arc } from "../src/arc.js";
import { plugin as belady } from "../src/belady.js";
import { plugin as clock } from "../src/clock.js";
import { plugin as fifo } from "../src/fifo.js";
import { plugin as lfu } from "../src/lfu.js";
import { plugin as lirs } from "../src/lirs.js";
import { plugin as lru } from "../src/lru.js";
import { plugin as s3fifo } from "../src/s3fifo.js";
import { plugin as sieve } from "../src/sieve.js";
import { plugin as slru } from "../src/slru.js";
import { plugin as twoQ } from "../src/twoq.js";
import { expectedTraces, made, missesOf, readTrace } from "./traces.js";

// The short traces; scripts/check-expected.mjs compares all of them.
const REQUESTS_MOST = 200_000;

const traces = expectedTraces(REQUESTS_MOST);
const requests = new Map<string, Uint32Array>();
const read = (name: string): Uint32Array => {
  const ids = requests.get(name) ?? readTrace(name);
  requests.set(name, ids);
  return ids;
};

const partsOf = (capacity: number): PolicyParts => ({
  capacity,
  expectedPages: capacity,
  prng: createPrng(1),
  accountant: UNCHARGED,
});

/** Compares misses on every short trace and size with those counted under `name`. */
function check<Options>(
  name: string,
  plugin: PolicyPlugin<Options> | OfflinePolicyPlugin<Options>,
  options: object = {},
): void {
  test(`${name} misses exactly as often as the reference`, () => {
    for (const [trace, { misses }] of Object.entries(traces ?? {})) {
      const counted: Record<string, number> = {};
      for (const size of Object.keys(misses[name]!))
        counted[size] = missesOf(made(plugin, partsOf(Number(size)), options), read(trace), Number(size));
      expect(counted, trace).toEqual(misses[name]);
    }
  });
}

describe.skipIf(traces === undefined)("on real traces (skipped where there are none beside the repository)", () => {
  check("arc", arc);
  check("belady", belady);
  check("clock", clock);
  check("clock:n-bit-counter=2", clock, { "n-bit-counter": "2" });
  check("fifo", fifo);
  check("lfu", lfu);
  check("lirs-authors", lirs);
  check("lru", lru);
  check("s3fifo", s3fifo);
  check("s3fifo:move-to-main-threshold=1", s3fifo, { moveToMainThreshold: 1 });
  check("sieve", sieve);
  check("slru", slru);
  check("slru:seg-size=1:4", slru, { "seg-size": "1:4" });
  check("twoq", twoQ);
});
