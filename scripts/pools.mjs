// Writes the tables of docs/pools.md. After a build:
//
//   node scripts/pools.mjs [--lengths FILE…]
//
// Files of recorded compressed lengths (as for `pagetier pool --lengths`) are measured beside the bundled pages.
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { measureAll } from "../apps/bench/dist/suites/allocators.js";
import { churnMarkdown } from "../apps/bench/dist/suites/churn-markdown.js";
import { ofLengths, ofPages, SYNTHETIC } from "../apps/bench/dist/suites/size-distributions.js";
import { openLengths } from "../apps/cli/dist/pool-lengths.js";
import { openPages } from "../packages/workload/trace/dist/index.js";

const SEEDS = 3;
const PAGE = 4096;
const DOCUMENT = new URL("../docs/pools.md", import.meta.url);
const PAGES = new URL("../data/node-heap.pages.gz", import.meta.url).pathname;
const BEGIN = "<!-- churn:begin -->";
const END = "<!-- churn:end -->";

const { values, positionals } = parseArgs({
  options: { lengths: { type: "string", multiple: true, default: [] } },
  allowPositionals: true,
});
const files = await Promise.all([...values.lengths, ...positionals].map(openLengths));
const { bytes, pages } = await openPages(PAGES);
const all = Array.from({ length: pages }, (_, index) => bytes.subarray(index * PAGE, (index + 1) * PAGE));
const distinct = all.filter((page) => Buffer.compare(page.subarray(8), page.subarray(0, PAGE - 8)) !== 0);
const distributions = [
  ...ofPages("bundled", distinct),
  ...files.map(({ name, compressor, lengths }) =>
    ofLengths(`${basename(name).split(".")[1] ?? name}, ${compressor}`, lengths),
  ),
  ...SYNTHETIC,
];
const tables = churnMarkdown(measureAll(distributions, SEEDS));
const text = readFileSync(DOCUMENT, "utf8");
const [before, rest] = text.split(BEGIN);
const after = rest?.split(END)[1];
if (before === undefined || after === undefined) throw new Error(`docs/pools.md has no ${BEGIN} … ${END}`);
writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${tables}\n\n${END}${after}`);
console.log(`docs/pools.md: ${distributions.length} distributions`);
