// A machine that lends its memory, from both sides: `pagetier lend` beside an engine, with a /proc that the check writes, and a RAMster stack
// that borrows. Pressure there rises: pages that may be dropped go, all that must be kept are there, and new ones stay with their
// owner. Pressure falls: the limit comes back.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { RedisServer } from "../../packages/foundation/redis/dist/testing/index.js";
import { Bed, FILE_PAGES, needRedis, PAGES, sleep } from "./support/ramster.mjs";
import { finish, report, root } from "./support/replays.mjs";

needRedis();
const MIB = 2 ** 20;
const LENT = 64 * MIB;
const KEEP_FREE_MIB = 1000;
const WAIT_MS = 60_000;
const AWAY_MIN = 2000;

const proc = mkdtempSync(join(tmpdir(), "pagetier-proc-"));
mkdirSync(join(proc, "pressure"));

/** The machine that lends has so much left, and tasks have waited for so long since it was started. */
function setMachine(availableMib, stalledUs) {
  writeFileSync(join(proc, "meminfo"), `MemTotal: ${8192 * 1024} kB\nMemAvailable: ${availableMib * 1024} kB\n`);
  const line = `avg10=0.00 avg60=0.00 avg300=0.00 total=${stalledUs}\n`;
  writeFileSync(join(proc, "pressure", "memory"), `some ${line}full ${line}`);
}

/** The lender as a process, and what it said last. */
class LenderProcess {
  lines = [];

  constructor(url) {
    const bin = join(root, "apps/cli/bin/pagetier.mjs");
    const args = ["lend", "--redis", url, "--memory", "64MiB", "--keep-free", `${KEEP_FREE_MIB}MiB`];
    this.child = spawn(process.execPath, [bin, ...args, "--interval", "100", "--proc", proc, "--json"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.ended = new Promise((resolve) => this.child.once("close", (status, signal) => resolve(status ?? signal)));
    createInterface({ input: this.child.stdout }).on("line", (line) => this.lines.push(JSON.parse(line)));
  }

  get last() {
    return this.lines.at(-1);
  }

  /** What it says of a client when it has counted all pages again, twice: the first count may have begun before. */
  async counted(client) {
    const { countingPasses } = this.last.counters;
    const look = await this.until(
      (each) => each.clients && each.counters.countingPasses >= countingPasses + 2,
      "pages are counted",
    );
    return look.clients[client];
  }

  /** Waits until it says so. */
  async until(isSo, what) {
    const from = this.lines.length;
    for (const end = Date.now() + WAIT_MS; Date.now() < end; await sleep(20)) {
      const found = this.lines.slice(from).find(isSo);
      if (found !== undefined) return found;
    }
    throw new Error(`it did not come about that ${what}; the lender says ${JSON.stringify(this.last)}`);
  }
}

const started = performance.now();
const wrong = [];
const check = (isSo, what) => isSo || wrong.push(what);
const server = await RedisServer.start(["--maxmemory-policy", "noeviction"]);
let bed;
let lender;
try {
  setMachine(4000, 0);
  lender = new LenderProcess(server.url);
  const first = await lender.until(() => true, "the lender starts");
  check(first.limitBytes === LENT, `it begins with ${first.limitBytes} bytes`);

  bed = await Bed.open({ url: server.url, client: "borrower-1" }, {});
  await bed.useFile();
  await bed.write(0, PAGES * 0.8, 1);
  await bed.useFile();
  await bed.write(PAGES * 0.8, PAGES, 1);
  const away = bed.away();
  const before = await lender.counted("borrower-1");
  check(away >= AWAY_MIN, `only ${away} pages are away`);
  check(
    before.persistentPages >= away,
    `the lender counts ${before.persistentPages} pages that must be kept, of ${away}`,
  );
  check(before.ephemeralPages > 50, `the lender counts ${before.ephemeralPages} pages that may go`);

  // Short of memory: first by what is left, then by stalls alone.
  setMachine(100, 0);
  const short = await lender.until(
    (look) => look.state === "overcommitted" && look.volatileKeys === 0,
    "memory is short",
  );
  setMachine(4000, 0);
  const after = await lender.counted("borrower-1");
  check(
    after.ephemeralPages === 0 || after.ephemeralPages < before.ephemeralPages / 2,
    `${after.ephemeralPages} pages that may go are still there`,
  );
  check(short.keptKeys >= away, `${short.keptKeys} pages that must be kept are left, of ${away}`);
  check(short.limitBytes < LENT / 2, `the limit is still ${short.limitBytes}`);
  check(short.wantedBytes === 0 || short.wantedBytes < short.keptBytes, "it wants less than is kept");
  const shortFound = await bed.readAll();
  check(
    shortFound.right === PAGES && shortFound.lost.length === 0,
    `${shortFound.wrong} wrong, ${shortFound.lost.length} lost`,
  );
  check(shortFound.fileRight === FILE_PAGES, `${shortFound.fileWrong} pages of the file are wrong`);

  // While it is short, pages that are put find no room there, and stay with their owner or go to the owner's swap store.
  setMachine(100, 0);
  await lender.until((look) => look.state === "overcommitted", "memory is short again");
  const full = () => bed.stack.stats().counters["frontswap.remote"].fullPuts;
  const fullBefore = full();
  await bed.write(0, PAGES / 2, 2);
  check(full() > fullBefore, "no page was refused");
  const refused = await bed.readAll();
  check(refused.right === PAGES, `with a full lender ${refused.wrong} wrong, ${refused.lost.length} lost`);

  // At ease again, and back to what it was told, some at a time.
  setMachine(4000, 0);
  const back = await lender.until((look) => look.limitBytes === LENT, "the limit comes back");
  check(back.counters.grows >= 3, `it came back in ${back.counters.grows} steps`);
  await bed.write(PAGES / 2, PAGES, 3);
  const last = await bed.readAll();
  check(
    last.right === PAGES && last.fileRight === FILE_PAGES,
    `in the end ${last.wrong} wrong, ${last.lost.length} lost`,
  );

  // Stalls alone, 30 ms in each 50.
  let stalledUs = 0;
  const stalls = setInterval(() => {
    stalledUs += 30_000;
    setMachine(4000, stalledUs);
  }, 50);
  await lender.until((look) => look.wantedBytes < LENT && look.stallShare > 0.1, "stalls make it shrink");
  clearInterval(stalls);

  // A machine that tells nothing any more lends ever less.
  rmSync(join(proc, "meminfo"));
  await lender.until((look) => look.availableBytes === null && look.wantedBytes === 0, "it lends nothing blindly");

  setMachine(4000, stalledUs);
  bed.stack.verify();
  lender.child.kill("SIGINT");
  const status = await lender.ended;
  check(status === 130, `the lender ended with ${status}`);
  const again = await bed.readAll();
  check(again.right === PAGES, `after it ended ${again.wrong} wrong, ${again.lost.length} lost`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  report(
    `a lender short of memory: ${PAGES + FILE_PAGES} pages, ${away} away, of ${before.ephemeralPages} that may go ${after.ephemeralPages} left, ` +
      `limit ${LENT} to ${short.limitBytes} and back in ${back.counters.grows} steps, 0 lost, 0 mismatches, ${seconds} s`,
    wrong,
  );
} catch (error) {
  report("a lender short of memory", [...wrong, String(error.stack ?? error)]);
} finally {
  await bed?.close();
  lender?.child.kill("SIGKILL");
  await server[Symbol.asyncDispose]();
  rmSync(proc, { recursive: true, force: true });
}
finish();
