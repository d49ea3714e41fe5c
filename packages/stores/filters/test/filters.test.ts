import assert from "node:assert/strict";
import { createPrng, PAGE_SIZE, TierError } from "@pagetier/base";
import { ManualScheduler } from "@pagetier/base/testing";
import type { BackingStore, SlotStatus, StoreParts } from "@pagetier/store";
import { emptyDisk, makePage, ReferenceStore, untouchedPage } from "@pagetier/store/conformance";
import { MemoryStore } from "@pagetier/store-memory";
import { describe, test } from "vitest";
import { plugin as checksumPlugin } from "../src/checksum.js";
import { plugin as delayPlugin } from "../src/delay.js";
import { plugin as errorPlugin } from "../src/error.js";
import {
  ChecksumStore,
  checksum,
  DelayStore,
  delay,
  type ErrorOptions,
  ErrorStore,
  errors,
  StatsStore,
  stats,
  ThrottleStore,
  throttle,
} from "../src/index.js";
import { plugin as statsPlugin } from "../src/stats.js";
import { plugin as throttlePlugin } from "../src/throttle.js";

const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);
const codes = (statuses: readonly SlotStatus[]) => statuses.map((status) => status?.code);
const write = (store: BackingStore, slots: number[]) => store.writePages(slots, slots.map(makePage));
const read = (store: BackingStore, slots: number[]) => store.readPages(slots, slots.map(untouchedPage));

async function memory(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.open();
  return store;
}

describe("DelayStore", () => {
  test("holds answers back by a time per call and per page", async () => {
    const scheduler = new ManualScheduler();
    const store = new DelayStore(await memory(), scheduler, { readUs: 80, readPageUs: 2, writeUs: 30 });
    const ended: string[] = [];
    const calls = [
      read(store, [1, 2, 3]).then(() => ended.push("read")),
      write(store, [4, 5]).then(() => ended.push("write")),
    ];
    await scheduler.advance(29_999);
    assert.deepEqual(ended, []);
    await scheduler.advance(1);
    assert.deepEqual(ended, ["write"]);
    await scheduler.advance(55_999);
    assert.deepEqual(ended, ["write"]);
    await scheduler.advance(1);
    assert.deepEqual(ended, ["write", "read"]);
    await Promise.all(calls);
    assert.equal(store.counters().delayUs, 116);
    await store.close();
  });

  test("closes when what it holds back is out", async () => {
    const scheduler = new ManualScheduler();
    const store = new DelayStore(await memory(), scheduler, { writeUs: 10 });
    let closed = false;
    const writing = write(store, [0]);
    await scheduler.advance(0);
    const closing = store.close().then(() => {
      closed = true;
    });
    await scheduler.advance(9_999);
    assert.equal(closed, false);
    await scheduler.advance(1);
    assert.deepEqual(codes(await writing), [undefined]);
    await closing;
  });

  test("has no blocking calls, since it cannot wait in them", async () => {
    assert.equal(new DelayStore(await memory(), new ManualScheduler()).now, undefined);
  });
});

describe("ErrorStore", () => {
  const failing = async (options: ErrorOptions) => new ErrorStore(await memory(), createPrng(7), options);

  test("fails the nth operation and leaves the rest of its call", async () => {
    const store = await failing({ on: "write", nth: 3 });
    assert.deepEqual(codes(await write(store, range(0, 5))), [undefined, undefined, "STORE_IO", undefined, undefined]);
    assert.deepEqual(
      codes(await write(store, range(0, 5))),
      range(0, 5).map(() => undefined),
    );
    assert.equal(store.counters().errorFailures, 1);
    assert.equal(store.counters().writtenPages, 9);
  });

  test("fails from the nth operation on, as a full disk does", async () => {
    const store = await failing({ on: "write", nth: 3, times: "always", code: "STORE_NO_SPACE" });
    const full = "STORE_NO_SPACE";
    assert.deepEqual(codes(await write(store, range(0, 4))), [undefined, undefined, full, full]);
    assert.deepEqual(codes(await write(store, [0])), [full]);
    assert.deepEqual(codes(await read(store, [0, 1])), [undefined, undefined]);
  });

  test("fails every kth operation, whole calls if asked to", async () => {
    const store = await failing({ on: "read", every: 3, scope: "call" });
    assert.deepEqual(codes(await read(store, [0, 1])), [undefined, undefined]);
    assert.deepEqual(codes(await read(store, [0, 1])), ["STORE_IO", "STORE_IO"]);
  });

  test("fails by chance, the same way for the same seed", async () => {
    const runs = await Promise.all(
      [0, 1].map(async () => codes(await write(await failing({ probability: 0.25 }), range(0, 400)))),
    );
    assert.deepEqual(runs[0], runs[1]);
    const failures = runs[0]!.filter((code) => code !== undefined).length;
    assert.ok(failures > 50 && failures < 150, `a quarter of 400, got ${failures}`);
  });

  test("fails flushes and blocking calls", async () => {
    const store = await failing({ on: "flush", nth: 1 });
    await assert.rejects(store.flush(), (error) => TierError.is(error, "STORE_IO"));
    await store.flush();
    const blocking = await failing({ on: "any", nth: 2, times: 2 });
    assert.deepEqual(codes(blocking.now!.writePagesNow([1, 2], [makePage(1), makePage(2)])), [undefined, "STORE_IO"]);
    assert.equal(blocking.now!.readPageNow(1, untouchedPage())?.code, "STORE_IO");
    assert.equal(blocking.now!.readPageNow(1, untouchedPage()), undefined);
  });

  test("fails records", async () => {
    const store = new ErrorStore(new ReferenceStore(), createPrng(1), { every: 2 });
    const records = range(0, 2).map((key) => ({ key, bytes: makePage(key) }));
    assert.deepEqual(codes(await store.records!.putRecords(records)), [undefined, "STORE_IO"]);
    assert.equal(await store.records!.getRecord(0, untouchedPage()), PAGE_SIZE);
    await assert.rejects(store.records!.getRecord(0, untouchedPage()), (error) => TierError.is(error, "STORE_IO"));
  });

  test("wants to know which operations", async () => {
    for (const options of [{}, { nth: 1, every: 2 }]) {
      await assert.rejects(failing(options), (error) => TierError.is(error, "STORE_BAD_OPTION"));
      const result = await errorPlugin.options["~standard"].validate(options);
      assert.match(result.issues?.[0]?.message ?? "", /one of nth, every and probability/);
    }
  });
});

