import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { createPrng, PAGE_SIZE, realClock, realScheduler, TierError } from "@pagetier/base";
import { makePage, untouchedPage } from "@pagetier/store/conformance";
import { afterEach, beforeEach, describe, test } from "vitest";
import { FileStore, type FileStoreOptions, fileStore, plugin } from "../src/index.js";
import { failSystemCall, fillDisk } from "./failing-calls.js";

let directory: string;
let path: string;

beforeEach(() => {
  directory = fs.mkdtempSync(join(os.tmpdir(), "pagetier-test-"));
  path = join(directory, "swap.img");
});

afterEach(() => fs.rmSync(directory, { recursive: true }));

const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);

async function opened(options: FileStoreOptions): Promise<FileStore> {
  const store = new FileStore(options);
  await store.open();
  return store;
}

async function readPage(store: FileStore, slot: number): Promise<Uint8Array> {
  const page = untouchedPage();
  assert.deepEqual(await store.readPages([slot], [page]), [undefined]);
  return page;
}

describe("the file", () => {
  test("has slot n at byte n × PAGE_SIZE, so that other tools can read it", async () => {
    const store = await opened({ path });
    await store.writePages([0, 3], [makePage(1), makePage(2)]);
    await store.close();
    const bytes = fs.readFileSync(path);
    assert.equal(bytes.length, 4 * PAGE_SIZE);
    assert.ok(Buffer.compare(bytes.subarray(3 * PAGE_SIZE), makePage(2)) === 0);
  });

  test("is cut when the end of it is discarded, but not while a write is out", async () => {
    const store = await opened({ path });
    const slots = range(0, 600);
    await store.writePages(slots, slots.map(makePage));
    await store.discard(range(300, 299));
    assert.equal(fs.statSync(path).size, 600 * PAGE_SIZE); // Slot 599 is still there.
    const writing = store.writePages([0], [makePage(0)]);
    await store.discard([599]);
    assert.equal(fs.statSync(path).size, 600 * PAGE_SIZE);
    await writing;
    await store.discard([]);
    assert.equal(fs.statSync(path).size, 300 * PAGE_SIZE);
    assert.equal(store.counters().truncations, 1);
    assert.deepEqual(await readPage(store, 299), makePage(299));
    assert.deepEqual(await readPage(store, 599), new Uint8Array(PAGE_SIZE));
    await store.close();
  });

  test("is as long as its size when it is preallocated, and stays so", async () => {
    const store = await opened({ path, size: "2MiB", preallocate: true });
    assert.equal(fs.statSync(path).size, 2 << 20);
    assert.ok(fs.statSync(path).blocks * 512 >= 2 << 20);
    await store.discard(range(0, 512));
    assert.equal(fs.statSync(path).size, 2 << 20);
    await store.close();
  });

  test("keeps its pages when it is preallocated later", async () => {
    const before = await opened({ path });
    await before.writePages([2], [makePage(2)]);
    await before.close();
    const store = await opened({ path, size: "1MiB", preallocate: true });
    assert.deepEqual(await readPage(store, 2), makePage(2));
    assert.equal(fs.statSync(path).size, 1 << 20);
    await store.close();
  });

  test("without a path is seen by nobody and leaves nothing", async () => {
    const before = fs.readdirSync(os.tmpdir());
    const store = await opened({});
    assert.equal(store.durable, false);
    await store.writePages([5], [makePage(5)]);
    assert.deepEqual(await readPage(store, 5), makePage(5));
    const during = fs.readdirSync(os.tmpdir()).filter((name) => !before.includes(name));
    assert.deepEqual(
      during.filter((name) => /^pagetier-[A-Za-z0-9]{6}$/.test(name)),
      [],
    );
    await store.close();
  });

  test("that somebody shortened gives coded errors for what it lost", async () => {
    const store = await opened({ path });
    const slots = range(0, 8);
    await store.writePages(slots, slots.map(makePage));
    fs.truncateSync(path, 5 * PAGE_SIZE + 100);
    const statuses = await store.readPages(slots, slots.map(untouchedPage));
    assert.deepEqual(
      statuses.map((status) => status?.code),
      [...slots.slice(0, 5).map(() => undefined), "STORE_CORRUPT", "STORE_CORRUPT", "STORE_CORRUPT"],
    );
    assert.equal(store.now.readPageNow(6, untouchedPage())?.code, "STORE_CORRUPT");
    await store.close();
  });
});

