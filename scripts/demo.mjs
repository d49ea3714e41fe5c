// The main job on bundled input: three stacks on the same trace, the same pages and the same memory, and a report of it.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const trace = "data/programs.u32.gz";
const pages = "data/node-heap.pages.gz";
const memory = "40MiB";
const report = join("reports", "start.html");

console.log(`
Twelve programs want 77 MiB of memory and get 40. Three ways to live with that:

  none    plain swapping: cold pages go to a file
  simple  cold pages are compressed first, with the simplest parts there are (kmalloc, lz4js)
  zswap   the same with a dense allocator and a fast codec (zsmalloc, lz4), as Linux does it

$ npx pagetier compare none simple zswap --trace ${trace} --pages ${pages} --memory ${memory}
`);

const place = mkdtempSync(join(tmpdir(), "pagetier-start-"));
try {
  mkdirSync(join(root, "reports"), { recursive: true });
  const inputs = ["--trace", trace, "--pages", pages, "--memory", memory];
  pagetier(["compare", "none", "simple", "zswap", ...inputs, ...process.argv.slice(2), "--report", report], "inherit");
  // What else the report shows of the same data: how densely the pages pack, and who should leave memory.
  const [pools, policies] = [join(place, "pools.html"), join(place, "policies.html")];
  pagetier(["pool", "--pages", pages, "--compressor", "lz4,zlib", "--json", "--report", pools]);
  pagetier(["policy", "--trace", trace, "--curve", "--json", "--report", policies]);
  pagetier(["report", report, pools, policies, "--output", report]);
} finally {
  rmSync(place, { recursive: true, force: true });
}

console.log(`
Every page that was read back was compared with what had been written. What to type next:

  npx pagetier pool --pages ${pages}            what each allocator and compressor makes of these pages
  npx pagetier run ./recipes/zswap.yaml --trace ${trace} --pages ${pages} --memory 24MiB
                                                          change one line of a copy of that recipe, and run again
  npx pagetier plugins                                    what can be put where
  npx pagetier run --help                                 your own traces and pages

Open this in a browser (one file, no network): the comparison over time, pools and policies on the same data

  ${pathToFileURL(join(root, report)).href}
`);

/** Runs a command, which is seen or says something only when it fails; then everything ends as it does. */
function pagetier(args, output = "pipe") {
  const settings = { cwd: root, stdio: ["ignore", output, output], encoding: "utf8", maxBuffer: 2 ** 26 };
  const { status, stderr } = spawnSync(process.execPath, ["apps/cli/bin/pagetier.mjs", ...args], settings);
  if (status === 0) return;
  process.stderr.write(stderr ?? "");
  rmSync(place, { recursive: true, force: true });
  process.exit(status ?? 1);
}
