// Run by rss.test.ts: stores 512 MiB in a pool, frees, and prints what the operating system says of it, as JSON.

import { createPrng, PAGE_SIZE } from "@pagetier/base";
import { PageFrames } from "@pagetier/frames";
import { ZsmallocPool } from "../dist/index.js";

const STORED_BYTES = 512 << 20;
const WARM_UP_BYTES = 8 << 20;
const prng = createPrng(20);
const source = new Uint8Array(PAGE_SIZE);
for (let index = 0; index < PAGE_SIZE; index++) source[index] = prng.u32();

const rss = () => {
  globalThis.gc?.();
  return process.memoryUsage.rss();
};

const frames = new PageFrames({ budgetBytes: 1 << 30 });
const pool = new ZsmallocPool(frames, { chainPages: 8, classes: "kernel-6.18" });
const handles = new Uint32Array(1 << 20).fill(1); // Touched, so that it does not grow below.

function fill(bytes) {
  let stored = 0;
  let count = 0;
  while (stored < bytes) {
    const size = 200 + prng.below(2400);
    handles[count] = pool.malloc(size);
    pool.write(handles[count], source, 0, size);
    stored += size;
    count++;
  }
  return { stored, count };
}

// What the code and the compiler need is there before the measurement begins.
const { count: warmed } = fill(WARM_UP_BYTES);
for (let index = 0; index < warmed; index++) pool.free(handles[index]);

const before = rss();
const { stored, count } = fill(STORED_BYTES);
const full = rss();

let left = 0;
for (let index = 0; index < count; index++) {
  if (prng.below(4) === 0) handles[left++] = handles[index];
  else pool.free(handles[index]);
}
const scattered = rss();
pool.compact(Number.POSITIVE_INFINITY);
frames.compact(Number.POSITIVE_INFINITY);
const compacted = rss();
pool.verify();
for (let index = 0; index < left; index++) pool.free(handles[index]);
const freed = rss();
console.log(JSON.stringify({ stored, before, full, scattered, compacted, freed, framesHeld: frames.used }));
