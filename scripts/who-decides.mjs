// Writes recipes/thread/, one recipe for each combination of choices that the mail thread discusses, replays the bundled trace on all of
// them in virtual time, and writes the table in docs/who-decides.md.
//
//   node scripts/who-decides.mjs            recipes and table
//   node scripts/who-decides.mjs --recipes  recipes alone

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const ROOT = new URL("../", import.meta.url);
const FOLDER = new URL("recipes/thread/", ROOT);
const DOCUMENT = new URL("docs/who-decides.md", ROOT);
const RUN = [
  "--trace",
  "data/programs.u32.gz",
  "--pages",
  "data/node-heap.pages.gz",
  "--time",
  "virtual",
  "--device",
  "sata",
];

const DECIDERS = [
  ["classic", "hooks", "back"],
  ["classic", "hooks", "through"],
  ["classic", "shrinker", "back"],
  ["classic", "shrinker", "through"],
  ["classic", "completion", "through"],
  ["shrinkers", "shrinker", "back"],
  ["shrinkers", "shrinker", "through"],
  ["shrinkers", "completion", "through"],
];
const SIZINGS = ["fixed", "mm", "shrinker", "both"];

const WHAT = {
  hooks: "The loop decides: a page is compressed as it is evicted.",
  shrinker: "Pressure decides: the list of uncompressed pages is a shrinker, and what it frees is compressed.",
  completion:
    "The write comes first: a page is compressed when its write is done, so the pool holds clean copies only.",
};
const WHO = {
  fixed: "The pool has a limit of 20 % of memory.",
  mm: "The core sizes the pool, page for page.",
  shrinker: "The pool's own shrinker sizes it.",
  both: "The core and the pool's shrinker size it together.",
};

const recipes = DECIDERS.flatMap(([engine, trigger, write]) => [
  ...SIZINGS.map((poolSizing) => ({ engine, trigger, write, poolSizing, swapSlots: "device" })),
  { engine, trigger, write, poolSizing: "fixed", swapSlots: "virtual" },
]);

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
for (const recipe of recipes) writeFileSync(new URL(`${nameOf(recipe)}.yaml`, FOLDER), textOf(recipe));
console.log(`recipes/thread/: ${recipes.length} recipes`);
if (!process.argv.includes("--recipes")) writeTable();

function nameOf({ engine, trigger, write, poolSizing, swapSlots }) {
  return [engine, trigger, write, poolSizing, ...(swapSlots === "virtual" ? ["virtual"] : [])].join("-");
}

function textOf({ engine, trigger, write, poolSizing, swapSlots }) {
  const scans = engine === "classic" ? "" : " Nothing scans but shrinkers.";
  const slots = swapSlots === "virtual" ? " A place on a device is taken only when something is written." : "";
  return `# ${WHAT[trigger]}${scans} ${WHO[poolSizing]}${slots}
memory: 32MiB
frontswap:
  use: zswap
  allocator: { use: zsmalloc, chainPages: 4 }
  compressor: lz4
reclaim:
  engine: ${engine}
  trigger: ${trigger}
  poolFull: ${write === "back" ? "writeback-lru" : "drop-clean"}
  poolSizing: ${poolSizing}
write: ${write}
swapSlots: ${swapSlots}
swap: { use: file, size: auto }
`;
}

function writeTable() {
  const paths = recipes.map((recipe) => `recipes/thread/${nameOf(recipe)}.yaml`);
  const output = execFileSync(process.execPath, ["apps/cli/bin/pagetier.mjs", "compare", ...paths, ...RUN, "--json"], {
    cwd: ROOT,
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { runs } = JSON.parse(output);
  const mismatches = runs.reduce((sum, run) => sum + run.mismatches, 0);
  const head = [
    "recipe",
    "faults from pool",
    "from device",
    "compressions",
    "decompressions",
    "device reads",
    "device writes",
    "stall ms",
    "peak MiB",
    "time ms",
  ];
  const rows = runs.map((run) => {
    const { mm, zswap } = run.counters;
    const { pool, store } = run.faults.majorFrom;
    const whole = [
      pool,
      store,
      zswap.stores - zswap.reject_limit,
      zswap.loads + zswap.written_back_pages,
      mm.device_reads,
      mm.device_writes,
    ];
    const parts = [run.stall.someMs, run.memory.peakBytes / 2 ** 20, run.elapsedMs].map((value) => value.toFixed(1));
    return `| \`${run.recipe}\` | ${[...whole, ...parts].join(" | ")} |`;
  });
  const table = [
    `${runs[0].accesses} accesses each, ${mismatches} mismatches.`,
    "",
    `| ${head.join(" | ")} |`,
    `| --- |${" ---: |".repeat(head.length - 1)}`,
    ...rows,
  ].join("\n");
  const text = readFileSync(DOCUMENT, "utf8");
  const [before, rest] = text.split("<!-- table:begin -->\n");
  const [, after] = rest.split("<!-- table:end -->");
  writeFileSync(DOCUMENT, `${before}<!-- table:begin -->\n${table}\n<!-- table:end -->${after}`);
  console.log(`docs/who-decides.md: ${runs.length} runs, ${mismatches} mismatches`);
  if (mismatches > 0) process.exitCode = 1;
}
