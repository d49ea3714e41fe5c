import assert from "node:assert/strict";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import type { TestRunner } from "@pagetier/base/testing";
import type { RecordStore } from "../store.js";
import { assertSameBytes, makePage, untouchedPage } from "./pages.js";
import { assertCodes, type StoreFactory, withStore } from "./subject.js";

const bytesOf = (key: number, length: number): Uint8Array => makePage(key).slice(0, length);
const LENGTHS = [1, 2, 63, 64, 65, 1000, 2047, 2048, 2049, PAGE_SIZE - 1, PAGE_SIZE];

/** Records, where the store has them. */
export function packedRecords({ describe, test }: TestRunner, factory: StoreFactory): void {
  const onRecords = (body: (records: RecordStore, counter: (name: string) => number) => Promise<void>) => () =>
    withStore(factory, async ({ store }) => {
      if (store.records !== undefined) await body(store.records, (name) => store.counters()[name] ?? Number.NaN);
    });

  const expectRecord = async (records: RecordStore, key: number, bytes: Uint8Array, claim: string): Promise<void> => {
    const page = untouchedPage();
    assert.equal(await records.getRecord(key, page), bytes.length, claim);
    assertSameBytes(page.subarray(0, bytes.length), bytes, claim);
  };

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