describe("clusters", () => {
  test("make neighbouring slots of a call one I/O of at most 32 pages", async () => {
    const store = await opened({});
    const slots = [...range(0, 70), 80, ...range(90, 2)];
    await store.writePages(slots, slots.map(makePage));
    assert.equal(store.counters().writeClusters, 5); // 32 + 32 + 6, 1, 2
    await store.readPages(slots, slots.map(untouchedPage));
    assert.equal(store.counters().readClusters, 5);
    await store.readPages(range(1000, 64), range(0, 64).map(untouchedPage));
    assert.equal(store.counters().readClusters, 5); // Nothing there, nothing read.
    assert.equal(store.counters().zeroPages, 64);
    await store.close();
  });

  test("take memory only while writes are out, beyond what is kept", async () => {
    const store = await opened({});
    const calls = range(0, 40).map((call) => {
      const slots = range(call * 32, 32);
      return store.writePages(slots, slots.map(makePage));
    });
    assert.ok(store.memoryBytes() >= 40 * 32 * PAGE_SIZE);
    await Promise.all(calls);
    assert.ok(store.memoryBytes() <= 8 * 32 * PAGE_SIZE + PAGE_SIZE);
    await store.close();
    assert.equal(store.memoryBytes(), 0);
  });

  test("take no memory for pages that are lent", async () => {
    const store = await opened({});
    const before = store.memoryBytes();
    const pages = range(0, 70).map(makePage);
    const call = store.writePages(range(0, 70), pages, true);
    assert.equal(store.memoryBytes() - before, PAGE_SIZE); // The bits of the slots.
    await call;
    assert.equal(store.counters().writeClusters, 3);
    await store.close();
  });

  test("leave room for the buffers of single pages", async () => {
    const store = await opened({});
    const clusters = range(0, 16).map((call) => range(call * 32, 32));
    await Promise.all(clusters.map((slots) => store.writePages(slots, slots.map(makePage))));
    const kept = store.memoryBytes();
    await Promise.all(range(0, 16).map((slot) => store.writePages([slot], [makePage(slot)])));
    assert.equal(store.memoryBytes() - kept, 16 * PAGE_SIZE);
    await store.close();
  });
});

describe("failing I/O", () => {
  test.for([false, true])("is tried again page by page, and then is each slot's own (pages lent: %s)", async (lent) => {
    const store = await opened({});
    const slots = range(0, 8);
    const script = failSystemCall(1, { times: 4 }); // The cluster, then three pages.
    const statuses = await store.writePages(slots, slots.map(makePage), lent);
    script.stop();
    assert.ok(script.fired);
    assert.deepEqual(
      statuses.map((status) => status?.code),
      ["STORE_IO", "STORE_IO", "STORE_IO", ...slots.slice(3).map(() => undefined)],
    );
    assert.match(statuses[1]!.message, /writing slot 1 of store file a temporary file in .* failed \(EIO\)/);
    assert.deepEqual(statuses[1]!.context.slot, 1);
    for (const slot of slots.slice(3)) assert.deepEqual(await readPage(store, slot), makePage(slot));
    assert.equal(store.counters().failedSlots, 3);
    await store.close();
  });

  test("for want of space says so", async () => {
    const store = await opened({ path });
    for (const code of ["ENOSPC", "EDQUOT", "EFBIG"]) {
      const script = failSystemCall(1, { code });
      const [status] = await store.writePages([1], [makePage(1)]);
      script.stop();
      assert.equal(status?.code, "STORE_NO_SPACE");
      assert.match(status.message, new RegExp(`slot 1 of store file ${path}.*${code}`));
    }
    await store.close();
  });

  test("of a flush is not forgotten by the next one", async () => {
    const store = await opened({ path });
    const script = failSystemCall(1);
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(store.flush(), (error) => TierError.is(error, "STORE_IO"));
      script.stop();
    }
    await store.close();
  });

  test("while preallocating leaves no file behind", async () => {
    const script = failSystemCall(3, { code: "ENOSPC" });
    const store = new FileStore({ path, size: "1MiB", preallocate: true });
    await assert.rejects(store.open(), (error) => {
      script.stop();
      assert.ok(TierError.is(error, "STORE_OPEN"));
      assert.match(error.message, /the disk is full.*\(ENOSPC\)/);
      return true;
    });
    await store.close();
    assert.deepEqual(fs.readdirSync(directory), []);
  });

  test("while preallocating an old file leaves that as it was", async () => {
    fs.writeFileSync(path, makePage(1));
    const script = failSystemCall(3, { code: "ENOSPC" });
    await assert.rejects(new FileStore({ path, size: "1MiB", preallocate: true }).open());
    script.stop();
    assert.deepEqual(new Uint8Array(fs.readFileSync(path)), makePage(1));
    assert.deepEqual(fs.readdirSync(directory), ["swap.img"]);
  });
});

