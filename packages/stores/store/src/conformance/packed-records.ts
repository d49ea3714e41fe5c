import assert from "node:assert/strict";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import type { TestRunner } from "@pagetier/base/testing";
import fc from "fast-check";
import type { RecordStore } from "../store.js";
import { FailingStore } from "./failing-store.js";
import { assertSameBytes, makePage, untouchedPage } from "./pages.js";
import { assertCodes, type FailureScript, type StoreFactory, withStore } from "./subject.js";

/** Pages, made once: no store changes what it is given. */
const pages = new Map<number, Uint8Array>();

function bytesOf(seed: number, length: number): Uint8Array {
  const page = pages.get(seed) ?? makePage(seed);
  pages.set(seed, page);
  return page.slice(0, length);
}

const LENGTHS = [1, 2, 63, 64, 65, 1000, 2047, 2048, 2049, PAGE_SIZE - 1, PAGE_SIZE];

const KEYS = 40;

interface Step {
  readonly keys: number[];
  readonly seed: number;
  readonly length: number;
  readonly act: "put" | "delete";
  readonly waits: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  keys: fc.uniqueArray(fc.nat(KEYS - 1), { minLength: 1, maxLength: 20 }),
  seed: fc.nat(1000),
  length: fc.oneof(fc.nat(200), fc.nat(PAGE_SIZE - 1)),
  act: fc.constantFrom("put", "put", "put", "delete"),
  waits: fc.boolean(),
});

async function expectRecord(records: RecordStore, key: number, bytes: Uint8Array, claim: string): Promise<void> {
  const page = untouchedPage();
  assert.equal(await records.getRecord(key, page), bytes.length, claim);
  assertSameBytes(page.subarray(0, bytes.length), bytes, claim);
}

async function expectModel(records: RecordStore, model: ReadonlyMap<number, Uint8Array>, key: number): Promise<void> {
  const expected = model.get(key);
  if (expected !== undefined) await expectRecord(records, key, expected, "the records agree with a Map");
  else assert.equal(await records.getRecord(key, untouchedPage()), 0, "the records agree with a Map");
}

/** @returns whether the nth operation existed, and so failed */
async function failingScenario(factory: StoreFactory, nth: number): Promise<boolean> {
  const place = await factory();
  const store = place.failAt === undefined ? new FailingStore(place.create()) : place.create();
  await store.open();
  const { records } = store;
  const script = store instanceof FailingStore ? store.failAt(nth) : place.failAt?.(nth);
  assert.ok(script !== undefined);
  /** What each key must hold; `undefined` when a failed put left it open. */
  const model = new Map<number, Uint8Array | undefined>();
  try {
    if (records === undefined) return false;
    for (let round = 0; round < 6; round++) {
      const puts = [...Array(9).keys()].map((key) => ({ key, bytes: bytesOf(key + 100 * round, 3000 + key) }));
      const statuses = await records.putRecords(puts);
      for (const [index, status] of statuses.entries()) {
        assert.ok(status === undefined || script.fired, "a record fails only when the device does");
        model.set(index, status === undefined ? puts[index]!.bytes : undefined);
      }
      if (round % 3 !== 1) continue;
      for (const [key, bytes] of model) await expectUnlessFailed(records, key, bytes, script);
    }
    script.stop();
    for (const [key, bytes] of model) await expectUnlessFailed(records, key, bytes, script);
  } finally {
    script.stop();
    await store.close();
    await place.remove?.();
  }
  return script.fired;
}

async function expectUnlessFailed(
  records: RecordStore,
  key: number,
  bytes: Uint8Array | undefined,
  script: FailureScript,
): Promise<void> {
  const page = untouchedPage();
  let length: number;
  try {
    length = await records.getRecord(key, page);
  } catch (error) {
    assert.ok(TierError.is(error, "STORE_IO") && script.fired, "a read fails only when the device does");
    return;
  }
  if (bytes === undefined) return;
  assert.equal(length, bytes.length, "a record is what its last good put says");
  assertSameBytes(page.subarray(0, length), bytes, "a record is what its last good put says");
}

