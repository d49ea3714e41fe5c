// Throughput of the file store beside plain fs calls of the same size and depth, in one run.
//
//   node bench/file-store.bench.mjs [rounds]        (after a build)
//
// A file of 64 MiB in the temporary folder, which stays in the page cache: what is measured is the way to the kernel,
// not the device. Every task moves the whole file; tasks take turns within a round, and each keeps its best round. The
// plain calls use page-aligned buffers of their own, one per call in flight, written over and over: they copy nothing,
// where the store must take a copy of every page that it writes. "Buffer.alloc" is the same with ordinary buffers;
// "promise" the same with one promise per call, which the contract asks for and a bare callback does without.
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { FileStore } from "@pagetier/store-file";

const PAGE_SIZE = 4096;
const PAGES = 16_384;
const CASES = [
  { pages: 1, depth: 1 },
  { pages: 1, depth: 16 },
  { pages: 32, depth: 1 },
  { pages: 32, depth: 4 },
];
const rounds = Number(process.argv[2] ?? 7);

const aligned = (bytes) => new Uint8Array(new ArrayBuffer(bytes, { maxByteLength: bytes }), 0, bytes);

const directory = fs.mkdtempSync(join(os.tmpdir(), "pagetier-bench-"));
const plain = fs.openSync(join(directory, "plain"), "wx+");
fs.rmSync(directory, { recursive: true });
const store = new FileStore({ size: PAGES * PAGE_SIZE });
await store.open();

// Page frames as memory management has them, filled so that no page is all zeroes.
const frames = Array.from({ length: 512 }, (_, index) => aligned(PAGE_SIZE).fill(1 + (index % 250)));
const everything = Array.from({ length: PAGES }, (_, slot) => slot);
for (let slot = 0; slot < PAGES; slot += 32) {
  const slots = everything.slice(slot, slot + 32);
  store.now.writePagesNow(slots, frames.slice(0, 32));
  for (const each of slots) fs.writeSync(plain, frames[0], 0, PAGE_SIZE, each * PAGE_SIZE);
}

/** Runs `calls` calls, `depth` at a time. `call(index, lane, done)`. */
function inFlight(calls, depth, call) {
  return new Promise((resolve) => {
    let started = 0;
    let ended = 0;
    const start = (lane) => {
      if (started === calls) return;
      call(started++, lane, () => {
        if (++ended === calls) resolve();
        else start(lane);
      });
    };
    for (let lane = 0; lane < depth; lane++) start(lane);
  });
}

function tasksOf({ pages, depth }) {
  const calls = PAGES / pages;
  const bytes = pages * PAGE_SIZE;
  const slots = Array.from({ length: calls }, (_, call) => everything.slice(call * pages, (call + 1) * pages));
  const lanes = Array.from({ length: depth }, (_, lane) => frames.slice(lane * pages, (lane + 1) * pages));
  const buffers = lanes.map(() => aligned(bytes).fill(1));
  const ordinary = lanes.map(() => Buffer.alloc(bytes, 1));
  const fail = (error) => {
    throw error;
  };
  const plainly = (operation, from) => () =>
    inFlight(calls, depth, (call, lane, done) =>
      operation(plain, from[lane], 0, bytes, call * bytes, (error) => (error ? fail(error) : done())),
    );
  const promised = (operation, from) => () =>
    inFlight(calls, depth, (call, lane, done) =>
      new Promise((resolve, reject) => {
        operation(plain, from[lane], 0, bytes, call * bytes, (error) => (error ? reject(error) : resolve()));
      }).then(done, fail),
    );
  const stored = (operation) => () =>
    inFlight(calls, depth, (call, lane, done) => operation(slots[call], lanes[lane]).then(done, fail));
  return {
    "write plain": plainly(fs.write, buffers),
    "write Buffer.alloc": plainly(fs.write, ordinary),
    "write promise": promised(fs.write, buffers),
    "write store": stored((list, from) => store.writePages(list, from)),
    "read plain": plainly(fs.read, buffers),
    "read Buffer.alloc": plainly(fs.read, ordinary),
    "read promise": promised(fs.read, buffers),
    "read store": stored((list, into) => store.readPages(list, into)),
    ...(depth === 1 && {
      "write plain, blocking": async () => {
        for (let call = 0; call < calls; call++) fs.writeSync(plain, buffers[0], 0, bytes, call * bytes);
      },
      "write store, blocking": async () => {
        for (let call = 0; call < calls; call++) store.now.writePagesNow(slots[call], lanes[0]);
      },
    }),
    ...(depth === 1 &&
      pages === 1 && {
        "read plain, blocking": async () => {
          for (let call = 0; call < calls; call++) fs.readSync(plain, buffers[0], 0, bytes, call * bytes);
        },
        "read store, blocking": async () => {
          for (let call = 0; call < calls; call++) store.now.readPageNow(call, lanes[0][0]);
        },
      }),
  };
}

console.log(`${PAGES} pages, best of ${rounds} rounds, Node ${process.version}\n`);
console.log("task                     pages  depth   wall us/page  cpu us/page   wall ratio  cpu ratio");
for (const one of CASES) {
  const tasks = Object.entries(tasksOf(one));
  const best = new Map(tasks.map(([name]) => [name, { wall: Infinity, cpu: Infinity }]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, task] of tasks) {
      const cpuBefore = process.cpuUsage();
      const before = performance.now();
      await task();
      const wall = ((performance.now() - before) * 1000) / PAGES;
      const cpu = process.cpuUsage(cpuBefore);
      const kept = best.get(name);
      kept.wall = Math.min(kept.wall, wall);
      kept.cpu = Math.min(kept.cpu, (cpu.user + cpu.system) / PAGES);
    }
  }
  for (const [name, { wall, cpu }] of best) {
    const base = best.get(name.replace(/store|Buffer\.alloc|promise/, "plain"));
    console.log(
      name.padEnd(24),
      String(one.pages).padStart(5),
      String(one.depth).padStart(6),
      wall.toFixed(2).padStart(14),
      cpu.toFixed(2).padStart(12),
      (base.wall / wall).toFixed(2).padStart(12),
      (base.cpu / cpu).toFixed(2).padStart(10),
    );
  }
}
console.log("\nRatios are throughput: plain time / this time; 1.00 is as fast as plain calls.");
await store.close();
fs.closeSync(plain);
