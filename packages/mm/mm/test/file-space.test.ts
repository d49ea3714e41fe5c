import { PAGE_SIZE } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { fileRig, pageIn, turn, turns } from "./file-rig.js";
import { memoryStore, pageOf, rig } from "./rig.js";
import { ScriptedStore } from "./scripted-store.js";

const WHOLE = new Uint8Array(PAGE_SIZE);
const same = (got: Uint8Array, expected: Uint8Array): void => expect(Buffer.compare(got, expected)).toBe(0);

describe("a file", () => {
  test("is read through memory, and written back by fsync", async () => {
    const { mm, file, store, frames } = await fileRig();
    expect([file.name, file.pages, file.size]).toEqual(["data", 300, 300 * PAGE_SIZE]);
    expect(file.where(7)).toEqual({ tier: "store", backend: "scripted", bytes: PAGE_SIZE, copyBelow: false });
    for (let page = 0; page < 300; page++) same(await pageIn(file, page), pageOf(page));
    await file.write(7, 100, new Uint8Array([1, 2, 3]));
    expect(file.where(7)).toEqual({ tier: "resident", backend: "", bytes: PAGE_SIZE, copyBelow: false });
    await file.write(299, 0, pageOf(1000));
    mm.verify();
    await file.fsync();
    expect(store.slotsWritten).toEqual([7, 299]);
    const seven = pageOf(7);
    seven.set([1, 2, 3], 100);
    same(await store.peek(7), seven);
    same(await store.peek(299), pageOf(1000));
    expect(file.where(7)).toMatchObject({ tier: "resident", copyBelow: true });
    const { faults, counters, tiers } = mm.stats();
    expect(faults.majorFrom.store).toBeGreaterThan(0);
    expect(counters).toMatchObject({ openFiles: 1, fileWrites: 2, fileWriteClusters: 1, dirtyFilePages: 0 });
    expect(counters.fileReads).toBeGreaterThanOrEqual(300);
    expect(tiers).toContainEqual({ name: "data", kind: "store", pages: 300, frames: 0, bytes: 300 * PAGE_SIZE });
    mm.verify();
    await mm.close();
    expect(frames.used).toBe(0);
  });

  test("refuses what lies outside, and everything once it is closed", async () => {
    const { mm, file } = await fileRig({ pages: 10 });
    const bytes = new Uint8Array(8);
    expect(() => file.readNow(10, 0, bytes)).toThrow(/page 10 lies outside file data, which has 10 pages/);
    await expect(file.read(-1, 0, bytes)).rejects.toMatchObject({ code: "MM_BAD_RANGE" });
    await expect(file.write(0.5, 0, bytes)).rejects.toMatchObject({ code: "MM_BAD_RANGE" });
    expect(() => file.writeNow(0, PAGE_SIZE - 7, bytes)).toThrow(/bytes 4089 to 4097 of page 0/);
    await expect(file.truncate(11)).rejects.toMatchObject({ code: "MM_BAD_RANGE" });
    await file.close();
    await file.close();
    for (const late of [() => file.read(0, 0, bytes), () => file.fsync(), () => file.truncate(1)]) {
      await expect(late()).rejects.toMatchObject({ code: "MM_CLOSED" });
    }
    await expect(mm.openFile(memoryStore(4), { name: "large", size: 5 * PAGE_SIZE })).rejects.toThrow(
      /file large has 20480 bytes, and store memory has room for 16384/,
    );
    await expect(mm.openFile(memoryStore(4), { name: "empty", size: 0 })).rejects.toMatchObject({
      code: "MM_BAD_RANGE",
    });
    await mm.close();
    await expect(mm.openFile(memoryStore(4), { name: "late", size: 1 })).rejects.toMatchObject({ code: "MM_CLOSED" });
  });

  test("readNow and writeNow change and start nothing when they answer false", async () => {
    const { mm, file, store } = await fileRig({ pages: 10 });
    const into = new Uint8Array(16).fill(9);
    expect(file.readNow(3, 0, into)).toBe(false);
    expect([...into]).toEqual(new Array(16).fill(9));
    expect(file.writeNow(3, 0, into)).toBe(false);
    await turns(3);
    expect(store.slotsRead).toEqual([]);
    expect(mm.counters().residentFilePages).toBe(0);
    await file.read(3, 0, into);
    expect(file.readNow(3, 0, into) && file.writeNow(3, 8, into)).toBe(true);
    await mm.close();
    expect(store.slotsWritten).toEqual([3]);
  });

  test("a page that is written whole is not read first", async () => {
    const { mm, file, store } = await fileRig({ pages: 10 });
    expect(file.writeNow(4, 0, pageOf(77))).toBe(true);
    await file.write(5, 0, pageOf(78));
    expect(store.slotsRead).toEqual([]);
    await file.write(6, 1, new Uint8Array([5]));
    expect(store.slotsRead).toEqual([6]);
    same(await pageIn(file, 4), pageOf(77));
    await file.fsync();
    same(await store.peek(5), pageOf(78));
    await mm.close();
  });

  test("accesses that wait for one page share one read, and take effect in their order", async () => {
    const { mm, file, store } = await fileRig({ pages: 10 });
    store.hold();
    const before = pageIn(file, 2);
    const write = file.write(2, 0, new Uint8Array([200]));
    const whole = file.write(2, 0, pageOf(500));
    const after = pageIn(file, 2);
    await turn();
    expect(store.slotsRead).toEqual([2]);
    store.resume();
    same(await before, pageOf(2));
    await Promise.all([write, whole]);
    same(await after, pageOf(500));
    expect(store.slotsRead).toEqual([2]);
    await mm.close();
  });
});

