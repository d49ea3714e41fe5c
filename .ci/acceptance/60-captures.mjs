// Real programs are captured by the documented command, and their workloads replayed: every page that is read equals what
// the program had. Installs valgrind and sqlite3 where apt-get can; skips what is not there. The sizes of docs/captures.md
// would take many minutes; what is captured here grows and gives back in the same way.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finish, pagetier, report, root } from "./support/replays.mjs";

const has = (command) => spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
const missing = ["valgrind", "sqlite3"].filter((command) => !has(command));

if (missing.length > 0) {
  const apt = (...args) =>
    spawnSync("apt-get", args, { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } }).status;
  if (apt("install", "-y", ...missing) !== 0) {
    apt("update");
    apt("install", "-y", ...missing);
  }
}
if (process.platform !== "linux" || !has("valgrind")) {
  console.log("skip: there is no valgrind, and it cannot be installed here");
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), "pagetier-captures-"));
try {
  const sorted = capture("sort", "1MiB");
  for (const [name, args] of [
    ["zswap", []],
    ["zswap in an open loop", ["--loop", "open", "--speed", "0.1"]],
    ["zswap in virtual time", ["--time", "virtual", "--device", "sata"]],
  ])
    await check(`sort, ${name}`, ["run", "zswap", "--trace", sorted, "--memory", "1MiB", ...args]);
  if (has("sqlite3")) {
    const database = capture("sqlite", "2MiB");
    for (const stack of ["zswap", "zcache"])
      await check(`sqlite, ${stack}`, ["run", stack, "--trace", database, "--memory", "2MiB"], { pages: 1000 });
  } else console.log("skip: there is no sqlite3, and it cannot be installed here");
  await check("the committed workload", ["run", "zswap", "--trace", join(root, "data/sort.ptt"), "--memory", "2MiB"]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
finish();

/** @returns the path of the workload */
function capture(kind, size) {
  const workload = join(folder, `${kind}.ptt`);
  const captured = spawnSync(
    process.execPath,
    [join(root, "scripts/capture.mjs"), kind, "--size", size, "--output", workload],
    { cwd: folder, encoding: "utf8" },
  );
  report(`capture of ${kind}`, captured.status === 0 ? [] : [`exit status ${captured.status}`, captured.stderr]);
  return workload;
}

/** @param pages that the program has at a time, at least, and gives back one by one or in small pieces */
async function check(name, args, { pages = 0 } = {}) {
  const { wrong, document } = await pagetier(args);
  if (document === undefined) return report(name, [...wrong, "no document"]);
  const { verified, reads, mismatches, operations, faults } = document;
  if (verified !== reads || mismatches !== 0)
    wrong.push(`${verified} of ${reads} reads were equal, ${mismatches} were not`);
  if (!(operations.freedPages > 100 && operations.exits === 1))
    wrong.push(`${operations.freedPages} pages freed, ${operations.exits} exits`);
  if (operations.livePagesMax < pages) wrong.push(`${operations.livePagesMax} pages at a time, not ${pages}`);
  if (pages > 0 && operations.frees < 20) wrong.push(`pages were given back in ${operations.frees} pieces`);
  if (faults.major === 0) wrong.push("nothing left memory");
  report(`${name}: ${reads} reads, ${operations.freedPages} pages freed, ${faults.major} major faults`, wrong);
}
