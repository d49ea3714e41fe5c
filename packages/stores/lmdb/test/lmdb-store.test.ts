import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPrng, PAGE_SIZE, realClock, realScheduler, TierError } from "@pagetier/base";
import { makePage, untouchedPage } from "@pagetier/store/conformance";
import { afterEach, beforeEach, describe, test } from "vitest";
import { LmdbStore, type LmdbStoreOptions, lmdbStore, plugin } from "../src/index.js";

const CHILD = fileURLToPath(new URL("children/store.mjs", import.meta.url));
const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);

let directory: string;
let path: string;

beforeEach(() => {
  directory = fs.mkdtempSync(join(os.tmpdir(), "pagetier-test-"));
  path = join(directory, "swap.mdb");
});

afterEach(() => fs.rmSync(directory, { recursive: true }));

async function opened(options: LmdbStoreOptions): Promise<LmdbStore> {
  const store = new LmdbStore(options);
  await store.open();
  return store;
}

async function refuses(place: string, pattern: RegExp): Promise<void> {
  const store = new LmdbStore({ path: place });
  await assert.rejects(store.open(), (error) => {
    assert.ok(TierError.is(error, "STORE_OPEN"), String(error));
    assert.match(error.message, pattern);
    return true;
  });
  await store.close();
}

describe("the database", () => {
  test("without a path is seen by nobody and leaves nothing", async () => {
    const before = new Set(fs.readdirSync(os.tmpdir()));
    const store = await opened({});
    assert.equal(store.durable, false);
    await store.writePages(range(0, 200), range(0, 200).map(makePage));
    const made = fs
      .readdirSync(os.tmpdir())
      .filter((name) => !before.has(name) && /^pagetier-[A-Za-z0-9]{6}$/.test(name));
    assert.deepEqual(made, []);
    const page = untouchedPage();
    assert.deepEqual(await store.readPages([199], [page]), [undefined]);
    assert.deepEqual(page, makePage(199));
    await store.close();
    assert.equal(store.memoryBytes(), 0);
  });

  test("fills its leaves when pages come in order", async () => {
    const store = await opened({ path });
    for (let first = 0; first < 960; first += 32) {
      const slots = range(first, 32);
      await store.writePages(slots, slots.map(makePage));
    }
    assert.equal(store.counters().heldPages, 960);
    await store.close();
    const bytes = fs.statSync(path).size / 960;
    assert.ok(bytes < 1.5 * PAGE_SIZE, `${bytes} bytes a page`);
  });

  test("is for one at a time", async () => {
    const store = await opened({ path });
    await refuses(path, new RegExp(`process ${process.pid} is using it`));
    await store.close();
    assert.deepEqual(fs.readdirSync(directory).sort(), ["swap.mdb", "swap.mdb-lock"]);
    await (await opened({ path })).close();
  });

  test("that is none is refused before LMDB maps it", async () => {
    fs.writeFileSync(path, "this is not a database".repeat(1000));
    await refuses(path, /swap\.mdb: it is not a database of this kind; choose another path\.$/);
    assert.equal(fs.readFileSync(path, "utf8").length, 22_000);
    await refuses(directory, /it is a directory; name a file in it/);
    await refuses(join(directory, "no", "swap.mdb"), /ENOENT/);
    await refuses("/dev/null", /not a regular file/);
    fs.writeFileSync(path, "");
    await (await opened({ path })).close();
  });

  test("that somebody shortened gives coded errors, and does not end the process", async () => {
    const before = await opened({ path });
    const slots = range(0, 300);
    await before.writePages(slots, slots.map(makePage));
    await before.close();
    const { size } = fs.statSync(path);
    fs.truncateSync(path, size - 40 * 16_384);
    const store = new LmdbStore({ path });
    const statuses = await store.open().then(
      () => store.readPages(slots, slots.map(untouchedPage)),
      (error: unknown) => [error as TierError],
    );
    assert.ok(statuses.some((status) => status !== undefined));
    for (const status of statuses) assert.match(status?.code ?? "STORE_CORRUPT", /^STORE_(CORRUPT|IO|OPEN)$/);
    await store.close();
  });
});

describe("a process that is killed", () => {
  test("leaves everything that it flushed, and no lock", async () => {
    for (let round = 0; round < 2; round++) {
      const child = spawn(process.execPath, [CHILD, path], { stdio: ["ignore", "pipe", "inherit"] });
      let said = "";
      for await (const chunk of child.stdout) {
        said += String(chunk);
        if (said.split("\n").length > 4 + 3 * round) break;
      }
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      const flushed = Number(/flushed (\d+)\n[^\n]*$/.exec(said)![1]);
      const store = await opened({ path });
      const slots = range(0, flushed + 1);
      const pages = slots.map(untouchedPage);
      assert.ok((await store.readPages(slots, pages)).every((status) => status === undefined));
      for (const slot of slots) assert.deepEqual(pages[slot], new Uint8Array(PAGE_SIZE).fill(1 + (slot % 250)));
      await store.close();
    }
  });
});

describe("a file system that is full", () => {
  test("is full, and takes pages again when there is room", async (context) => {
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "pagetier", directory], { encoding: "utf8" });
    if (mounted.error !== undefined || mounted.status !== 0) return context.skip("this process may not mount a tmpfs");
    try {
      const ballast = join(directory, "ballast");
      fs.writeFileSync(ballast, new Uint8Array(512 * 1024));
      const store = await opened({ path });
      const good: number[] = [];
      const codes = new Set<string | undefined>();
      for (let first = 0; first < 600; first += 8) {
        const slots = range(first, 8);
        for (const [index, status] of (await store.writePages(slots, slots.map(makePage))).entries()) {
          codes.add(status?.code);
          if (status === undefined) good.push(slots[index]!);
        }
      }
      assert.deepEqual(codes, new Set([undefined, "STORE_NO_SPACE"]));
      assert.ok(good.length > 50, `${good.length} pages fit into 1.5 MiB`);
      const pages = good.map(untouchedPage);
      assert.ok((await store.readPages(good, pages)).every((status) => status === undefined));
      for (const [index, slot] of good.entries()) assert.deepEqual(pages[index], makePage(slot));
      await store.discard(good.slice(10));
      await store.readPages([good[20]!], [pages[0]!]);
      assert.ok(
        pages[0]!.every((byte) => byte === 0),
        "what was discarded reads as zeroes, even where it could not be removed",
      );
      fs.rmSync(ballast);
      assert.deepEqual(await store.writePages([good[0]!, good[20]!], [makePage(7), makePage(8)]), [
        undefined,
        undefined,
      ]);
      assert.deepEqual(await store.readPages([good[20]!], [pages[0]!]), [undefined]);
      assert.deepEqual(pages[0], makePage(8));
      await store.close();
    } finally {
      spawnSync("umount", ["-l", directory]);
    }
  });
});

describe("the plugin", () => {
  test("resolves relative paths against its folder, and says what is wrong with an option", async () => {
    const parts = { clock: realClock, scheduler: realScheduler, prng: createPrng(1), directory };
    const store = plugin.create(parts, { path: "swap.mdb" });
    await store.open();
    assert.ok(fs.existsSync(path));
    await store.close();
    assert.deepEqual(lmdbStore({ size: "1GiB" }), { use: "lmdb", size: "1GiB" });
    const result = await plugin.options["~standard"].validate({ size: "1gb" });
    assert.match(result.issues?.[0]?.message ?? "", /Did you mean 1GiB/);
  });
});