describe("readahead", () => {
  test("doubles its window while pages are read in order, up to what memory can spare", async () => {
    const { mm, file, store } = await fileRig({ pages: 200, memory: 4 << 20 });
    const sizes: number[] = [];
    store.onBegin = (operation, slots) => operation === "read" && sizes.push(slots.length);
    for (let page = 0; page < 150; page++) same(await pageIn(file, page), pageOf(page));
    expect(sizes).toEqual([4, 8, 16, 32, 32, 32, 32]);
    expect(mm.counters()).toMatchObject({ fileReads: 156, readaheadPages: 149, readaheadHits: 143 });
    expect(mm.stats().faults.majorFrom.store).toBe(7);
    await mm.close();
  });

  test("reads one page where there is no order", async () => {
    const { mm, file, store } = await fileRig({ pages: 200 });
    for (const page of [100, 50, 150, 20]) await pageIn(file, page);
    expect(store.slotsRead).toEqual([100, 50, 150, 20]);
    await pageIn(file, 21);
    expect(store.slotsRead.slice(4)).toEqual([21, 22, 23, 24]);
    await mm.close();
  });

  test("an access joins a read ahead; if that fails it reads by itself", async () => {
    const { mm, file, store } = await fileRig({ pages: 50 });
    store.hold();
    const first = pageIn(file, 0);
    await turn();
    const third = pageIn(file, 2);
    await turn();
    expect(store.slotsRead).toEqual([0, 1, 2, 3]);
    store.resume();
    same(await first, pageOf(0));
    same(await third, pageOf(2));
    expect(store.slotsRead).toEqual([0, 1, 2, 3]);

    store.hold();
    store.faultOf = (_count, _operation, slots) => (slots.length > 1 ? "status" : undefined);
    const missing = pageIn(file, 4);
    await turn();
    const joined = pageIn(file, 6);
    await turn();
    store.resume();
    await expect(missing).rejects.toMatchObject({ code: "STORE_IO" });
    same(await joined, pageOf(6));
    store.faultOf = () => undefined;
    same(await pageIn(file, 4), pageOf(4));
    mm.verify();
    await mm.close();
  });

  test("takes no memory that others are short of", async () => {
    const { mm, file, store } = await fileRig({ pages: 50, stores: [] });
    const space = mm.space({ name: "all", size: 1 << 20 });
    let page = 0;
    while (page < space.pages && space.writeNow(page, 0, WHOLE)) page++;
    const sizes: number[] = [];
    store.onBegin = (_operation, slots) => sizes.push(slots.length);
    await pageIn(file, 0).catch(() => undefined);
    for (const size of sizes) expect(size).toBe(1);
    await mm.close();
  });
});

