// A real program is captured by the documented command, and its workload replayed: every page that is read equals what
// the program had. Installs valgrind where apt-get can; skips where neither is there.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finish, pagetier, report, root } from "./support/replays.mjs";

const has = (command) => spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;

if (!has("valgrind")) {
  const install = (args) =>
    spawnSync("apt-get", args, { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  install(["install", "-y", "valgrind"]);
  if (!has("valgrind")) {
    install(["update"]);
    install(["install", "-y", "valgrind"]);
  }
}
if (process.platform !== "linux" || !has("valgrind")) {
  console.log("skip: there is no valgrind, and it cannot be installed here");
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), "pagetier-captures-"));
try {
  const workload = join(folder, "sort.ptt");
  const captured = spawnSync(
    process.execPath,
    [join(root, "scripts/capture.mjs"), "sort", "--size", "1MiB", "--output", workload],
    {
      cwd: folder,
      encoding: "utf8",
    },
  );
  report("capture of sort", captured.status === 0 ? [] : [`exit status ${captured.status}`, captured.stderr]);
  for (const [name, args] of [
    ["zswap", []],
    ["zswap in an open loop", ["--loop", "open", "--speed", "0.1"]],
    ["zswap in virtual time", ["--time", "virtual", "--device", "sata"]],
  ])
    await check(name, ["run", "zswap", "--trace", workload, "--memory", "1MiB", ...args]);
  await check("the committed workload", ["run", "zswap", "--trace", join(root, "data/sort.ptt"), "--memory", "2MiB"]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
finish();

async function check(name, args) {
  const { wrong, document } = await pagetier(args);
  if (document === undefined) return report(name, [...wrong, "no document"]);
  const { verified, reads, mismatches, operations, faults } = document;
  if (verified !== reads || mismatches !== 0)
    wrong.push(`${verified} of ${reads} reads were equal, ${mismatches} were not`);
  if (!(operations.freedPages > 100 && operations.exits === 1))
    wrong.push(`${operations.freedPages} pages freed, ${operations.exits} exits`);
  if (faults.major === 0) wrong.push("nothing left memory");
  report(`${name}: ${reads} reads, ${operations.freedPages} pages freed, ${faults.major} major faults`, wrong);
}
