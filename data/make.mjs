// Cuts the bundled trace and pages out of the full ones. Run from anywhere after `npm run build`:
//
//   node data/make.mjs [FOLDER]      FOLDER holds traces/ and corpora/; default: ../shared beside this repository
//
// Trace: PROGRAMS programs share a machine: half of them compile (mem-gcc-k16), half run a script (mem-python-k16), each at
// another point of its run and in its own range of addresses. They take turns of TURN_REQUESTS requests, REQUESTS each.
// No program begins in the middle: the pages that it had touched by then come first, one write each, in the order in
// which it touched them. So the footprint is whole, cold pages included.
//
// Disk: DISK_REQUESTS requests of a virtual machine's disk (cloudphysics-w106), from DISK_FIRST on.
//
// Pages: RUNS of the 128 runs of 64 adjacent pages of node-heap, spread evenly, in their order.

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { openPages, openTrace } from "../packages/workload/trace/dist/index.js";

const PROGRAMS = 12;
const REQUESTS = 40_000;
const TURN_REQUESTS = 10_000;
// The parts of the runs at which programs begin, in requests.
const GCC_SPAN = 3_400_000;
const PYTHON_SPAN = 1_400_000;
/** Pages between the address ranges of two programs; the keys of both traces are below 2^25. */
const RANGE_PAGES = 2 ** 26;
const DISK_FIRST = 1_600_000;
const DISK_REQUESTS = 150_000;
const RUNS = 24;
const RUN_BYTES = 64 * 4096;

const here = fileURLToPath(new URL("./", import.meta.url));
const source = process.argv[2] ?? fileURLToPath(new URL("../../shared/", import.meta.url));

/**
 * One program: the pages touched before request `first`, each written once, and its requests from there on. All as
 * `key * 2 + write`, in the address range of its number.
 */
async function cutProgram(path, first, number) {
  const base = number * RANGE_PAGES;
  const trace = await openTrace(path, { limit: first + REQUESTS });
  const before = [];
  const requests = [];
  let request = 0;
  for await (const batch of trace) {
    for (let index = 0; index < batch.length; index++, request++) {
      const key = base + batch.keys[index];
      if (request >= first) requests.push(key * 2 + batch.writes[index]);
      else if (batch.pages[index] === before.length) before.push(key * 2 + 1);
    }
  }
  if (requests.length !== REQUESTS) throw new Error(`${path} has only ${request} requests`);
  return { before, requests };
}

async function cutTrace(gcc, python) {
  const programs = [];
  for (let number = 0; number < PROGRAMS; number++) {
    const [path, span] = number % 2 === 0 ? [gcc, GCC_SPAN] : [python, PYTHON_SPAN];
    programs.push(await cutProgram(path, Math.floor((span * (number + 1)) / (PROGRAMS + 1)), number));
  }
  const cut = programs.flatMap(({ before }) => before);
  for (let start = 0; start < REQUESTS; start += TURN_REQUESTS) {
    for (const { requests } of programs) cut.push(...requests.slice(start, start + TURN_REQUESTS));
  }
  return new Uint8Array(Uint32Array.from(cut).buffer);
}

async function cutDisk(path) {
  const trace = await openTrace(path, { limit: DISK_FIRST + DISK_REQUESTS });
  const cut = [];
  let request = 0;
  for await (const batch of trace) {
    for (let index = 0; index < batch.length; index++, request++) {
      if (request >= DISK_FIRST) cut.push(batch.keys[index] * 2 + batch.writes[index]);
    }
  }
  return new Uint8Array(Uint32Array.from(cut).buffer);
}

async function cutPages(path) {
  const { bytes } = await openPages(path);
  const runs = bytes.length / RUN_BYTES;
  const cut = new Uint8Array(RUNS * RUN_BYTES);
  for (let run = 0; run < RUNS; run++) {
    const start = Math.floor((run * runs) / RUNS) * RUN_BYTES;
    cut.set(bytes.subarray(start, start + RUN_BYTES), run * RUN_BYTES);
  }
  return cut;
}

function save(name, bytes) {
  const packed = gzipSync(bytes, { level: 9 });
  writeFileSync(`${here}${name}`, packed);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  console.log(`${name}: ${bytes.length} bytes, ${packed.length} packed, sha256 ${sha256}`);
}

const traces = `${source}/traces`;
save("programs.u32.gz", await cutTrace(`${traces}/mem-gcc-k16.u32.zst`, `${traces}/mem-python-k16.u32.zst`));
save("virtual-disk.u32.gz", await cutDisk(`${traces}/cloudphysics-w106.u32.zst`));
save("node-heap.pages.gz", await cutPages(`${source}/corpora/node-heap.pages.zst`));
