// A hundred million requests stream through `trace info`, `policy` and `run` in memory that does not depend on their number; and
// what fio and valgrind themselves write is read as they meant it. Installs the two where apt-get can; their checks are left
// out where neither is there.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finish, pagetier, report, root } from "./support/replays.mjs";

const MiB = 2 ** 20;
const PAGE_SIZE = 4096;
const REQUESTS = 100_000_000;
const OBJECTS = 2000;
/** Node with its code and young generation takes 60 to 110 MiB; all requests would take 400 in 4 bytes each. */
const RESIDENT_BYTES_MAX = 256 * MiB;

const folder = mkdtempSync(join(tmpdir(), "pagetier-traces-"));
try {
  await streamed();
  await fromFio();
  await fromValgrind();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
finish();

async function streamed() {
  const trace = join(folder, "large.u32");
  const kind = ["zipf", "--objects", String(OBJECTS), "--requests", String(REQUESTS), "--writes", "5"];
  await check("generate", ["trace", "generate", ...kind, "--output", trace], ({ requests }) => requests);
  await check("trace info", ["trace", "info", trace], ({ requests }) => requests);
  await check(
    "policy",
    ["policy", "--trace", trace, "--policy", "lru", "--capacity", "10%"],
    ({ requests }) => requests,
  );
  const inputs = ["--trace", trace, "--pages", join(root, "data/node-heap.pages.gz"), "--memory", "16MiB"];
  await check("run", ["run", "none", ...inputs, "--verify", "none"], ({ accesses }) => accesses);
}

/** One command on the large trace. */
async function check(name, args, requestsOf) {
  const { wrong, document, seconds, highestBytes } = await pagetier(args);
  if (document === undefined) return report(name, [...wrong, "no document"]);
  if (requestsOf(document) !== REQUESTS) wrong.push(`${requestsOf(document)} requests, not ${REQUESTS}`);
  if (highestBytes > RESIDENT_BYTES_MAX)
    wrong.push(`${inMiB(highestBytes)} resident, more than ${inMiB(RESIDENT_BYTES_MAX)}`);
  const { reading } = document;
  const speed = reading ? `, read at ${(reading.requestsPerSecond / 1e6).toFixed(1)} M requests per CPU second` : "";
  report(
    `${name}: ${REQUESTS} requests in ${seconds.toFixed(1)} s, at most ${inMiB(highestBytes)} resident${speed}`,
    wrong,
  );
}

/** fio writes an iolog that we read, and reads one that we write. */
async function fromFio() {
  if (!available("fio")) return;
  const log = join(folder, "fio.iolog");
  const data = join(folder, "fio.dat");
  const job = ["--name=job", "--size=4m", "--bs=512-16k", "--rw=randrw", "--ioengine=psync", "--number_ios=2000"];
  spawnSync("fio", [...job, `--filename=${data}`, `--write_iolog=${log}`], { stdio: "ignore" });
  const touched = { read: 0, write: 0 };
  for (const line of readFileSync(log, "utf8").split("\n")) {
    const [, , action, offset, length] = line.split(" ");
    if (!(action in touched)) continue;
    touched[action] +=
      Math.floor((Number(offset) + Number(length) - 1) / PAGE_SIZE) - Math.floor(Number(offset) / PAGE_SIZE) + 1;
  }
  const { wrong, document } = await pagetier(["trace", "info", log]);
  if (document?.format !== "fio" || touched.write === 0) wrong.push(`fio's log is read as ${document?.format}`);
  if (document?.reads !== touched.read) wrong.push(`${document?.reads} reads of pages, not ${touched.read}`);
  if (document?.writes !== touched.write) wrong.push(`${document?.writes} writes of pages, not ${touched.write}`);
  report(`fio's iolog: ${touched.read} reads and ${touched.write} writes of pages`, wrong);

  const ours = join(folder, "ours.iolog");
  const made = await pagetier([
    "trace",
    "generate",
    "zipf",
    "--objects",
    "500",
    "--requests",
    "3000",
    "--output",
    ours,
  ]);
  const info = await pagetier(["trace", "info", ours]);
  writeFileSync(join(folder, "device0"), "");
  truncateSync(join(folder, "device0"), 500 * PAGE_SIZE);
  const replay = ["--name=replay", `--read_iolog=${ours}`, "--ioengine=psync", "--output-format=json"];
  const { stdout } = spawnSync("fio", replay, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const [job0] = JSON.parse(stdout).jobs;
  const faults = [...made.wrong, ...info.wrong];
  if (job0.error !== 0) faults.push(`fio ended with error ${job0.error}`);
  if (job0.read.total_ios !== info.document?.reads) faults.push(`fio read ${job0.read.total_ios} times`);
  if (job0.write.total_ios !== info.document?.writes) faults.push(`fio wrote ${job0.write.total_ios} times`);
  report(`our iolog, replayed by fio: ${job0.read.total_ios} reads, ${job0.write.total_ios} writes`, faults);
}

/** What lackey says of a program, counted line by line here. */
async function fromValgrind() {
  if (!available("valgrind")) return;
  const log = join(folder, "true.log");
  spawnSync("valgrind", ["--tool=lackey", "--trace-mem=yes", `--log-file=${log}`, "true"], { stdio: "ignore" });
  const pages = new Set();
  let runs = 0;
  let last = -1n;
  for (const line of readFileSync(log, "utf8").split("\n")) {
    const access = /^ [SLM] ([\da-f]+),(\d+)$/.exec(line);
    if (access === null) continue;
    const first = BigInt(`0x${access[1]}`) >> 12n;
    const end = (BigInt(`0x${access[1]}`) + BigInt(access[2]) - 1n) >> 12n;
    for (let page = first; page <= end; page++) {
      pages.add(page);
      if (page !== last) runs++;
      last = page;
    }
  }
  const { wrong, document } = await pagetier(["trace", "info", log]);
  if (document?.format !== "lackey" || runs === 0) wrong.push(`lackey's log is read as ${document?.format}`);
  if (document?.requests !== runs) wrong.push(`${document?.requests} runs of accesses, not ${runs}`);
  if (document?.objects !== pages.size) wrong.push(`${document?.objects} pages, not ${pages.size}`);
  report(`lackey's log of true: ${runs} runs of accesses to ${pages.size} pages`, wrong);
}

/** Whether a tool is there, installed if need be. */
function available(tool) {
  const has = () => spawnSync(tool, ["--version"], { stdio: "ignore" }).status === 0;
  const install = (args) =>
    spawnSync("apt-get", args, { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  if (!has()) install(["install", "-y", tool]);
  if (!has()) {
    install(["update"]);
    install(["install", "-y", tool]);
  }
  if (!has()) console.log(`skip: there is no ${tool}, and it cannot be installed here`);
  return has();
}

function inMiB(bytes) {
  return `${(bytes / MiB).toFixed(0)} MiB`;
}
