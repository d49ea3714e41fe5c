// Every preset on traces of every kind, with real pages: no mismatch, a peak within the budget, counters that add up.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brokenIdentities } from "../../apps/cli/test/report-identities.mjs";
import { NO_REDIS, RedisServer, redisProgram } from "../../packages/foundation/redis/dist/testing/index.js";
import { corpus, finish, needSharedData, pagetier, report, root, trace } from "./support/replays.mjs";
import { sideBySide } from "./support/side-by-side.mjs";

/** Trace, memory, pages, and how much of the trace. Memory is below the footprint, often far. */
const REPLAYS = [
  ["mem-python-k16", "4MiB", "node-heap"],
  ["mem-gcc-k16", "4MiB", "node-heap"],
  ["addr-gcc", "1MiB", "node-heap"],
  ["cache2k-web07", "16MiB", "text-files"],
  ["lirs-cs", "2MiB", "text-files"],
  ["lirs-gli", "2MiB", "node-heap"],
  ["lirs-loop", "2MiB", "node-heap"],
  ["lirs-multi1", "2MiB", "text-files"],
  ["lirs-multi3", "2MiB", "node-heap"],
  ["lirs-sprite", "2MiB", "text-files"],
  ["arc-OLTP", "64MiB", "node-heap", 300_000],
];
/** What differs from the three in how a full pool is left: a trace of each kind shows it. */
const VARIANTS = ["zswap-writethrough", "zswap-shrinker", "zswap-completion", "zcache"];
const SOME = REPLAYS.filter(([name]) => ["addr-gcc", "cache2k-web07", "lirs-multi3", "arc-OLTP"].includes(name));
/** There is no store below: memory that holds everything compressed, and too little. */
const ZRAM_ENOUGH = ["mem-gcc-k16", "8MiB", "node-heap"];
const ZRAM_TOO_LITTLE = ["mem-gcc-k16", "3MiB", "node-heap"];

needSharedData();
const temporary = mkdtempSync(join(tmpdir(), "pagetier-presets-"));
const engine = await startEngine();
try {
  const jobs = [
    ...REPLAYS.flatMap((replay) => ["none", "simple", "zswap"].map((preset) => [preset, ...replay])),
    ...SOME.flatMap((replay) => VARIANTS.map((preset) => [preset, ...replay])),
    ...(engine === undefined ? [] : SOME.map((replay) => [engine.recipe, ...replay])),
    ["zram", ...ZRAM_ENOUGH],
  ];
  await sideBySide(jobs, verified);
  await endsOutOfMemory("zram", ...ZRAM_TOO_LITTLE);
} finally {
  await engine?.stop();
  rmSync(temporary, { recursive: true, force: true });
}
finish();

async function verified([preset, ...replay]) {
  const { wrong, document, seconds } = await pagetier(argumentsOf(preset, ...replay));
  // A preset without a store says so, once.
  if (preset === "zram") wrong.splice(0, 1, ...wrong.slice(0, 1).filter((line) => !line.includes("has no swap store")));
  if (document !== undefined) wrong.push(...brokenIdentities(document));
  const { majorFrom } = document?.faults ?? { majorFrom: {} };
  report(
    `${nameOf(preset, ...replay)}: ${document?.verified} pages verified, ${majorFrom.pool} faults from the pool, ${majorFrom.store} from disk (${seconds.toFixed(1)} s)`,
    wrong,
  );
}

async function endsOutOfMemory(preset, ...replay) {
  const { wrong } = await pagetier(argumentsOf(preset, ...replay));
  const said = wrong.join("\n");
  const missing = ["exit status 1", "MM_OUT_OF_MEMORY", "Nothing was lost"].filter((part) => !said.includes(part));
  report(
    `${nameOf(preset, ...replay)} ends in MM_OUT_OF_MEMORY, and nothing is lost`,
    missing.length > 0 ? [said] : [],
  );
}

function argumentsOf(preset, name, memory, pages, limit) {
  const limits = limit === undefined ? [] : ["--limit", String(limit)];
  return ["run", preset, "--trace", trace(name), "--pages", corpus(pages), "--memory", memory, ...limits];
}

function nameOf(preset, name, memory, pages) {
  return `${name} with ${pages} at ${memory}, ${preset.replace(`${temporary}/`, "")}`;
}

/** An engine of our own, and the preset `ramster` pointed at it; undefined, with a message, where there is none to start. */
async function startEngine() {
  if (redisProgram === undefined) {
    console.log(`skip: ramster: ${NO_REDIS}`);
    return undefined;
  }
  const server = await RedisServer.start();
  const recipe = join(temporary, "ramster.yaml");
  const preset = readFileSync(join(root, "recipes/ramster.yaml"), "utf8");
  writeFileSync(recipe, preset.replace("redis://127.0.0.1:6379", server.url));
  return { recipe, stop: () => server[Symbol.asyncDispose]() };
}
