// Traces of blocks on a file behind the page cache, with real pages: every byte right from the first touch on, a peak within the
// budget, counters that add up; and a zcache that reads less from the file than none, or no more where hardly a block comes again.

import { fileURLToPath } from "node:url";
import { brokenIdentities } from "../../apps/cli/test/report-identities.mjs";
import { corpus, finish, needSharedData, pagetier, report, trace } from "./support/replays.mjs";
import { sideBySide } from "./support/side-by-side.mjs";

const PRESETS = ["none", "zswap", "zcache"];
const BUNDLED = fileURLToPath(new URL("../../data/virtual-disk.u32.gz", import.meta.url));
/** How much more zcache may read: of cloudphysics-io-4k, which is mostly read once, in real time, a little. */
const AT_MOST = new Map([["cloudphysics-io-4k", 1.02]]);
/** Trace, memory, pages, and how much of the trace. */
const REPLAYS = [
  ["virtual-disk", "16MiB", "node-heap"],
  ["lirs-sprite", "4MiB", "text-files"],
  ["cloudphysics-io-4k", "32MiB", "text-files", 120_000],
  ["arc-OLTP", "64MiB", "node-heap", 150_000],
];

needSharedData();
const storeFaults = new Map();
const jobs = REPLAYS.flatMap((replay) => PRESETS.map((preset) => [preset, ...replay]));
await sideBySide(jobs, async ([preset, name, memory, pages, limit]) => {
  const path = name === "virtual-disk" ? BUNDLED : trace(name);
  const limits = limit === undefined ? [] : ["--limit", String(limit)];
  const inputs = ["--trace", path, "--pages", corpus(pages), "--memory", memory, "--space", "file", ...limits];
  const { wrong, document, seconds } = await pagetier(["run", preset, ...inputs]);
  if (document !== undefined) wrong.push(...brokenIdentities(document));
  const { majorFrom } = document?.faults ?? { majorFrom: {} };
  storeFaults.set(`${preset} ${name}`, majorFrom.store);
  report(
    `${name} at ${memory}, ${preset}: ${document?.verified} pages verified, ${majorFrom.pool} faults from the pool, ${majorFrom.store} from the file (${seconds.toFixed(1)} s)`,
    wrong,
  );
});
for (const [name] of REPLAYS) {
  const [none, zcache] = ["none", "zcache"].map((preset) => storeFaults.get(`${preset} ${name}`));
  const most = none * (AT_MOST.get(name) ?? 0.95);
  report(`${name}: zcache against none, ${zcache} and ${none} faults`, zcache <= most ? [] : [`more than ${most}`]);
}
finish();