/** Records, where the store has them. */
export function packedRecords({ describe, test }: TestRunner, factory: StoreFactory): void {
  const onRecords = (body: (records: RecordStore, counter: (name: string) => number) => Promise<void>) => () =>
    withStore(factory, async ({ store }) => {
      if (store.records !== undefined) await body(store.records, (name) => store.counters()[name] ?? Number.NaN);
    });

  describe("records", () => {
    test(
      "come back with their length",
      onRecords(async (records) => {
        const entries = LENGTHS.map((length, index) => ({ key: index * 1_000_003, bytes: bytesOf(index, length) }));
        assertCodes(
          await records.putRecords(entries),
          entries.map(() => undefined),
        );
        for (const { key, bytes } of entries) await expectRecord(records, key, bytes, "a record comes back");
        assert.equal(await records.getRecord(77, untouchedPage()), 0, "an unknown key has no record");
      }),
    );

    test(
      "are replaced by a later put and gone when deleted",
      onRecords(async (records) => {
        for (let round = 0; round < 20; round++) {
          const entries = [1, 2, 3].map((key) => ({ key, bytes: bytesOf(key + round, LENGTHS[(key + round) % 11]!) }));
          await records.putRecords(entries);
          for (const { key, bytes } of entries) await expectRecord(records, key, bytes, "the last put counts");
        }
        await records.deleteRecords([2, 2, 99]);
        assert.equal(await records.getRecord(2, untouchedPage()), 0, "a deleted record is gone");
        await expectRecord(records, 1, bytesOf(20, LENGTHS[20 % 11]!), "deleting one record leaves the others");
      }),
    );

    test(
      "are taken before the call returns",
      onRecords(async (records) => {
        const bytes = bytesOf(5, 300);
        const putting = records.putRecords([{ key: 5, bytes }]);
        bytes.fill(0xee);
        assertCodes(await putting, [undefined]);
        await expectRecord(records, 5, bytesOf(5, 300), "a record may be changed as soon as the call has returned");
      }),
    );

    test(
      "are counted, and what storing them costs",
      onRecords(async (records, counter) => {
        await records.putRecords(LENGTHS.map((length, key) => ({ key, bytes: bytesOf(key, length) })));
        const asked = LENGTHS.reduce((sum, length) => sum + length, 0);
        assert.equal(counter("recordBytesWritten"), asked, "recordBytesWritten is what was asked for");
        assert.ok(counter("deviceBytesWritten") >= 0, "deviceBytesWritten is counted");
      }),
    );

    test(
      "take effect in the order in which calls were made, also when they overlap",
      onRecords(async (records) => {
        const put = (key: number, seed: number, length: number) =>
          records.putRecords([{ key, bytes: bytesOf(seed, length) }]);
        await Promise.all([
          put(1, 10, 700),
          put(1, 11, 300),
          put(2, 20, 500),
          records.deleteRecords([2]),
          put(3, 30, 900),
          records.deleteRecords([3]),
          put(3, 31, 100),
        ]);
        await expectRecord(records, 1, bytesOf(11, 300), "the later put counts");
        assert.equal(await records.getRecord(2, untouchedPage()), 0, "a delete after a put counts");
        await expectRecord(records, 3, bytesOf(31, 100), "a put after a delete counts");
      }),
    );

    test(
      "show those that were put with them, as they are now",
      onRecords(async (records) => {
        await records.putRecords([...Array(12).keys()].map((key) => ({ key, bytes: bytesOf(key, 100 + key) })));
        await records.putRecords([{ key: 6, bytes: bytesOf(66, 50) }]);
        await records.deleteRecords([4]);
        const shown: number[] = [];
        const visit = (key: number, bytes: Uint8Array): void => {
          shown.push(key);
          assertSameBytes(bytes, bytesOf(key, 100 + key), "a neighbour is shown as it is");
        };
        const page = untouchedPage();
        assert.equal(await records.getRecord(5, page, { recordsMax: 4, visit }), 105, "the record itself comes back");
        assertSameBytes(page.subarray(0, 105), bytesOf(5, 105), "the record itself comes back");
        assert.ok(shown.length <= 4, "no more neighbours are shown than were asked for");
        assert.equal(new Set(shown).size, shown.length, "a neighbour is shown once");
        for (const key of [4, 5, 6])
          assert.ok(!shown.includes(key), "neither the record, nor what is gone or elsewhere");
      }),
    );

    test(
      "are all gone when they are cleared",
      onRecords(async (records, counter) => {
        const entries = [...Array(200).keys()].map((key) => ({ key, bytes: bytesOf(key, 1000) }));
        await records.putRecords(entries);
        await records.clearRecords();
        for (const { key } of entries) assert.equal(await records.getRecord(key, untouchedPage()), 0, "it is gone");
        await records.putRecords([{ key: 3, bytes: bytesOf(3, 30) }]);
        await expectRecord(records, 3, bytesOf(3, 30), "and the store goes on");
        assert.equal(counter("recordBytesWritten"), 200_030);
      }),
    );

    test("are found again after a flush, where the store is durable", async () => {
      const place = await factory();
      try {
        const model = new Map<number, number>();
        for (let round = 0; round < 5; round++) {
          const store = place.create();
          await store.open();
          const { records } = store;
          if (!store.durable || records === undefined) return await store.close();
          for (const [key, seed] of model) {
            await expectRecord(records, key, bytesOf(seed, 1 + (seed % PAGE_SIZE)), "what was flushed is there");
          }
          if (round === 3) {
            await records.clearRecords();
            model.clear();
          } else if (round === 4) {
            for (let key = 0; key < 60; key++)
              assert.equal(await records.getRecord(key, untouchedPage()), 0, "it is gone");
          }
          for (let key = round; key < 60; key += round + 1) {
            const seed = 500 * round + key * 7;
            await records.putRecords([{ key, bytes: bytesOf(seed, 1 + (seed % PAGE_SIZE)) }]);
            model.set(key, seed);
          }
          if (round === 3) await records.clearRecords();
          if (round === 3) model.clear();
          await store.flush();
          await store.close();
        }
      } finally {
        await place.remove?.();
      }
    });

    test(
      "keep their room: the store stays as large as its records, however often they are replaced",
      onRecords(async (records, counter) => {
        const keys = [...Array(64).keys()];
        for (let round = 0; round < 40; round++) {
          for (let first = 0; first < keys.length; first += 16) {
            const some = keys.slice(first, first + 16).filter((key) => (key * 7 + round) % 3 !== 0);
            const puts = some.map((key) => ({ key, bytes: bytesOf(key + round, 2000 + key) }));
            assertCodes(
              await records.putRecords(puts),
              puts.map(() => undefined),
            );
          }
        }
        for (const key of keys) {
          let round = 39;
          while ((key * 7 + round) % 3 === 0) round--;
          await expectRecord(records, key, bytesOf(key + round, 2000 + key), "each record is the last that was put");
        }
        assert.ok(counter("deviceBytesWritten") <= 4 * counter("recordBytesWritten"), "what it costs is bounded");
      }),
    );

    test("refuse what has no room, and take it when there is room again", () =>
      withStore(factory, async ({ store }) => {
        const { records, capacity } = store;
        if (records === undefined || !Number.isFinite(capacity) || capacity > 4096) return;
        let held = 0;
        for (let refused = false; !refused && held <= 3 * capacity; ) {
          const statuses = await records.putRecords(
            [...Array(16).keys()].map((key) => ({ key: held + key, bytes: bytesOf(held + key, PAGE_SIZE) })),
          );
          refused = statuses.some((status) => status !== undefined);
          for (const status of statuses) assert.ok(status === undefined || TierError.is(status, "STORE_NO_SPACE"));
          held += statuses.filter((status) => status === undefined).length;
        }
        assert.ok(held >= capacity && held <= 3 * capacity, "records take as many bytes as there are slots");
        for (let key = 0; key < held; key += 17)
          await expectRecord(records, key, bytesOf(key, PAGE_SIZE), "a full store reads");
        await records.deleteRecords([...Array(40).keys()].map((index) => index * 5));
        const puts = [...Array(32).keys()].map((index) => ({ key: index * 5, bytes: bytesOf(index, PAGE_SIZE) }));
        assertCodes(
          await records.putRecords(puts),
          puts.map(() => undefined),
        );
        for (const { key, bytes } of puts) await expectRecord(records, key, bytes, "there is room again");
        for (let key = 1; key < held; key += 15)
          await expectRecord(records, key, bytesOf(key, PAGE_SIZE), "the others stay");
      }));

    test("agree with a Map", () =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: "max" }), (steps) =>
          withStore(factory, async ({ store: { records } }) => {
            if (records === undefined) return;
            const model = new Map<number, Uint8Array>();
            let under: Promise<unknown>[] = [];
            for (const { keys, seed, length, act, waits } of steps) {
              if (act === "put") {
                const puts = keys.map((key) => ({
                  key,
                  bytes: bytesOf(seed + key, 1 + ((length + key * 37) % PAGE_SIZE)),
                }));
                under.push(records.putRecords(puts));
                for (const { key, bytes } of puts) model.set(key, bytes);
              } else if (act === "delete") {
                under.push(records.deleteRecords(keys));
                for (const key of keys) model.delete(key);
              }
              if (!waits) continue;
              await Promise.all(under);
              under = [];
              for (const key of keys) await expectModel(records, model, key);
            }
            await Promise.all(under);
            for (let key = 0; key < KEYS; key++) await expectModel(records, model, key);
          }),
        ),
        { numRuns: 20 },
      ));

    test("a failing operation harms its own records and nothing else", async () => {
      for (let nth = 1; nth < 400; nth++) if (!(await failingScenario(factory, nth))) return;
      assert.fail("the scenario has fewer than 400 operations");
    });

    test("are refused once the store is closed", () =>
      withStore(factory, async ({ store }) => {
        if (store.records === undefined) return;
        await store.close();
        assertCodes(await store.records.putRecords([{ key: 1, bytes: bytesOf(1, 10) }]), ["STORE_CLOSED"]);
        await store.records.deleteRecords([1]);
        await assert.rejects(store.records.getRecord(1, untouchedPage()), (error) =>
          TierError.is(error, "STORE_CLOSED"),
        );
      }));
  });
}
