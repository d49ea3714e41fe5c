import type { EvictionPolicy } from "@pagetier/policy";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ArcPolicy } from "../src/arc.js";
import { ClockPolicy } from "../src/clock.js";
import { FifoPolicy } from "../src/fifo.js";
import { LfuPolicy } from "../src/lfu.js";
import { LirsPolicy } from "../src/lirs.js";
import { LruPolicy } from "../src/lru.js";
import { S3FifoPolicy } from "../src/s3fifo.js";
import { SievePolicy } from "../src/sieve.js";
import { SlruPolicy } from "../src/slru.js";
import { TwoQPolicy } from "../src/twoq.js";
import * as naive from "./naive-policies.js";
import { missesOf } from "./traces.js";

/** Requests with some popularity, some loops and some repetition, so that every rule of a policy is met. */
const requests = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.nat(40).map((page) => [page]) },
      { weight: 6, arbitrary: fc.nat(12).map((page) => [page]) },
      { weight: 2, arbitrary: fc.nat(30).map((page) => [page, page, page]) },
      { weight: 2, arbitrary: fc.nat(30).map((from) => Array.from({ length: 15 }, (_, step) => from + step)) },
    ),
    { maxLength: 120 },
  )
  .map((parts) => parts.flat());

function check(name: string, make: (capacity: number) => EvictionPolicy, model: naive.Naive, capacityLeast = 1): void {
  test(`${name} misses as often as the algorithm written plainly`, () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: capacityLeast, max: 32 }), (pages, capacity) => {
        const policy = make(capacity);
        expect(missesOf(policy, Uint32Array.from(pages), capacity)).toBe(model(pages, capacity));
        policy.verify();
      }),
      { numRuns: 300 },
    );
  });
}

check("arc", (capacity) => new ArcPolicy({ capacity }), naive.arc);
check("clock", (capacity) => new ClockPolicy({ capacity }), naive.clock(1));
check("clock with 2 bits", (capacity) => new ClockPolicy({ capacity }, { bits: 2 }), naive.clock(3));
check("fifo", (capacity) => new FifoPolicy({ capacity }), naive.fifo);
check("lfu", (capacity) => new LfuPolicy({ capacity }), naive.lfu);
check("lirs", (capacity) => new LirsPolicy({ capacity }), naive.lirs);
check("lru", (capacity) => new LruPolicy({ capacity }), naive.lru);
check("s3fifo", (capacity) => new S3FifoPolicy({ capacity }), naive.s3fifo(2));
check(
  "s3fifo with threshold 1",
  (capacity) => new S3FifoPolicy({ capacity }, { moveToMainThreshold: 1 }),
  naive.s3fifo(1),
);
check("sieve", (capacity) => new SievePolicy({ capacity }), naive.sieve);
check("slru", (capacity) => new SlruPolicy({ capacity }), naive.slru([1, 1, 1, 1]));
check("slru of two segments", (capacity) => new SlruPolicy({ capacity }, { segments: [1, 4] }), naive.slru([1, 4]), 5);
check("twoq", (capacity) => new TwoQPolicy({ capacity }), naive.twoQ);
