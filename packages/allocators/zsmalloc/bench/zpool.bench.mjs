// How fast a pool works, per second of CPU, beside plain copies of the same bytes in the same run.
//
//   pnpm exec turbo run build --filter=@pagetier/allocator-zsmalloc
//   node packages/allocators/zsmalloc/bench/zpool.bench.mjs [zsmalloc|kmalloc|zbud|z3fold|slub]
//
// Sizes are the compressed lengths of the shared corpus where it is present, else spread like them. Each row is the best
// of several rounds: other work on the machine only ever makes a round slower.

import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { createPrng, PAGE_SIZE } from "@pagetier/base";
import { PageFrames } from "@pagetier/frames";

const name = process.argv[2] ?? "zsmalloc";
const { plugin } = await import(name === "zsmalloc" ? "../dist/index.js" : `@pagetier/allocator-${name}`);
const options = plugin.options["~standard"].validate({}).value;
const prng = createPrng(1);
const LIVE = 1 << 15;
const ROUNDS = 7;

function realSizes() {
  const file = new URL("../../../../../shared/reference/kernel/lengths/lz4.node-heap.u16.gz", import.meta.url);
  if (!existsSync(file)) return Array.from({ length: 8192 }, () => 300 + prng.below(1800));
  const bytes = gunzipSync(readFileSync(file));
  const sizes = [];
  for (let at = 0; at < bytes.length; at += 2) {
    const size = bytes.readUInt16LE(at);
    if (size > 0 && size < PAGE_SIZE) sizes.push(size);
  }
  return sizes;
}

const lengths = Uint16Array.from(realSizes());
const sizes = new Uint16Array(1 << 16);
for (let index = 0; index < sizes.length; index++) sizes[index] = lengths[prng.below(lengths.length)];
const picks = new Uint32Array(1 << 16);
for (let index = 0; index < picks.length; index++) picks[index] = prng.below(LIVE);
const meanSize = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;

function poolOf() {
  const frames = new PageFrames({ budgetBytes: 512 << 20 });
  return { frames, pool: plugin.create({ frames }, options) };
}

/** CPU seconds of the fastest round. */
function best(round) {
  let least = Number.POSITIVE_INFINITY;
  for (let count = 0; count < ROUNDS; count++) {
    const start = process.cpuUsage();
    round();
    const { user, system } = process.cpuUsage(start);
    least = Math.min(least, (user + system) / 1e6);
  }
  return least;
}

const page = new Uint8Array(PAGE_SIZE);
for (let index = 0; index < PAGE_SIZE; index++) page[index] = prng.u32();

function row(label, value, unit) {
  console.log(`${label.padEnd(46)} ${value.toFixed(2).padStart(9)} ${unit}`);
}

const CALLS = 1 << 19;
const target = new Uint8Array(2 * PAGE_SIZE);
const views = Array.from({ length: PAGE_SIZE + 1 }, (_, length) => page.subarray(0, length));

