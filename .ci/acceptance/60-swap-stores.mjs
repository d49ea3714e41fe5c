// Swap stores under whole stacks that replay a real trace: one is turned off in the middle, one fills its disk, and a
// process is killed while it holds one. No page may come back wrong, and nothing may stand in the next start's way.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStack } from "../../apps/cli/dist/index.js";
import { openPages, openTrace, Replay } from "../../packages/workload/trace/dist/index.js";
import { corpus, finish, needSharedData, report, trace } from "./support/replays.mjs";

needSharedData();
const folder = mkdtempSync(join(tmpdir(), "pagetier-acceptance-"));
const NAME = "mem-python-k16";
const LIMIT = 300_000;

/** Replays the trace; `during` is called once, when a third of it is done. @returns what is wrong, and the result */
async function replayOn(recipe, during) {
  const stack = await createStack(recipe, { directory: folder });
  const wrong = [];
  try {
    const requests = await openTrace(trace(NAME), { limit: LIMIT });
    const pages = await openPages(corpus("node-heap"));
    const space = stack.space({ name: NAME, size: "1GiB" });
    let beside;
    const replay = new Replay(space, requests, pages, {
      onProgress: (done) => {
        if (done > LIMIT / 3) beside ??= during(stack).catch((error) => wrong.push(String(error)));
      },
    });
    const result = await replay.run().catch((error) => {
      if (error.code === undefined) throw error;
      return { ...replay.result(), failure: error };
    });
    await beside;
    stack.verify();
    const audit = await replay.audit();
    if (audit.mismatches + audit.unreadable > 0)
      wrong.push(`at the end ${audit.mismatches} pages differ, ${audit.unreadable} cannot be read`);
    if (result.mismatches > 0) wrong.push(`${result.mismatches} mismatches`);
    return { wrong, result, swaps: stack.stats().swaps };
  } finally {
    await stack.close();
  }
}

const fast = { use: "file", path: "./fast.img", size: "64MiB", name: "fast", priority: 10 };
const slow = { use: "file", path: "./slow.img", size: "256MiB", name: "slow", priority: 1, checksums: true };

for (const [frontswap, swapSlots] of [
  ["zswap", "device"],
  ["zswap", "virtual"],
  [undefined, "device"],
  [undefined, "virtual"],
]) {
  const recipe = { memory: "1MiB", swapSlots, swap: [fast, slow], ...(frontswap === undefined ? {} : { frontswap }) };
  let gone = 0;
  const { wrong, result, swaps } = await replayOn(recipe, async (stack) => {
    gone = await stack.swapOff("fast");
    await stack.swapOn({ use: "memory", name: "third", priority: 20 });
  });
  if (gone === 0) wrong.push("the store held nothing when it was turned off");
  if (swaps.map(({ name }) => name).join() !== "slow,third") wrong.push(`these are on: ${JSON.stringify(swaps)}`);
  report(
    `swapoff in the middle, ${frontswap ?? "no pool"}, ${swapSlots} slots: ${gone} pages went, ${result.verified} pages verified`,
    wrong,
  );
}

// The disk is full from some write on: accesses end in a clear error, and what was written before is all there.
{
  const full = { use: "error", on: "write", nth: 400, times: "always", code: "STORE_NO_SPACE", next: "memory" };
  const { wrong, result } = await replayOn({ memory: "1MiB", swap: [full] }, async () => undefined);
  const { failure } = result;
  if (failure?.code !== "MM_OUT_OF_MEMORY") wrong.push(`the replay ends in ${failure?.code ?? "success"}`);
  if (!/the last write failed/.test(failure?.message ?? "")) wrong.push(`it says: ${failure?.message}`);
  report(`a disk that fills up: ${result.verified} pages verified, then ${failure?.code}`, wrong);
}

// A process that is killed while it swaps to a named file.
{
  const wrong = [];
  const bin = new URL("../../apps/cli/dist/index.js", import.meta.url).pathname;
  const path = join(folder, "killed.img");
  const program = `
    import { createStack } from ${JSON.stringify(bin)};
    const stack = await createStack({ memory: "1MiB", swap: [{ use: "file", path: ${JSON.stringify(path)} }] });
    const space = stack.space({ name: "busy", size: "64MiB" });
    const page = new Uint8Array(4096);
    for (let count = 0; ; count++) {
      page.fill(count);
      await space.write(count % space.pages, 0, page);
      if (count === 2000) console.log("swapping");
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  if (!existsSync(`${path}.lock`)) wrong.push("the killed process held no lock: it was not swapping");
  const stack = await createStack({ memory: "1MiB", swap: [{ use: "file", path }] }).catch((error) => {
    wrong.push(`the next start fails: ${error.message}`);
    return undefined;
  });
  await stack?.close();
  const left = readdirSync(folder).filter((name) => name.startsWith("killed.img."));
  if (left.length > 0) wrong.push(`left behind: ${left.join(", ")}`);
  report("a process killed while it swaps leaves no lock in the next one's way", wrong);
}

// A file system of a size of its own, where this process may make one.
{
  const disk = join(folder, "disk");
  const wrong = [];
  spawnSync("mkdir", [disk]);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "pagetier", disk]).status === 0;
  if (!mounted) console.log("skip: this process may not mount a tmpfs");
  else {
    const small = { use: "file", path: join(disk, "small.img"), name: "small", priority: 10 };
    const { wrong: found, result } = await replayOn({ memory: "1MiB", swap: [small, slow] }, async () => undefined);
    wrong.push(...found);
    if (result.failure !== undefined) wrong.push(`the replay ends in ${result.failure.message}`);
    spawnSync("umount", ["-l", disk]);
    report(`a disk that is full while another store has room: ${result.verified} pages verified`, wrong);
  }
}

rmSync(folder, { recursive: true, force: true });
finish();