describe("opening", () => {
  const refuses = async (place: string, pattern: RegExp): Promise<void> => {
    const store = new FileStore({ path: place });
    await assert.rejects(store.open(), (error) => {
      assert.ok(TierError.is(error, "STORE_OPEN"), String(error));
      assert.match(error.message, pattern);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
    await store.close();
  };

  test("refuses a directory", () => refuses(directory, /is a directory; name a file in it \(EISDIR\)/));

  test("refuses a path whose directory is missing", () =>
    refuses(join(directory, "no", "swap.img"), /directory does not exist; create it .*\(ENOENT\)/));

  test("refuses a path through a file", async () => {
    fs.writeFileSync(path, "");
    await refuses(join(path, "swap.img"), /a part of its path is not a directory.*\(ENOTDIR\)/);
  });

  test("refuses what is no file", () => refuses("/dev/null", /is not a regular file/));

  test("refuses a path that is in use, also by this process", async () => {
    const holder = await opened({ path });
    await refuses(path, new RegExp(`process ${process.pid} is using it; .*swap.img.lock`));
    fs.symlinkSync(path, join(directory, "link.img"));
    await refuses(join(directory, "link.img"), /is using it/);
    await holder.close();
    assert.deepEqual(fs.readdirSync(directory).sort(), ["link.img", "swap.img"]);
    await (await opened({ path })).close();
  });

  test("takes over the lock of a process that is gone, or of another with its id", async () => {
    for (const content of [`${os.hostname()} 999999999 1 x\n`, `${os.hostname()} ${process.pid} 1 x\n`, ""]) {
      fs.writeFileSync(`${path}.lock`, content);
      if (process.platform !== "linux" && content.includes(String(process.pid))) continue;
      await (await opened({ path })).close();
      assert.deepEqual(fs.readdirSync(directory), ["swap.img"]);
    }
  });

  test("respects the lock of another host", async () => {
    fs.writeFileSync(`${path}.lock`, "elsewhere.example 7 123 x\n");
    await refuses(path, /process 7 on host elsewhere\.example is using it; .*remove .*swap\.img\.lock/);
  });
});

describe("checksums", () => {
  const damage = (slot: number): void => {
    const descriptor = fs.openSync(path, "r+");
    fs.writeSync(descriptor, new Uint8Array([1, 2, 3]), 0, 3, slot * PAGE_SIZE);
    fs.closeSync(descriptor);
  };
  const codes = async (store: FileStore, slots: number[]): Promise<(string | undefined)[]> =>
    (await store.readPages(slots, slots.map(untouchedPage))).map((status) => status?.code);

  test("are kept beside the file, and up as long as they are there", async () => {
    const first = await opened({ path, checksums: true });
    await first.writePages([0, 1, 2, 5000], [1, 2, 3, 4].map(makePage));
    await first.close();
    assert.deepEqual(fs.readdirSync(directory).sort(), ["swap.img", "swap.img.sums"]);
    damage(1);
    const second = await opened({ path }); // It does not say, so it goes on.
    assert.deepEqual(await codes(second, [0, 1, 2, 3, 5000]), [
      undefined,
      "STORE_CORRUPT",
      undefined,
      undefined,
      undefined,
    ]);
    assert.match(
      (await second.readPages([1], [untouchedPage()]))[0]!.message,
      /slot 1 of store file .*swap\.img is not what was written/,
    );
    const { checkedPages, uncheckedPages, corruptPages, failedSlots } = second.counters();
    assert.deepEqual([checkedPages, uncheckedPages, corruptPages, failedSlots], [5, 1, 2, 2]);
    await second.writePages([1], [makePage(9)]);
    await second.close();

    const third = await opened({ path });
    assert.deepEqual(await readPage(third, 1), makePage(9));
    await third.close();
    await (await opened({ path, checksums: false })).close();
    assert.deepEqual(fs.readdirSync(directory), ["swap.img"]);
  });

  test("of a file that has none yet leave its pages unchecked until they are written", async () => {
    fs.writeFileSync(path, makePage(1));
    const store = await opened({ path, checksums: true });
    assert.deepEqual(await readPage(store, 0), makePage(1));
    assert.deepEqual([store.counters().uncheckedPages, store.memoryBytes() > 0], [1, true]);
    await store.close();
  });

  test("tell that somebody shortened the file while it was closed", async () => {
    const before = await opened({ path, checksums: true });
    await before.writePages([0, 7], [makePage(1), makePage(2)]);
    await before.close();
    fs.truncateSync(path, PAGE_SIZE);
    const store = await opened({ path });
    assert.deepEqual(await codes(store, [0, 6, 7]), [undefined, undefined, "STORE_CORRUPT"]);
    await store.close();
  });

  test("forget discarded slots", async () => {
    const before = await opened({ path, checksums: true });
    await before.writePages([0, 1], [makePage(1), makePage(2)]);
    await before.discard([1]);
    await before.close();
    damage(1);
    const store = await opened({ path });
    assert.deepEqual(await codes(store, [0, 1]), [undefined, undefined]);
    await store.close();
  });

  test("that do not fit on the disk fail a flush, and go with the next one", async () => {
    const store = await opened({ path, checksums: true });
    await store.writePages([3], [makePage(3)]);
    const script = fillDisk(0);
    await assert.rejects(
      store.flush(),
      (error) => TierError.is(error, "STORE_NO_SPACE") && /checksums/.test(error.message),
    );
    script.stop();
    await store.flush();
    assert.equal(fs.statSync(`${path}.sums`).size, PAGE_SIZE);
    await store.close();
  });

  test("without a path check what lies in the temporary file", async () => {
    const store = await opened({ checksums: true });
    await store.writePages([3], [makePage(3)]);
    assert.deepEqual(await readPage(store, 3), makePage(3));
    assert.equal(store.counters().checkedPages, 1);
    await store.close();
  });
});

describe("the file plugin", () => {
  const parts = (folder: string) => ({
    clock: realClock,
    scheduler: realScheduler,
    prng: createPrng(1),
    directory: folder,
  });

  test("resolves relative paths against its folder", async () => {
    const store = plugin.create(parts(directory), { path: "swap.img" });
    await store.open();
    assert.ok(fs.existsSync(path));
    await store.close();
  });

  test("describes a node by its own name", () => {
    assert.deepEqual(fileStore({ path: "a", size: "1GiB" }), { use: "file", path: "a", size: "1GiB" });
  });

  test("says what is wrong with an option", async () => {
    const wrong: [object, string, RegExp][] = [
      [{ size: "1gb" }, "size", /Did you mean 1GiB/],
      [{ preallocate: true }, "preallocate", /preallocate needs a size/],
      [{ path: "" }, "path", /./],
    ];
    for (const [settings, key, pattern] of wrong) {
      const result = await plugin.options["~standard"].validate(settings);
      const issue = result.issues?.[0];
      assert.deepEqual(issue?.path, [key]);
      assert.match(issue?.message ?? "", pattern);
    }
    assert.throws(
      () => new FileStore({ preallocate: true }),
      (error) => TierError.is(error, "STORE_BAD_OPTION"),
    );
  });
});
