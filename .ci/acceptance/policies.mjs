// `pagetier policy` counts exactly the misses that reference implementations count, on every trace, policy and size of
// ../shared/traces/expected.json, and estimates by SHARDS lie where they say.
//
// Two traces are read at a time, one process each; about four minutes on two cores.

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const folder = new URL("../../../shared/traces/", import.meta.url);
const bin = fileURLToPath(new URL("../../apps/cli/bin/pagetier.mjs", import.meta.url));
const run = promisify(execFile);

if (!existsSync(folder)) {
  console.log("skipped: there are no traces beside the repository");
  process.exit(0);
}

const { policies, traces } = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8"));
/** Ours by the name under which they are counted. */
const names = [...policies.exact, ...policies.deterministicUnchecked].map((name) => [name, name]);
names.push(["lirs-authors", "lirs"]);

let passed = 0;
const faults = [];

function note(holds, fault) {
  if (holds) passed++;
  else faults.push(fault);
}

async function policy(trace, ...args) {
  const path = fileURLToPath(new URL(`${trace}.u32.zst`, folder));
  const { stdout } = await run(process.execPath, [bin, "policy", "--trace", path, "--json", ...args]);
  return JSON.parse(stdout);
}

async function checkMisses(trace) {
  const { requests, unique, sizes, misses } = traces[trace];
  const known = names.filter(([name]) => misses[name] !== undefined);
  const ours = known.map(([, name]) => name).join();
  const counted = await policy(trace, "--policy", ours, "--capacity", sizes.join());
  note(counted.requests === requests, `${trace}: ${counted.requests} requests, not ${requests}`);
  note(counted.objects === unique, `${trace}: ${counted.objects} objects, not ${unique}`);
  for (const [name, written] of known) {
    for (const [size, expected] of Object.entries(misses[name])) {
      const result = counted.results.find((each) => each.policy === written && each.capacity === Number(size));
      note(result?.misses === expected, `${trace} ${name} at ${size}: ${result?.misses} misses, not ${expected}`);
    }
  }
}

async function checkEstimates(trace, rate) {
  const { requests, sizes, misses } = traces[trace];
  const capacities = sizes.filter((size) => size * rate > 40);
  const { results } = await policy(
    trace,
    ...["--shards", String(rate), "--policy", "lru,arc,belady", "--capacity", capacities.join()],
  );
  const outside = results.filter(
    (each) => Math.abs(each.missRatio - misses[each.policy][each.capacity] / requests) > each.expectedError,
  );
  // Stated for 95 % of estimates; those of one sample err together.
  note(outside.length * 10 <= results.length, `${trace} at ${rate}: ${JSON.stringify(outside)}`);
}

const work = [
  // The longest first, so that both ends finish together.
  ...Object.keys(traces)
    .sort((a, b) => traces[b].requests * traces[b].sizes.length - traces[a].requests * traces[a].sizes.length)
    .map((trace) => () => checkMisses(trace)),
  () => checkEstimates("cloudphysics-w106", 0.1),
  () => checkEstimates("arc-P3", 0.05),
];
const worker = async () => {
  for (let next = work.shift(); next !== undefined; next = work.shift()) await next();
};
await Promise.all([worker(), worker()]);

for (const fault of faults) console.log(fault);
console.log(`${passed} passed, ${faults.length} failed`);
process.exitCode = faults.length === 0 ? 0 : 1;
