// What cleancache may see of files, looked at from outside: a backend that keeps every rule of the contract behind the
// registry, and a log of the calls. The traps are those of linux-mm 10.1.

import { PAGE_SIZE } from "@pagetier/base";
import { CleancacheRegistry } from "@pagetier/cleancache";
import { describe, expect, test } from "vitest";
import { fileRig, LoggedCleancache, pageIn, turn, turns } from "./file-rig.js";
import { memoryStore, pageOf, rig } from "./rig.js";

const ALL = 1 << 20;
const same = (got: Uint8Array, expected: Uint8Array): void => expect(Buffer.compare(got, expected)).toBe(0);

describe("the hook is called where Linux calls it", () => {
  test("get just before a read, put when a clean page is dropped, and the copy is exclusive", async () => {
    const { mm, file, store, backend } = await fileRig({ pages: 10 });
    await pageIn(file, 5);
    expect(backend.take()).toEqual(["get 5 miss"]);
    await mm.shrink(ALL);
    expect(backend.take()).toEqual(["put 5"]);
    same(await pageIn(file, 5), pageOf(5));
    expect(backend.take()).toEqual(["get 5 hit"]);
    expect([store.slotsRead, backend.counters().pages]).toEqual([[5], 0]);
    expect(mm.stats().faults.majorFrom).toMatchObject({ pool: 1, store: 1 });
    await mm.shrink(ALL);
    const into = new Uint8Array(PAGE_SIZE);
    expect(file.readNow(5, 0, into)).toBe(true); // Memory can serve it.
    same(into, pageOf(5));
    mm.verify();
    await mm.close();
    expect(backend.take().slice(-2)).toEqual(["invalidate all", "unmount"]);
  });

  test("for each page that is read ahead", async () => {
    const { mm, file, store, backend } = await fileRig({ pages: 10 });
    await pageIn(file, 2);
    await mm.shrink(ALL);
    backend.take();
    await pageIn(file, 0);
    expect(backend.take()).toEqual(["get 0 miss", "get 1 miss", "get 2 hit", "get 3 miss"]);
    expect(store.slotsRead).toEqual([2, 0, 1, 3]);
    for (let page = 0; page < 4; page++) same(await pageIn(file, page), pageOf(page));
    mm.verify();
    await mm.close();
  });

  test("invalidate when a page becomes dirty, once", async () => {
    const { mm, file, backend } = await fileRig({ pages: 10 });
    await pageIn(file, 5);
    backend.take();
    await file.write(5, 0, new Uint8Array([1]));
    await file.write(5, 0, new Uint8Array([2]));
    await file.write(6, 0, pageOf(66));
    expect(backend.take()).toEqual(["invalidate 5", "invalidate 6"]);
    await mm.close();
  });

  test("a dirty page is not put before it is written", async () => {
    const { mm, file, store, backend } = await fileRig({ pages: 10 });
    await file.write(5, 0, pageOf(50));
    backend.take();
    store.hold();
    const shrunk = mm.shrink(ALL);
    await turns(3);
    expect(backend.take()).toEqual([]);
    store.resume();
    await shrunk;
    expect(backend.take()).toEqual(["put 5"]);
    await mm.close();
  });

  test("files that are opened before the backend comes get their pool then (late registration)", async () => {
    const registry = new CleancacheRegistry();
    const { mm } = await rig({ zswap: null, cleancache: registry });
    const file = await mm.openFile(memoryStore(10), { name: "early", size: 10 * PAGE_SIZE });
    await file.write(1, 0, pageOf(1));
    await mm.shrink(ALL);
    const backend = new LoggedCleancache();
    registry.register(backend);
    same(await pageIn(file, 1), pageOf(1));
    await mm.shrink(ALL);
    expect(backend.take()).toEqual(["get 1 miss", "put 1"]);
    same(await pageIn(file, 1), pageOf(1));
    mm.verify();
    await mm.close();
  });
});

