// Measures what work costs, and writes packages/workload/simulation/src/measured-costs.ts. After a build:
//
//   node scripts/measure-costs.mjs
//
// Times are CPU time of this process, medians of several rounds; virtual time charges them on every machine. A linear cost
// (so much per call, so much per byte) is fitted to pages in five classes of compressed length.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { createStack } from "../apps/cli/dist/index.js";
import { PageFrames } from "../packages/foundation/frames/dist/index.js";
import { listPlugins } from "../packages/stack/stack/dist/index.js";
import { openPages } from "../packages/workload/trace/dist/index.js";

const PAGE = 4096;
const ROUNDS = 9;
const TARGET = new URL("../packages/workload/simulation/src/measured-costs.ts", import.meta.url);
const { bytes, pages } = await openPages(new URL("../data/node-heap.pages.gz", import.meta.url).pathname);
const all = Array.from({ length: pages }, (_, index) => bytes.subarray(index * PAGE, (index + 1) * PAGE));

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const cpuNs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
};
/** Nanoseconds per call: the median of rounds that take long enough for the clock of CPU time. */
function timed(work, calls) {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = cpuNs();
    let done = 0;
    do {
      work();
      done += calls;
    } while (cpuNs() - start < 20e6);
    times.push((cpuNs() - start) / done);
  }
  return median(times);
}
/** Least squares of time over bytes; no negative part. */
function fitted(points) {
  const mean = (key) => points.reduce((sum, point) => sum + point[key], 0) / points.length;
  const [x, y] = [mean("bytes"), mean("ns")];
  const spread = points.reduce((sum, point) => sum + (point.bytes - x) ** 2, 0);
  const slope = spread === 0 ? 0 : points.reduce((sum, { bytes, ns }) => sum + (bytes - x) * (ns - y), 0) / spread;
  const perByte = Math.max(0, Math.min(slope, y / x));
  return { base: rounded(y - perByte * x), perByte: rounded(perByte, 3) };
}
const rounded = (value, digits = 0) => Number(value.toFixed(digits));

/** Pages of similar compressed length, together. */
function classesOf(codec) {
  const lengths = all.map((page) => {
    codec.input.set(page);
    return codec.compress(PAGE);
  });
  const order = all
    .map((_, index) => index)
    .filter((index) => lengths[index] > 0)
    .sort((a, b) => lengths[a] - lengths[b]);
  const size = Math.ceil(order.length / 5);
  return Array.from({ length: 5 }, (_, index) => order.slice(index * size, (index + 1) * size))
    .filter((members) => members.length > 0)
    .map((members) => ({
      members,
      bytes: members.reduce((sum, index) => sum + lengths[index], 0) / members.length,
    }));
}

function compressorCosts(create) {
  const codec = create();
  const classes = classesOf(codec);
  const compress = [];
  const decompress = [];
  for (const { members, bytes } of classes) {
    const results = members.map((index) => {
      codec.input.set(all[index]);
      return codec.output.slice(0, codec.compress(PAGE));
    });
    const run = () => {
      for (const index of members) {
        codec.input.set(all[index]);
        codec.compress(PAGE);
      }
    };
    compress.push({ bytes, ns: timed(run, members.length) });
    const back = () => {
      for (const result of results) {
        codec.input.set(result);
        codec.decompress(0, result.length);
      }
    };
    decompress.push({ bytes, ns: timed(back, members.length) });
  }
  const noise = new Uint8Array(PAGE);
  for (let index = 0, state = 1; index < PAGE; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    noise[index] = state >>> 24;
  }
  const incompressible = timed(() => {
    codec.input.set(noise);
    codec.compress(PAGE);
  }, 1);
  return { compress: fitted(compress), incompressible: rounded(incompressible), decompress: fitted(decompress) };
}