describe("ChecksumStore", () => {
  test("finds a page that changed on its way or beneath", async () => {
    const store = new ChecksumStore(
      new ErrorStore(await memory(), createPrng(3), { on: "write", nth: 2, effect: "flip" }),
    );
    assert.deepEqual(codes(await write(store, [5, 6, 7])), [undefined, undefined, undefined]);
    const statuses = await read(store, [5, 6, 7]);
    assert.deepEqual(codes(statuses), [undefined, "STORE_CORRUPT", undefined]);
    assert.match(statuses[1]!.message, /slot 6 of store error is not what was written/);
    assert.equal(store.now!.readPageNow(6, untouchedPage())?.code, "STORE_CORRUPT");
    assert.equal(store.counters().checksumMismatches, 2);
    assert.deepEqual(codes(await write(store, [6])), [undefined]);
    assert.deepEqual(codes(await read(store, [6])), [undefined]);
  });

  test("does not hold a failed write against a slot", async () => {
    const store = new ChecksumStore(new ErrorStore(await memory(), createPrng(3), { on: "write", nth: 2 }));
    assert.deepEqual(codes(await write(store, [5, 6])), [undefined, "STORE_IO"]);
    assert.deepEqual(codes(await read(store, [5, 6])), [undefined, undefined]);
    assert.equal(store.counters().checksumUnchecked, 1);
  });

  test("does not know what was there before", async () => {
    const disk = emptyDisk();
    disk.pages.set(3, makePage(3));
    const store = new ChecksumStore(new ReferenceStore(disk));
    assert.deepEqual(codes(await read(store, [3])), [undefined]);
    assert.equal(store.counters().checksumUnchecked, 1);
  });

  test("finds a record that changed", async () => {
    const disk = emptyDisk();
    const store = new ChecksumStore(new ReferenceStore(disk));
    await store.records!.putRecords([{ key: 9, bytes: makePage(9).slice(0, 100) }]);
    disk.records.get(9)![50]! ^= 1;
    await assert.rejects(store.records!.getRecord(9, untouchedPage()), (error) => TierError.is(error, "STORE_CORRUPT"));
  });
});

describe("StatsStore", () => {
  test("counts what passes, and how long it took", async () => {
    const scheduler = new ManualScheduler();
    const slow = new DelayStore(await memory(), scheduler, { readUs: 80, writeUs: 30, flushUs: 7 });
    const store = new StatsStore(new ErrorStore(slow, createPrng(1), { on: "read", nth: 2 }), scheduler.clock);
    const calls = [write(store, [0, 1, 2, 5, 7, 8]), read(store, [0, 1, 9]), store.flush(), store.discard([1, 2])];
    await scheduler.advance(100_000);
    await Promise.all(calls);
    const { statsWriteCalls, statsWritePages, statsWriteClusters, statsWriteBytes, statsWriteNs, ...rest } =
      store.counters();
    assert.deepEqual(
      [statsWriteCalls, statsWritePages, statsWriteClusters, statsWriteBytes, statsWriteNs],
      [1, 6, 3, 24_576, 30_000],
    );
    assert.deepEqual(
      [rest.statsReadCalls, rest.statsReadPages, rest.statsReadClusters, rest.statsReadErrors, rest.statsReadNs],
      [1, 2, 2, 1, 80_000],
    );
    assert.deepEqual([rest.statsFlushes, rest.statsFlushNs, rest.statsDiscardedSlots], [1, 7_000, 2]);
    await store.close();
  });

  test("counts blocking calls, failed flushes and records", async () => {
    const store = new StatsStore(
      new ErrorStore(await memory(), createPrng(1), { on: "flush", nth: 1 }),
      new ManualScheduler().clock,
    );
    store.now!.writePagesNow([3, 4], [makePage(3), makePage(4)]);
    store.now!.readPageNow(3, untouchedPage());
    await assert.rejects(store.flush());
    const counters = store.counters();
    assert.deepEqual(
      [counters.statsWritePages, counters.statsReadPages, counters.statsFlushErrors, counters.heldPages],
      [2, 1, 1, 2],
    );
    const packed = new StatsStore(new ReferenceStore(), new ManualScheduler().clock);
    await packed.records!.putRecords([{ key: 1, bytes: makePage(1).slice(0, 70) }]);
    await packed.records!.getRecord(1, untouchedPage());
    await packed.records!.deleteRecords([1]);
    const { statsRecordsPut, statsRecordBytesPut, statsRecordBytesGot, statsRecordsDeleted } = packed.counters();
    assert.deepEqual([statsRecordsPut, statsRecordBytesPut, statsRecordBytesGot, statsRecordsDeleted], [1, 70, 70, 1]);
  });
});

