// A report of everything that it can hold, in a real Chromium: light and dark, on a phone, by keyboard, without a network, and
// with the numbers of the documents that it was made from. Installs Debian's Chromium where there is none and that is possible.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkReport, findChromium } from "../../apps/cli/test/report-in-browser.mjs";
import { finish, report, root } from "./support/replays.mjs";

if (findChromium() === undefined) install();
const chromium = findChromium();
if (chromium === undefined) {
  console.log("skip: there is no Chromium, and apt-get did not install one");
  process.exit(0);
}

const place = mkdtempSync(join(tmpdir(), "pagetier-report-"));
const [trace, pages] = [join(root, "data/programs.u32.gz"), join(root, "data/node-heap.pages.gz")];
try {
  const inputs = ["--trace", trace, "--pages", pages, "--memory", "40MiB", "--time", "virtual", "--limit", "200000"];
  const documents = [
    made("runs.html", ["compare", "none", "simple", "zswap", ...inputs]),
    made("pools.html", ["pool", "--pages", pages, "--compressor", "lz4,zstd"]),
    made("policies.html", ["policy", "--trace", trace, "--curve"]),
  ];
  const all = join(place, "all.html");
  const names = ["runs.html", "pools.html", "policies.html"].map((name) => join(place, name));
  pagetier(["report", ...names, "--output", all]);
  report("a report of runs, pools and policies in Chromium", await checkReport(all, chromium, documents));
  // The check itself: it must see a number that is wrong.
  const shown = documents[0].runs[0].faults.majorFrom.store.toLocaleString("en-US");
  const forged = join(place, "forged.html");
  writeFileSync(forged, readFileSync(all, "utf8").replaceAll(`>${shown}<`, ">1,234,567<"));
  const seen = (await checkReport(forged, chromium, documents)).some((fault) => fault.includes("says 1,234,567"));
  report("a forged number is seen", seen ? [] : ["the check passes a report whose table says 1,234,567 faults"]);
} finally {
  rmSync(place, { recursive: true, force: true });
}
finish();

/** Makes a report and answers the document that was printed beside it. */
function made(name, args) {
  return JSON.parse(pagetier([...args, "--json", "--report", join(place, name)]));
}

function pagetier(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["apps/cli/bin/pagetier.mjs", ...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`pagetier ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}

function install() {
  const quiet = { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, timeout: 240_000 };
  if (spawnSync("apt-get", ["install", "-y", "chromium"], quiet).status === 0) return;
  spawnSync("apt-get", ["update"], quiet);
  spawnSync("apt-get", ["install", "-y", "chromium"], quiet);
}