function allocatorCosts(create) {
  const frames = new PageFrames({ budgetBytes: 128 * 2 ** 20 });
  const pool = create(frames);
  const OBJECTS = 20_000;
  const sizes = Array.from({ length: OBJECTS }, (_, index) => 200 + ((index * 997) % 2800));
  const handles = sizes.map((size) => pool.malloc(size));
  // In the state of use: one zpage goes and another of some other size comes.
  let at = 0;
  const exchange = () => {
    for (let count = 0; count < 1000; count++) {
      at = (at + 7919) % OBJECTS;
      pool.free(handles[at]);
      handles[at] = pool.malloc(sizes[at]);
    }
  };
  const exchanged = rounded(timed(exchange, 1000) / 2);
  const target = new Uint8Array(2 * PAGE);
  const write = [];
  const read = [];
  for (const size of [300, 900, 1500, 2100, 2700]) {
    const chosen = handles.filter((_, index) => Math.abs(sizes[index] - size) < 100).slice(0, 1000);
    const writes = () => {
      for (const handle of chosen) pool.write(handle, target, 0, pool.sizeOf(handle));
    };
    const reads = () => {
      for (const handle of chosen) pool.readAround(handle, target);
    };
    write.push({ bytes: size, ns: timed(writes, chosen.length) });
    read.push({ bytes: size, ns: timed(reads, chosen.length) });
  }
  pool.destroy();
  return { malloc: exchanged, free: exchanged, write: fitted(write), read: fitted(read) };
}

/** Accesses and faults of a whole stack. */
async function coreCosts() {
  const stack = await createStack({ memory: "64MiB", swap: "memory" });
  const resident = 1024;
  const space = stack.space({ name: "costs", size: "16MiB" });
  const word = new Uint8Array(8);
  const page = new Uint8Array(PAGE);
  for (let index = 0; index < resident; index++) space.writeNow(index, 0, page);
  const over = (into) => () => {
    for (let index = 0; index < resident; index++) space.readNow(index, 0, into);
  };
  const access = timed(over(word), resident);
  const copyByte = Math.max(0, (timed(over(page), resident) - access) / PAGE);
  // First touches, in memory that is used already: a frame, its zeroes, tables, lists; and giving all of that back.
  const touched = timed(() => {
    for (let index = 0; index < resident; index++) {
      if (index % 4 === 0) continue;
      space.discard(index);
      space.writeNow(index, 0, word);
    }
  }, resident * 0.75);
  await stack.close();
  const scan = 60; // A look at a list's end, which cannot be told apart from the rest of a fault.
  return { access: rounded(access, 1), copyByte: rounded(copyByte, 4), fault: rounded(touched - access), scan };
}

const plugins = await listPlugins({ fallbacks: [new URL("../apps/cli/dist/", import.meta.url).href] });
const compressors = {};
const allocators = {};
for (const { plugin } of plugins) {
  if (plugin.family === "compressor") {
    const options = (await plugin.options["~standard"].validate({})).value;
    compressors[plugin.name] = compressorCosts(() => plugin.create({}, options));
    console.error(plugin.name, JSON.stringify(compressors[plugin.name]));
  }
  if (plugin.family === "allocator") {
    const options = (await plugin.options["~standard"].validate({})).value;
    allocators[plugin.name] = allocatorCosts((frames) => plugin.create({ frames }, options));
    console.error(plugin.name, JSON.stringify(allocators[plugin.name]));
  }
}
compressors["*"] = compressors.lz4;
allocators["*"] = allocators.zsmalloc;
const costs = {
  origin: {
    command: "node scripts/measure-costs.mjs",
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
  },
  ...(await coreCosts()),
  compressors,
  allocators,
};
writeFileSync(
  TARGET,
  `// Written by \`node scripts/measure-costs.mjs\`. Do not edit: measure again.\n\nimport type { Costs } from "./costs.js";\n\nexport const MEASURED_COSTS: Costs = ${JSON.stringify(costs, undefined, 2)};\n`,
);
execFileSync("pnpm", ["exec", "biome", "check", "--write", TARGET.pathname], { stdio: "ignore" });
console.log(JSON.stringify(costs, undefined, 2));
