// Writes the tables of docs/zcache.md. After a build:
//
//   node scripts/zcache.mjs [TRACE…]
//
// Key traces are replayed beside the bundled one, with the bundled pages.
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { evictionMarkdown } from "../apps/bench/dist/suites/eviction-markdown.js";
import { bounds, replayOrders } from "../apps/bench/dist/suites/eviction-orders.js";
import { idsOf } from "../apps/bench/dist/suites/trace-ids.js";
import { openPages } from "../packages/workload/trace/dist/index.js";

const PAGE = 4096;
const DOCUMENT = new URL("../docs/zcache.md", import.meta.url);
const PAGES = fileURLToPath(new URL("../data/node-heap.pages.gz", import.meta.url));
const TRACE = fileURLToPath(new URL("../data/virtual-disk.u32.gz", import.meta.url));
const BEGIN = "<!-- eviction:begin -->";
const END = "<!-- eviction:end -->";

const { bytes, pages } = await openPages(PAGES);
const contents = Array.from({ length: pages }, (_, index) => bytes.slice(index * PAGE, (index + 1) * PAGE));
const tables = [];
for (const path of [TRACE, ...process.argv.slice(2)]) {
  const workload = { ...(await idsOf(path)), contents };
  const { ids, objects } = workload;
  const name = basename(path).split(".")[0];
  const title = `${name}: ${ids.length.toLocaleString("en-US")} requests for ${objects.toLocaleString("en-US")} pages`;
  tables.push(evictionMarkdown(title, ids.length, bounds(workload), replayOrders(workload)));
}
const text = readFileSync(DOCUMENT, "utf8");
const [before, rest] = text.split(BEGIN);
const after = rest?.split(END)[1];
if (before === undefined || after === undefined) throw new Error(`docs/zcache.md has no ${BEGIN} … ${END}`);
writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${tables.join("\n\n")}\n\n${END}${after}`);
console.log(`docs/zcache.md: ${tables.length} workloads`);