describe("pages that leave memory", () => {
  test("clean ones go to cleancache and are dropped; used ones are marked active", async () => {
    const { mm, file, store, backend } = await fileRig({ pages: 10 });
    await pageIn(file, 3);
    await pageIn(file, 8);
    await pageIn(file, 8);
    backend.take();
    await mm.shrink(1 << 20);
    expect(backend.take().sort()).toEqual(["put 3", "put 8 active"]);
    expect(store.slotsWritten).toEqual([]);
    expect(mm.counters()).toMatchObject({ residentFilePages: 0, cleancachePuts: 2 });
    mm.verify();
    await mm.close();
  });

  test("dirty ones are written first, with their dirty neighbours", async () => {
    const { mm, file, store, backend } = await fileRig({ pages: 100 });
    for (const page of [40, 33, 35, 90]) await file.write(page, 0, pageOf(page + 1000));
    await mm.shrink(1 << 20);
    expect(store.slotsWritten).toEqual([33, 35, 40, 90]);
    expect(mm.counters().residentFilePages).toBe(0);
    expect(backend.take().filter((line) => line.startsWith("put"))).toHaveLength(4);
    for (const page of [40, 33, 35, 90]) same(await pageIn(file, page), pageOf(page + 1000));
    expect(mm.counters().cleancacheHits).toBe(4);
    await mm.close();
  });

  test("a page that is changed while it is written stays, and is written again", async () => {
    const { mm, file, store } = await fileRig({ pages: 10 });
    await file.write(1, 0, pageOf(50));
    await file.write(3, 0, pageOf(52));
    store.hold();
    const shrunk = mm.shrink(1 << 20);
    await turns(3);
    expect(store.waiting).toHaveLength(1);
    expect(file.writeNow(1, 0, pageOf(60))).toBe(true);
    expect(file.readNow(3, 0, WHOLE)).toBe(true); // Readable throughout.
    mm.verify();
    store.letGo(1);
    await turns(1);
    expect(file.where(1).tier).toBe("resident");
    store.resume();
    await shrunk;
    same(await store.peek(1), pageOf(60));
    same(await pageIn(file, 1), pageOf(60));
    mm.verify();
    await mm.close();
  });

  test("anonymous pages and pages of files share one memory", async () => {
    const { mm, file, frames } = await fileRig({ pages: 300 });
    const space = mm.space({ name: "beside", size: 300 * PAGE_SIZE });
    for (let page = 0; page < 300; page++) {
      await space.write(page, 0, pageOf(page + 5000));
      same(await pageIn(file, page), pageOf(page));
      await file.write(page, 0, pageOf(page + 9000));
    }
    for (let page = 0; page < 300; page++) {
      same(await pageIn(file, page), pageOf(page + 9000));
      await space.read(page, 0, WHOLE);
      same(WHOLE, pageOf(page + 5000));
    }
    mm.verify();
    expect(mm.stats().memory.peakBytes).toBeLessThanOrEqual(frames.budgetBytes);
    await mm.close();
    expect(frames.used).toBe(0);
  });
});

