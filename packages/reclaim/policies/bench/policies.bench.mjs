// Requests per CPU second of each policy on one trace, interleaved so that a noisy machine hits all alike.
//
//   node packages/reclaim/policies/bench/policies.bench.mjs [TRACE.u32.zst] [--percent 10] [--policy a,b] [--rounds 5]
//
// Runs on dist. The best round of each policy counts. The trace's own cost (a loop that only reads the ids) is the
// first row; it is not subtracted.

import { parseArgs } from "node:util";
import { loadTrace } from "../scripts/load-trace.mjs";
import { makePolicy, policyNames } from "../scripts/make-policy.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    percent: { type: "string", default: "10" },
    policy: { type: "string" },
    rounds: { type: "string", default: "5" },
  },
});
const path =
  positionals[0] ?? new URL("../../../../../shared/traces/cloudphysics-w106.u32.zst", import.meta.url).pathname;
const { ids, objects } = loadTrace(path);
const capacity = Math.max(1, Math.floor((objects * Number(values.percent)) / 100));
const names = values.policy?.split(",") ?? policyNames.filter((name) => !("misses" in makePolicy(name, 1)));

function replay(policy, ids) {
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

function sum(ids) {
  let total = 0;
  for (let index = 0; index < ids.length; index++) total = (total + ids[index]) | 0;
  return total;
}

const cpuSeconds = (run) => {
  const start = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(start);
  return { result, seconds: (user + system) / 1e6 };
};

// Every policy gets its own copy of the loop, so that its calls are inlined as they are in an application with one policy.
// The text of each copy differs, because V8 shares what it learns between functions of the same text.
const replayOf = new Map();
for (const name of names) replayOf.set(name, new Function(`/* ${name} */ return ${replay}`)());

const best = new Map();
for (let round = 0; round < Number(values.rounds); round++) {
  const { seconds } = cpuSeconds(() => sum(ids));
  best.set("(trace)", { seconds: Math.min(seconds, best.get("(trace)")?.seconds ?? Infinity), result: 0 });
  for (const name of names) {
    const policy = makePolicy(name, capacity);
    const { result, seconds } = cpuSeconds(() => replayOf.get(name)(policy, ids));
    best.set(name, { result, seconds: Math.min(seconds, best.get(name)?.seconds ?? Infinity) });
  }
}

console.log(`${ids.length} requests, ${objects} objects, capacity ${capacity}`);
for (const [name, { result, seconds }] of best)
  console.log(
    `${name.padEnd(34)} ${(ids.length / seconds / 1e6).toFixed(1).padStart(7)} M/s  ${(result / ids.length).toFixed(4)} miss ratio`,
  );
