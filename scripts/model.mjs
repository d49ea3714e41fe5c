// Model tests of whole stacks, as many as you like:
//
//   node scripts/model.mjs --seeds 1000          seeds 0 to 999
//   node scripts/model.mjs --seeds 1 --from 417  one seed, with what it ran
//
// Every seed is one stack: a legal combination of engine, trigger, write, poolFull, poolSizing and swapSlots (they take
// turns), the rest of its recipe at random, a swap store that takes its time and fails, and several callers at once. It
// runs in virtual time, so a seed that failed fails again. Exit status 1 when one did.

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const model = new URL("../packages/stack/stack/dist/model/index.js", import.meta.url).href;
const fallbacks = [fileURLToPath(new URL("../apps/cli/", import.meta.url))];

if (isMainThread) await main();
else await work(workerData);

async function main() {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "200" },
      from: { type: "string", default: "0" },
      jobs: { type: "string", default: String(availableParallelism()) },
    },
  });
  const [seeds, from, jobs] = [values.seeds, values.from, values.jobs].map(wholeNumber);
  const started = performance.now();
  const totals = { runs: 0, accesses: 0, forgiven: 0, storeOperations: 0, storeFaults: 0 };
  const combinations = new Set();
  const failures = [];
  const onMessage = ({ run, failure }) => {
    if (failure !== undefined) {
      failures.push(failure);
      console.error(failure.text);
      return;
    }
    totals.runs++;
    for (const key of Object.keys(totals)) if (key !== "runs") totals[key] += run[key];
    combinations.add(run.combination);
    if (seeds === 1) console.log(JSON.stringify(run, undefined, 2));
  };
  const workers = Array.from({ length: Math.min(jobs, seeds) }, (_, job) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { first: from + job, end: from + seeds, step: jobs },
    });
    worker.on("message", onMessage);
    return new Promise((resolve, reject) => worker.on("error", reject).on("exit", resolve));
  });
  await Promise.all(workers);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `seeds ${from} to ${from + seeds - 1}: ${totals.runs} runs of ${combinations.size} combinations agree with the model, ${failures.length} do not (${seconds} s)`,
  );
  console.log(
    `${totals.accesses} accesses done, ${totals.forgiven} refused; ${totals.storeOperations} operations of stores, ${totals.storeFaults} made to fail`,
  );
  if (failures.length > 0) {
    const list = failures.map(({ seed }) => seed).sort((a, b) => a - b);
    console.log(`again: node scripts/model.mjs --seeds 1 --from ${list[0]}   (failed: ${list.join(" ")})`);
    process.exitCode = 1;
  }
}

async function work({ first, end, step }) {
  const { runModel } = await import(model);
  for (let seed = first; seed < end; seed += step) {
    try {
      parentPort.postMessage({ run: await runModel(seed, { stack: { fallbacks } }) });
    } catch (error) {
      const cause = error.cause?.stack ?? error.stack;
      parentPort.postMessage({
        failure: { seed, text: `${error.message}\n${JSON.stringify(error.context?.recipe)}\n${cause}` },
      });
    }
  }
}

function wholeNumber(text) {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && text.trim() !== "") return value;
  console.error(`model: ${text} is no whole number; write for example --seeds 1000 --from 0.`);
  process.exit(2);
}
