// Cuts the bundled trace and pages out of the full ones. Run from anywhere after `npm run build`:
//
//   node data/make.mjs [FOLDER]      FOLDER holds traces/ and corpora/; default: ../shared beside this repository
//
// Trace: requests FIRST .. FIRST + REQUESTS - 1 of mem-python-k16. A process does not begin in the middle: the pages that
// it had touched by then come first, one write each, in the order in which it touched them. So the footprint is whole,
// cold pages included, and a replay starts as the process stood.
//
// Pages: RUNS of the 128 runs of 64 adjacent pages of node-heap, spread evenly, in their order.

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { openPages, openTrace } from "../packages/workload/trace/dist/index.js";

const FIRST = 1_000_000;
const REQUESTS = 500_000;
const RUNS = 24;
const RUN_BYTES = 64 * 4096;

const here = fileURLToPath(new URL("./", import.meta.url));
const source = process.argv[2] ?? fileURLToPath(new URL("../../shared/", import.meta.url));

/** The keys touched before FIRST, each written once, then the requests of the slice; as `key * 2 + write`. */
async function cutTrace(path) {
  const trace = await openTrace(path, { limit: FIRST + REQUESTS });
  const slice = new Uint32Array(REQUESTS);
  const before = [];
  let request = 0;
  for await (const batch of trace) {
    for (let index = 0; index < batch.length; index++, request++) {
      if (request >= FIRST) slice[request - FIRST] = batch.keys[index] * 2 + batch.writes[index];
      else if (batch.pages[index] === before.length) before.push(batch.keys[index] * 2 + 1);
    }
  }
  if (request !== FIRST + REQUESTS) throw new Error(`${path} has only ${request} requests`);
  const cut = new Uint32Array(before.length + REQUESTS);
  cut.set(before);
  cut.set(slice, before.length);
  return new Uint8Array(cut.buffer);
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

save("python.u32.gz", await cutTrace(`${source}/traces/mem-python-k16.u32.zst`));
save("node-heap.pages.gz", await cutPages(`${source}/corpora/node-heap.pages.zst`));