describe("ThrottleStore", () => {
  test("holds writes back to its rate, one after the other, and lets reads pass", async () => {
    const scheduler = new ManualScheduler();
    const store = new ThrottleStore(await memory(), scheduler, { pagesPerSecond: 1000 });
    const ended: string[] = [];
    const calls = [
      write(store, [0, 1]).then(() => ended.push("two")),
      write(store, [2]).then(() => ended.push("one")),
      read(store, [0, 1, 2]).then(() => ended.push("read")),
    ];
    await scheduler.advance(1_999_999);
    assert.deepEqual(ended, ["read"]);
    await scheduler.advance(1);
    assert.deepEqual(ended, ["read", "two"]);
    await scheduler.advance(1_000_000);
    assert.deepEqual(ended, ["read", "two", "one"]);
    await Promise.all(calls);
    assert.equal(store.now, undefined);
    assert.equal(store.counters().throttleWaitedNs, 5_000_000);
    await store.close();
  });

  test("refuses writes beyond its total", async () => {
    const store = new ThrottleStore(await memory(), new ManualScheduler(), { totalPages: 3 });
    assert.deepEqual(codes(await write(store, [0, 1])), [undefined, undefined]);
    const statuses = await write(store, [-1, 5, 6]);
    assert.deepEqual(codes(statuses), ["STORE_BAD_SLOT", undefined, "STORE_NO_SPACE"]);
    assert.match(statuses[2]!.message, /slot 6 of store memory is beyond its write budget of 3 pages/);
    assert.deepEqual(codes(store.now!.writePagesNow([0], [makePage(0)])), ["STORE_NO_SPACE"]);
    assert.deepEqual(codes(await read(store, [5])), [undefined]);
    assert.equal(store.counters().throttleRefusedSlots, 2);
  });

  test("counts records as parts of a page", async () => {
    const store = new ThrottleStore(new ReferenceStore(), new ManualScheduler(), { totalPages: 1 });
    const records = range(0, 3).map((key) => ({ key, bytes: makePage(key).slice(0, PAGE_SIZE / 2) }));
    assert.deepEqual(codes(await store.records!.putRecords(records)), [undefined, undefined, "STORE_NO_SPACE"]);
  });
});

describe("the plugins", () => {
  test("describe nodes with a next", () => {
    const next = { use: "memory" };
    assert.deepEqual(
      [
        delay({ readUs: 1, next }),
        errors({ nth: 1, next: "memory" }),
        stats({ next }),
        throttle({ totalPages: 1, next }),
        checksum({ next }),
      ],
      [
        { use: "delay", readUs: 1, next },
        { use: "error", nth: 1, next: "memory" },
        { use: "stats", next },
        { use: "throttle", totalPages: 1, next },
        { use: "checksum", next },
      ],
    );
  });

  test("make stores from their parts, or say that next is missing", async () => {
    const scheduler = new ManualScheduler();
    const next = await memory();
    const parts: StoreParts = { clock: scheduler.clock, scheduler, prng: createPrng(1), directory: "/", next };
    const cases: [string, (parts: StoreParts) => BackingStore][] = [
      ["delay", (given) => delayPlugin.create(given, { readUs: 1 })],
      ["error", (given) => errorPlugin.create(given, { nth: 1 })],
      ["stats", (given) => statsPlugin.create(given, {})],
      ["throttle", (given) => throttlePlugin.create(given, {})],
      ["checksum", (given) => checksumPlugin.create(given, {})],
    ];
    for (const [name, create] of cases) {
      assert.equal(create(parts).type, name);
      assert.throws(
        () => create({ ...parts, next: undefined }),
        (error) => TierError.is(error, "STORE_BAD_OPTION") && error.message.includes(name),
      );
    }
    for (const plugin of [delayPlugin, errorPlugin, statsPlugin, throttlePlugin, checksumPlugin]) {
      assert.deepEqual(plugin.positions, { next: { family: "store" } });
      const result = await plugin.options["~standard"].validate({ speed: 1 });
      assert.match(result.issues?.[0]?.message ?? "", /speed/);
    }
  });
});