describe("dirty pages", () => {
  test("are written in the background from a tenth of memory on", async () => {
    const { mm, file, store } = await fileRig({ pages: 100 });
    for (let page = 0; page < 24; page++) await file.write(page, 0, pageOf(page + 1000));
    await turns(5);
    expect(store.slotsWritten).toEqual([]);
    await file.write(24, 0, pageOf(1024)); // The 25th of 240.
    await turns(5);
    expect(store.slotsWritten.length).toBeGreaterThan(0);
    expect(mm.counters()).toMatchObject({ backgroundWriteRuns: 1, dirtyFilePages: 0 });
    await mm.close();
  });

  test("from a fifth on writers wait", async () => {
    const { mm, file, store } = await fileRig({ pages: 100 });
    await pageIn(file, 99);
    store.hold();
    let page = 0;
    while (page < 99 && file.writeNow(page, 0, pageOf(page + 1000))) page++;
    expect(page).toBe(48);
    expect(file.writeNow(99, 0, new Uint8Array(1))).toBe(false);
    expect(file.writeNow(3, 0, new Uint8Array([7]))).toBe(true); // Dirty already.
    let done = false;
    const write = file.write(60, 0, pageOf(1060)).then(() => {
      done = true;
    });
    await turns(5);
    expect(done).toBe(false);
    store.resume();
    await write;
    expect(mm.counters().fileWritersThrottled).toBe(1);
    expect(file.writeNow(99, 0, new Uint8Array(1))).toBe(true);
    await file.fsync();
    same(await store.peek(60), pageOf(1060));
    await mm.close();
  });

  test("a writer is told when nothing can be written back", async () => {
    const { mm, file, store } = await fileRig({ pages: 100 });
    store.faultOf = (_count, operation) => (operation === "write" ? "status" : undefined);
    let written = 0;
    await expect(
      (async () => {
        for (; written < 100; written++) await file.write(written, 0, pageOf(written + 1000));
      })(),
    ).rejects.toMatchObject({ code: "STORE_IO" });
    store.faultOf = () => undefined;
    for (let page = 0; page < written; page++) same(await pageIn(file, page), pageOf(page + 1000));
    await file.write(written, 0, pageOf(written + 1000));
    mm.verify();
    await file.fsync();
    for (let page = 0; page <= written; page++) same(await store.peek(page), pageOf(page + 1000));
    await mm.close();
  });

  test("fsync waits for older writes and leaves younger changes alone", async () => {
    const { mm, file, store } = await fileRig({ pages: 10 });
    await file.write(1, 0, pageOf(50));
    store.hold();
    const first = file.fsync();
    await turn();
    expect(file.writeNow(1, 0, pageOf(60))).toBe(true);
    const second = file.fsync(); // Must not count the older write as its own.
    await turns(2);
    expect(store.slotsWritten).toEqual([1]);
    store.letGo(1);
    await first;
    await turns(2);
    expect(store.slotsWritten).toEqual([1, 1]);
    expect(file.writeNow(2, 0, pageOf(70))).toBe(true);
    store.resume();
    await second;
    same(await store.peek(1), pageOf(60));
    expect(mm.counters().dirtyFilePages).toBe(1);
    await mm.close();
  });
});

describe("truncate", () => {
  test("takes pages away everywhere, and gives zeroes back", async () => {
    const { mm, file, store, backend } = await fileRig({ pages: 20 });
    for (let page = 0; page < 20; page++) await pageIn(file, page);
    await mm.shrink(1 << 20);
    await file.write(15, 0, pageOf(99));
    await pageIn(file, 3);
    backend.take();
    await file.truncate(10);
    expect(backend.take()).toEqual(["invalidate all", "invalidate all"]);
    expect([file.pages, file.size]).toEqual([10, 10 * PAGE_SIZE]);
    expect(store.slotsDiscarded).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
    expect(() => file.readNow(10, 0, WHOLE)).toThrow(/10 pages/);
    mm.verify();
    await file.truncate(20);
    for (let page = 0; page < 20; page++)
      same(await pageIn(file, page), page < 10 ? pageOf(page) : new Uint8Array(PAGE_SIZE));
    await mm.close();
    expect(store.slotsWritten).toEqual([]);
  });

  test("waits for I/O of the pages it takes; accesses that wait for them are refused", async () => {
    const { mm, file, store } = await fileRig({ pages: 20 });
    await file.write(12, 0, pageOf(99));
    store.hold();
    const sync = file.fsync();
    const read = pageIn(file, 15);
    await turn();
    const order: string[] = [];
    const truncated = file.truncate(5).then(() => order.push("truncated"));
    const grown = file.truncate(20).then(() => order.push("grown"));
    await expect(file.read(15, 0, WHOLE)).rejects.toMatchObject({ code: "MM_BAD_RANGE" });
    const reads = expect(read).rejects.toMatchObject({ code: "MM_BAD_RANGE" });
    await turns(3);
    expect(store.slotsDiscarded).toEqual([]);
    store.resume();
    await Promise.all([sync, truncated, grown, reads]);
    expect(order).toEqual(["truncated", "grown"]);
    expect(store.slotsDiscarded).toHaveLength(15);
    same(await pageIn(file, 12), new Uint8Array(PAGE_SIZE));
    mm.verify();
    await file.fsync();
    same(await store.peek(12), new Uint8Array(PAGE_SIZE));
    await mm.close();
  });

  test("does not grow over what the store would not forget", async () => {
    const { mm, file, store } = await fileRig({ pages: 20 });
    store.faultOf = (_count, operation) => (operation === "discard" ? "reject" : undefined);
    await expect(file.truncate(10)).rejects.toMatchObject({ code: "STORE_IO" });
    expect(file.pages).toBe(10);
    await expect(file.truncate(20)).rejects.toMatchObject({ code: "STORE_IO" });
    expect(file.pages).toBe(10);
    store.faultOf = () => undefined;
    await file.truncate(20);
    same(await pageIn(file, 15), new Uint8Array(PAGE_SIZE));
    await mm.close();
  });
});