describe("coherency", () => {
  test("trap h, put–put–get: the second content or none", async () => {
    for (const cleancachePages of [64, 1]) {
      const { mm, file } = await fileRig({ pages: 10, cleancachePages });
      for (let version = 1; version < 4; version++) {
        for (const page of [4, 7]) await file.write(page, 0, pageOf(version * 100 + page));
        await mm.shrink(ALL);
      }
      for (const page of [4, 7]) same(await pageIn(file, page), pageOf(300 + page));
      await mm.close();
    }
  });

  test("trap i, get–get: what missed once and was changed in the store since is not found again", async () => {
    const { mm, file, store, backend } = await fileRig({ pages: 10, cleancachePages: 1 });
    await pageIn(file, 4);
    await pageIn(file, 8);
    await mm.shrink(ALL); // One of the two was forgotten.
    backend.take();
    const pages = [await pageIn(file, 4), await pageIn(file, 8)];
    expect(backend.take().sort()).toHaveLength(2);
    same(pages[0]!, pageOf(4));
    same(pages[1]!, pageOf(8));
    expect(store.slotsRead).toHaveLength(3);
    await mm.close();
  });

  test("trap g: a put that the backend filters away still drops the older copy", async () => {
    const { mm, file, backend } = await fileRig({ pages: 10, activeOnly: true });
    await pageIn(file, 4);
    await pageIn(file, 4);
    await mm.shrink(ALL);
    expect(backend.counters().pages).toBe(1);
    await file.write(4, 0, pageOf(44)); // Whole: the kept copy is not asked for.
    await mm.shrink(ALL);
    expect(backend.counters().pages).toBe(0);
    same(await pageIn(file, 4), pageOf(44));
    await mm.close();
  });

  test("put–write–get and put–truncate–get miss", async () => {
    const { mm, file, backend } = await fileRig({ pages: 10 });
    for (const page of [1, 2, 3]) await pageIn(file, page);
    await mm.shrink(ALL);
    await file.write(1, 0, pageOf(11));
    await file.truncate(2);
    expect(backend.counters().pages).toBe(0);
    await file.truncate(10);
    same(await pageIn(file, 1), pageOf(11));
    for (const page of [2, 3]) same(await pageIn(file, page), new Uint8Array(PAGE_SIZE));
    await mm.close();
  });

  test("a read that is under way during truncation puts nothing back", async () => {
    const { mm, file, store, backend } = await fileRig({ pages: 10 });
    store.hold();
    const reading = expect(pageIn(file, 8)).rejects.toMatchObject({ code: "MM_BAD_RANGE" });
    await turn();
    const truncated = file.truncate(5);
    store.resume();
    await Promise.all([reading, truncated]);
    await mm.shrink(ALL);
    expect(backend.counters().pages).toBe(0);
    await file.truncate(10);
    same(await pageIn(file, 8), new Uint8Array(PAGE_SIZE));
    await mm.close();
  });

  test("trap j: a file that is opened after another was closed sees nothing of it", async () => {
    const { mm, file, backend } = await fileRig({ pages: 10 });
    await pageIn(file, 4);
    await mm.shrink(ALL);
    await file.close();
    expect(backend.counters().pages).toBe(0);
    const other = await mm.openFile(memoryStore(10), { name: "other", size: 10 * PAGE_SIZE });
    same(await pageIn(other, 4), new Uint8Array(PAGE_SIZE));
    mm.verify();
    await mm.close();
  });

  test("pages on another machine are fetched, and a truncation meanwhile wins", async () => {
    const { mm, file, store, backend } = await fileRig({ pages: 10, remote: true });
    for (const page of [4, 7]) await pageIn(file, page);
    await mm.shrink(ALL);
    backend.reclaim(2);
    const into = new Uint8Array(PAGE_SIZE);
    expect(file.readNow(4, 0, into)).toBe(false);
    same(await pageIn(file, 4), pageOf(4));
    expect(mm.stats().faults.majorFrom.remote).toBe(1);
    expect(store.slotsRead).toHaveLength(2);
    const fetching = expect(pageIn(file, 7)).rejects.toMatchObject({ code: "MM_BAD_RANGE" });
    await Promise.all([file.truncate(6), fetching]);
    await file.truncate(10);
    same(await pageIn(file, 7), new Uint8Array(PAGE_SIZE));
    mm.verify();
    await mm.close();
  });
});