/** Measures the calls on a pool with so many live objects: few fit the processor's caches, many do not. */
function calls(liveCount) {
  const { frames, pool } = poolOf();
  const live = new Uint32Array(liveCount);
  for (let index = 0; index < liveCount; index++) {
    const size = Math.min(sizes[index], pool.maxSize);
    live[index] = pool.malloc(size);
    pool.write(live[index], page, 0, size);
  }
  const replace = (write) => {
    for (let call = 0; call < CALLS; call++) {
      const pick = picks[call & 0xffff] % liveCount;
      const size = Math.min(sizes[(call * 7) & 0xffff], pool.maxSize);
      pool.free(live[pick]);
      const handle = pool.malloc(size);
      if (write) pool.write(handle, page, 0, size);
      live[pick] = handle;
    }
  };
  const readAll = () => {
    for (let call = 0; call < CALLS; call++) pool.read(live[picks[call & 0xffff] % liveCount], target, 0);
  };
  const readAround = () => {
    for (let call = 0; call < CALLS; call++) pool.readAround(live[picks[call & 0xffff] % liveCount], target);
  };
  replace(true);
  const mib = (pool.totalFrames() * PAGE_SIZE) / (1 << 20);
  console.log(`\n${liveCount} live objects in ${mib.toFixed(1)} MiB, replaced in random order`);
  row("malloc and free", (2 * CALLS) / best(() => replace(false)) / 1e6, "million calls/s");
  const triples = best(() => replace(true));
  row("malloc + write + free", CALLS / triples / 1e6, "million triples/s");
  const own = new Uint8Array(pool.totalFrames() * PAGE_SIZE).fill(1);
  const ownFrames = pool.totalFrames() - 1;
  const copies = best(() => {
    for (let call = 0; call < CALLS; call++) {
      own.set(views[sizes[(call * 7) & 0xffff]], (picks[call & 0xffff] % ownFrames) * PAGE_SIZE);
    }
  });
  row("  of which copying into a buffer of that size", (100 * copies) / triples, "%");
  row("read", CALLS / best(readAll) / 1e6, "million calls/s");
  row("readAround", CALLS / best(readAround) / 1e6, "million calls/s");
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  replace(true);
  readAll();
  readAround();
  row(
    "heap growth (exact with --expose-gc)",
    (process.memoryUsage().heapUsed - before) / (5 * CALLS),
    "bytes per call",
  );
  pool.destroy();
  frames.verify();
}

console.log(`${name}, objects of ${meanSize.toFixed(0)} bytes on average, best of ${ROUNDS} rounds, CPU time`);
calls(1 << 10);
calls(LIVE);

// Compaction: free three of four at random, then move what is left together.
let moveSeconds = Number.POSITIVE_INFINITY;
let movedBytes = 0;
let copySeconds = Number.POSITIVE_INFINITY;
for (let round = 0; round < ROUNDS; round++) {
  const { pool: scattered } = poolOf();
  const handles = [];
  for (let index = 0; index < LIVE; index++) {
    const size = Math.min(sizes[index], scattered.maxSize);
    const handle = scattered.malloc(size);
    scattered.write(handle, page, 0, size);
    handles.push(handle);
  }
  const left = handles.filter((handle) => {
    const stays = prng.below(4) === 0;
    if (!stays) scattered.free(handle);
    return stays;
  });
  const groups = new Map(left.map((handle) => [handle, scattered.groupOf(handle)]));
  const start = process.cpuUsage();
  const freed = scattered.compact(Number.POSITIVE_INFINITY);
  const { user, system } = process.cpuUsage(start);
  if (freed === 0) break;
  const moved = left.filter((handle) => scattered.groupOf(handle) !== groups.get(handle));
  const bytes = moved.reduce((sum, handle) => sum + scattered.sizeOf(handle), 0);
  if ((user + system) / 1e6 / bytes < moveSeconds) moveSeconds = (user + system) / 1e6 / bytes;
  movedBytes = bytes;
  // The same objects' bytes between two ordinary buffers, views made beforehand.
  const from = new Uint8Array(LIVE * PAGE_SIZE).fill(1);
  const parts = moved.map((handle) => {
    const at = prng.below(LIVE) * PAGE_SIZE;
    return from.subarray(at, at + scattered.sizeOf(handle));
  });
  const to = new Uint8Array(movedBytes + PAGE_SIZE).fill(1);
  const copyStart = process.cpuUsage();
  let at = 0;
  for (const part of parts) {
    to.set(part, at);
    at += part.length;
  }
  const copy = process.cpuUsage(copyStart);
  copySeconds = Math.min(copySeconds, (copy.user + copy.system) / 1e6 / bytes);
  scattered.destroy();
}
if (movedBytes > 0) {
  console.log(`\n${LIVE} objects, three of four freed at random, then compacted`);
  row("compact", 1e-9 / moveSeconds, "GB moved/s");
  row("memcpy of the same objects", 1e-9 / copySeconds, "GB/s");
  row("compact relative to memcpy", copySeconds / moveSeconds, "times");
}