describe("failures", () => {
  test("a failed read rejects that access, and the next one tries again", async () => {
    for (const fault of ["status", "reject"] as const) {
      const { mm, file, store } = await fileRig({ pages: 10 });
      store.faultOf = (count) => (count === 1 ? fault : undefined);
      await expect(pageIn(file, 4)).rejects.toMatchObject({ code: "STORE_IO" });
      mm.verify();
      same(await pageIn(file, 4), pageOf(4));
      expect(mm.counters().fileReadErrors).toBe(1);
      await mm.close();
    }
  });

  test("a whole page is written although the read it waited for failed", async () => {
    const { mm, file, store } = await fileRig({ pages: 10 });
    store.hold();
    store.faultOf = (count) => (count === 1 ? "status" : undefined);
    const read = expect(pageIn(file, 4)).rejects.toMatchObject({ code: "STORE_IO" });
    await turn();
    const write = file.write(4, 0, pageOf(80));
    store.resume();
    await Promise.all([read, write]);
    same(await pageIn(file, 4), pageOf(80));
    await mm.close();
  });

  test("a page whose write-back failed stays, and fsync says so", async () => {
    for (const fault of ["status", "reject"] as const) {
      const { mm, file, store } = await fileRig({ pages: 10 });
      await file.write(1, 0, pageOf(50));
      store.faultOf = () => fault;
      await expect(file.fsync()).rejects.toMatchObject({ code: "STORE_IO" });
      await mm.shrink(1 << 20);
      expect(file.where(1)).toMatchObject({ tier: "resident", copyBelow: false });
      expect(mm.counters().fileWriteErrors).toBeGreaterThan(1);
      mm.verify();
      store.faultOf = () => undefined;
      await file.fsync();
      same(await store.peek(1), pageOf(50));
      store.flushFails = true;
      await expect(file.fsync()).rejects.toMatchObject({ code: "STORE_IO" });
      store.flushFails = false;
      await mm.close();
    }
  });

  test("a file that cannot be written back stays open, unless what it has is discarded", async () => {
    const { mm, file, store } = await fileRig({ pages: 10 });
    await file.write(1, 0, pageOf(50));
    store.faultOf = () => "status";
    await expect(file.close()).rejects.toMatchObject({ code: "STORE_IO" });
    same(await pageIn(file, 1), pageOf(50));
    store.faultOf = () => undefined;
    await file.close();
    const again = new ScriptedStore({ isFile: true });
    const other = await mm.openFile(again, { name: "other", size: 100 });
    expect([other.pages, other.size]).toEqual([1, 100]);
    await other.write(0, 0, pageOf(1));
    await other.close({ discard: true });
    expect(again.slotsWritten).toEqual([]);
    await mm.close();
  });

  test("a stack that cannot write a file back closes everything, and says so", async () => {
    const { mm, file, store, frames } = await fileRig({ pages: 10 });
    await file.write(1, 0, pageOf(50));
    store.faultOf = () => "status";
    await expect(mm.close()).rejects.toMatchObject({ code: "STORE_IO" });
    expect(frames.used).toBe(0);
    await expect(file.read(0, 0, WHOLE)).rejects.toMatchObject({ code: "MM_CLOSED" });
  });

  test("a store that does not open leaves nothing behind", async () => {
    const { mm, frames } = await rig();
    const before = frames.chargedBytes;
    const broken = Object.assign(memoryStore(4), { open: () => Promise.reject(new Error("no")) });
    await expect(mm.openFile(broken, { name: "broken", size: 1 })).rejects.toThrow("no");
    expect([frames.chargedBytes, mm.counters().openFiles]).toEqual([before, 0]);
    await mm.close();
  });
});
