// What happens between processes, and to them. The other process runs on the built package.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { untouchedPage } from "@pagetier/store/conformance";
import { afterEach, beforeAll, beforeEach, describe, test } from "vitest";
import { FileStore } from "../src/index.js";

const CHILD = fileURLToPath(new URL("children/store.mjs", import.meta.url));
const posix = process.platform !== "win32";

let directory: string;
let path: string;
let holder: ChildProcess | undefined;

beforeAll(() => {
  const built = fileURLToPath(new URL("../dist/index.js", import.meta.url));
  assert.ok(fs.existsSync(built), "build this package before its tests: the other processes run on dist");
});

beforeEach(() => {
  directory = fs.mkdtempSync(join(os.tmpdir(), "pagetier-test-"));
  path = join(directory, "swap.img");
});

afterEach(() => {
  holder?.kill("SIGKILL");
  holder = undefined;
  fs.rmSync(directory, { recursive: true });
});

/** Starts a process that holds the store at `place` and writes to it. */
async function hold(place: string, env = process.env): Promise<ChildProcess> {
  holder = spawn(process.execPath, [CHILD, "hold", place], { stdio: ["ignore", "pipe", "inherit"], env });
  const [said] = await once(holder.stdout!, "data");
  assert.equal(String(said).trim(), "holding");
  return holder;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

describe.runIf(posix)("between processes", () => {
  test("a store is for one process at a time, and comes back whole when that one is killed", async () => {
    const child = await hold(path);
    await assert.rejects(new FileStore({ path }).open(), (error) => {
      assert.ok(TierError.is(error, "STORE_OPEN"));
      assert.match(error.message, new RegExp(`process ${child.pid} is using it`));
      return true;
    });
    await kill(child);

    const store = new FileStore({ path });
    await store.open();
    const slots = Array.from({ length: 100 }, (_, slot) => slot);
    const pages = slots.map(untouchedPage);
    assert.ok((await store.readPages(slots, pages)).every((status) => status === undefined));
    pages.forEach((page, slot) => {
      assert.deepEqual(page, new Uint8Array(PAGE_SIZE).fill(slot || 1));
    });
    await store.close();
    assert.deepEqual(fs.readdirSync(directory), ["swap.img"]);
  });

  test("a temporary file is gone with its process, also when that is killed", async () => {
    const child = await hold("-", { ...process.env, TMPDIR: directory });
    assert.deepEqual(fs.readdirSync(directory), []);
    await kill(child);
    assert.deepEqual(fs.readdirSync(directory), []);
  });

  test("a file that may not grow is full, and keeps what it has", () => {
    // 300 KiB in the shell's unit of 512 bytes (POSIX) or 1 KiB (bash): either way less than the 2 MB asked for.
    const script = `ulimit -f 300 && exec "$0" "$@"`;
    const { stdout, stderr } = spawnSync("sh", ["-c", script, process.execPath, CHILD, "fill", path], {
      encoding: "utf8",
    });
    assert.equal(stderr, "");
    const { codes, equal } = JSON.parse(stdout);
    assert.deepEqual(Object.keys(codes).sort(), ["STORE_NO_SPACE", "good"]);
    assert.ok(codes.good >= Math.floor(300 / 8) && codes.good <= 300 / 4, `${codes.good} pages fit`);
    assert.equal(codes.good + codes.STORE_NO_SPACE, 504);
    assert.equal(equal, true);
  });

  test("a file system that is full is full, and has room again when something goes", async (context) => {
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "pagetier", directory], { encoding: "utf8" });
    if (mounted.error !== undefined || mounted.status !== 0) return context.skip("this process may not mount a tmpfs");
    try {
      const store = new FileStore({ path, checksums: true });
      await store.open();
      const slots = Array.from({ length: 400 }, (_, slot) => slot);
      const pages = slots.map((slot) => new Uint8Array(PAGE_SIZE).fill(slot % 251 || 1));
      const statuses = await store.writePages(slots, pages);
      const good = slots.filter((slot) => statuses[slot] === undefined);
      assert.ok(good.length >= 200 && good.length < 256, `${good.length} pages fit into 1 MiB`);
      for (const status of statuses) if (status !== undefined) assert.equal(status.code, "STORE_NO_SPACE");
      const into = good.map(untouchedPage);
      assert.ok((await store.readPages(good, into)).every((status) => status === undefined));
      for (const [index, slot] of good.entries()) assert.deepEqual(into[index], pages[slot]);
      await store.discard(slots.filter((slot) => slot >= 10));
      assert.deepEqual(await store.writePages([5], [pages[5]!]), [undefined]);
      await store.close();
    } finally {
      assert.equal(spawnSync("umount", ["-l", directory]).status, 0);
    }
  });

  test("a path where one may not write is refused in one sentence", () => {
    fs.chmodSync(directory, 0o555);
    const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}; // Root may write everywhere.
    const { stdout } = spawnSync(process.execPath, [CHILD, "open", path], { encoding: "utf8", ...asNobody });
    const { code, message } = JSON.parse(stdout);
    assert.equal(code, "STORE_OPEN");
    assert.match(message, /swap\.img: you may not write there; .*\(EACCES\)\.$/);
    fs.chmodSync(directory, 0o755);
    assert.deepEqual(fs.readdirSync(directory), []);
  });
});
