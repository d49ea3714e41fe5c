// Every preset on traces of every kind, with real pages: no mismatch, a peak within the budget, counters that add up.

import { brokenIdentities } from "../../apps/cli/test/report-identities.mjs";
import { corpus, finish, needSharedData, pagetier, report, trace } from "./support/replays.mjs";
import { sideBySide } from "./support/side-by-side.mjs";

const PRESETS = ["none", "simple", "zswap"];
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

needSharedData();
const jobs = REPLAYS.flatMap((replay) => PRESETS.map((preset) => [preset, ...replay]));
await sideBySide(jobs, async ([preset, name, memory, pages, limit]) => {
  const limits = limit === undefined ? [] : ["--limit", String(limit)];
  const inputs = ["--trace", trace(name), "--pages", corpus(pages), "--memory", memory, ...limits];
  const { wrong, document, seconds } = await pagetier(["run", preset, ...inputs]);
  if (document !== undefined) wrong.push(...brokenIdentities(document));
  const { majorFrom } = document?.faults ?? { majorFrom: {} };
  report(
    `${name} with ${pages} at ${memory}, ${preset}: ${document?.verified} pages verified, ${majorFrom.pool} faults from the pool, ${majorFrom.store} from disk (${seconds.toFixed(1)} s)`,
    wrong,
  );
});
finish();
