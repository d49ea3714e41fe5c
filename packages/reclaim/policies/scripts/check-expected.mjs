// Compares the misses of every policy with those of reference implementations, on all traces of a folder.
//
//   node packages/reclaim/policies/scripts/check-expected.mjs [--traces DIR] [--trace a,b] [--policy a,b]
//
// Runs on dist. DIR holds NAME.u32.zst files and expected.json; by default it lies beside the repository. Prints each
// mismatch, then how many counts agreed and how many did not; exit status 1 if any did not.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadTrace } from "./load-trace.mjs";
import { makePolicy } from "./make-policy.mjs";

const { values } = parseArgs({
  options: {
    traces: { type: "string", default: new URL("../../../../../shared/traces/", import.meta.url).pathname },
    trace: { type: "string" },
    policy: { type: "string" },
  },
});

/** Policies by the name under which expected.json counts them, and ours. */
const checked = [
  "fifo",
  "lru",
  "clock",
  "clock:n-bit-counter=2",
  "sieve",
  "arc",
  "twoq",
  "slru",
  "slru:seg-size=1:4",
  "lfu",
  "s3fifo",
  "s3fifo:move-to-main-threshold=1",
  "belady",
  "lirs-authors",
].filter((name) => values.policy === undefined || values.policy.split(",").includes(name));
const ours = (name) => (name === "lirs-authors" ? "lirs" : name);

function missesOf(policy, ids) {
  let misses = 0;
  for (let index = 0; index < ids.length; index++) {
    const id = ids[index];
    if (policy.has(id)) policy.hit(id);
    else {
      policy.admit(id);
      misses++;
    }
  }
  return misses;
}

const { traces } = JSON.parse(readFileSync(new URL("expected.json", `file://${values.traces}/`), "utf8"));
const names = values.trace?.split(",") ?? Object.keys(traces);
let passed = 0;
let failed = 0;
for (const trace of names) {
  const { ids } = loadTrace(`${values.traces}/${trace}.u32.zst`);
  for (const name of checked) {
    for (const [size, expected] of Object.entries(traces[trace].misses[name] ?? {})) {
      const policy = makePolicy(ours(name), Number(size));
      const misses = "misses" in policy ? policy.misses(ids, Number(size)) : missesOf(policy, ids);
      if (misses === expected) passed++;
      else {
        failed++;
        console.log(`${trace} ${name} at ${size}: ${misses} misses, expected ${expected}`);
      }
    }
  }
  process.stderr.write(`${trace}: ${passed} passed, ${failed} failed so far\n`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
