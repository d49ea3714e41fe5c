import assert from "node:assert/strict";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { failuresOf } from "@pagetier/base/testing";
import { describe, test } from "vitest";
import {
  emptyDisk,
  type ReferenceDisk,
  ReferenceStore,
  type ReferenceStoreOptions,
  storeConformance,
  type TestRunner,
} from "../src/conformance/index.js";
import { type BackingStore, isSlot, type RecordNeighbours, type SlotStatus, type StoreRecord } from "../src/index.js";

const REST: SlotStatus = undefined;

storeConformance({ describe, test }, () => {
  const disk = emptyDisk();
  return { create: () => new ReferenceStore(disk) };
});

describe("a store whose device fails", () => {
  storeConformance({ describe, test }, placeOfFailing(ReferenceStore));
});

describe("a store without what is optional", () => {
  class PlainStore extends ReferenceStore {
    override readonly durable: boolean = false;
    override readonly capacity: number = Number.POSITIVE_INFINITY;
    constructor() {
      super(emptyDisk(), { plain: true });
    }
  }
  storeConformance({ describe, test }, () => ({ create: () => new PlainStore() }));
});

type Maker = new (disk: ReferenceDisk, options?: ReferenceStoreOptions) => BackingStore;

function placeOfFailing(Store: Maker) {
  return () => {
    const disk = emptyDisk();
    let left = Number.POSITIVE_INFINITY;
    return {
      create: () => new Store(disk, { failures: () => --left === 0 }),
      failAt: (nth: number) => {
        left = nth;
        return {
          get fired() {
            return left <= 0;
          },
          stop: () => undefined,
        };
      },
    };
  };
}

/** Stores that break one rule each, under the test that must name the fault. */
const CANARIES: Record<string, { fails: string; Store: Maker; device?: boolean }> = {
  "has a type that no recipe can write": {
    fails: "says what it is",
    Store: class extends ReferenceStore {
      override readonly type = "My Store";
    },
  },
  "counts in fractions of nothing": {
    fails: "counts and weighs itself in plain numbers",
    Store: class extends ReferenceStore {
      override counters() {
        return { ratio: 0 / 0 };
      }
    },
  },
  "closes once": {
    fails: "closes twice, also at once",
    Store: class extends ReferenceStore {
      override async close(): Promise<void> {
        assert.ok(!this.closed);
        await super.close();
      }
    },
  },
  "needs to be opened to be closed": {
    fails: "closes without having been opened",
    Store: class extends ReferenceStore {
      #opened = false;
      override async open(): Promise<void> {
        this.#opened = true;
      }
      override async close(): Promise<void> {
        assert.ok(this.#opened);
        await super.close();
      }
    },
  },
  "still reads when it is closed": {
    fails: "refuses every slot once it is closed",
    Store: class extends ReferenceStore {
      override readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
        return this.later(() => slots.map((slot, index) => this.readSlot(slot, into[index]!)));
      }
    },
  },
  "rejects a whole call when it is closed": {
    fails: "refuses every slot once it is closed",
    Store: class extends ReferenceStore {
      override async writePages(slots: readonly number[], from: readonly Uint8Array[]): Promise<SlotStatus[]> {
        if (this.closed) throw this.gone();
        return super.writePages(slots, from);
      }
    },
  },
  "flushes when it is closed": {
    fails: "flushes no more once it is closed, and lets discards pass",
    Store: class extends ReferenceStore {
      override async flush(): Promise<void> {}
    },
  },
  "closes over calls in flight": {
    fails: "closing waits for the calls in flight, which end as if nothing were",
    Store: class extends ReferenceStore {
      override async close(): Promise<void> {
        this.closed = true;
      }
    },
  },
  "aborts calls in flight": {
    fails: "closing waits for the calls in flight, which end as if nothing were",
    Store: class extends ReferenceStore {
      protected override writeSlot(slot: number, from: Uint8Array): SlotStatus {
        return this.closed ? this.gone() : super.writeSlot(slot, from);
      }
    },
  },
  "reads nothing where nothing was written": {
    fails: "reads zeroes where nothing was written",
    Store: class extends ReferenceStore {
      protected override readSlot(slot: number, into: Uint8Array): SlotStatus {
        return this.disk.pages.has(slot) ? super.readSlot(slot, into) : this.refuse(slot);
      }
    },
  },
  "writes a slot once": {
    fails: "gives back what was written last",
    Store: class extends ReferenceStore {
      protected override writeSlot(slot: number, from: Uint8Array): SlotStatus {
        return this.disk.pages.has(slot) ? undefined : super.writeSlot(slot, from);
      }
    },
  },
  "takes every call for one run": {
    fails: "takes slots in any order",
    Store: class extends ReferenceStore {
      override writePages(slots: readonly number[], from: readonly Uint8Array[]): Promise<SlotStatus[]> {
        return super.writePages(
          slots.map((_, index) => slots[0]! + index),
          from,
        );
      }
    },
  },
  "overlooks gaps": {
    fails: "takes long runs, runs with gaps, and nothing at all",
    Store: class extends ReferenceStore {
      protected override writeSlot(slot: number, from: Uint8Array): SlotStatus {
        return super.writeSlot(slot === 92 ? 91 : slot, from);
      }
    },
  },
  "copies pages too late": {
    fails: "takes the bytes before the call returns",
    Store: class extends ReferenceStore {
      override writePages(slots: readonly number[], from: readonly Uint8Array[]): Promise<SlotStatus[]> {
        const { closed } = this;
        return this.later(() =>
          slots.map((slot, index) => (closed ? this.gone() : this.writeSlot(slot, from[index]!))),
        );
      }
    },
  },
  "writes around the page": {
    fails: "moves pages that lie anywhere in a buffer, and no byte beside them",
    Store: class extends ReferenceStore {
      protected override readSlot(slot: number, into: Uint8Array): SlotStatus {
        const status = super.readSlot(slot, into);
        if (into.byteOffset > 0) new Uint8Array(into.buffer)[into.byteOffset - 1]! ^= 1;
        return status;
      }
    },
  },
  "has one buffer for all reads": {
    fails: "lets calls overlap",
    Store: class extends ReferenceStore {
      readonly #buffer = new Uint8Array(PAGE_SIZE);
      override async readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
        if (slots.length !== 1) return super.readPages(slots, into);
        const statuses = await super.readPages(slots, [this.#buffer]);
        await this.later(() => undefined);
        into[0]!.set(this.#buffer);
        return statuses;
      }
    },
  },
  "fails a whole call for a bad slot": {
    fails: "refuses what is no slot, and that alone",
    Store: class extends ReferenceStore {
      override async writePages(slots: readonly number[], from: readonly Uint8Array[]): Promise<SlotStatus[]> {
        const bad = slots.find((slot) => !isSlot(slot, this.capacity));
        return bad === undefined ? super.writePages(slots, from) : slots.map(() => this.refuse(bad));
      }
    },
  },
  "has one slot less than it says": {
    fails: "has as many as it says",
    Store: class extends ReferenceStore {
      protected override refuse(slot: number): SlotStatus {
        return super.refuse(slot === this.capacity - 1 ? slot + 1 : slot);
      }
    },
  },
  "keeps what is discarded": {
    fails: "lets slots read as zeroes, and only those",
    Store: class extends ReferenceStore {
      override async discard(): Promise<void> {}
    },
  },
  "remembers discards for ever": {
    fails: "leaves slots usable",
    Store: class extends ReferenceStore {
      readonly #discarded = new Set<number>();
      override async discard(slots: readonly number[]): Promise<void> {
        for (const slot of slots) this.#discarded.add(slot);
      }
      protected override readSlot(slot: number, into: Uint8Array): SlotStatus {
        if (!this.#discarded.has(slot)) return super.readSlot(slot, into);
        into.fill(0);
        return undefined;
      }
    },
  },
  "refuses to discard what is no slot": {
    fails: "never fails",
    Store: class extends ReferenceStore {
      override async discard(slots: readonly number[]): Promise<void> {
        for (const slot of slots) assert.ok(isSlot(slot, this.capacity));
        await super.discard(slots);
      }
    },
  },
  "reads something else when asked to block": {
    fails: "read what was written the other way",
    Store: class extends ReferenceStore {
      override readonly now = {
        readPageNow: (slot: number, into: Uint8Array): SlotStatus => {
          into.fill(0);
          return this.closed ? this.gone() : this.refuse(slot);
        },
        writePagesNow: (slots: readonly number[], from: readonly Uint8Array[]): SlotStatus[] =>
          slots.map((slot, index) => (this.closed ? this.gone() : this.writeSlot(slot, from[index]!))),
      };
    },
  },
  "loses blocking writes": {
    fails: "write what is read the other way",
    Store: class extends ReferenceStore {
      override readonly now = {
        readPageNow: (slot: number, into: Uint8Array): SlotStatus =>
          this.closed ? this.gone() : this.readSlot(slot, into),
        writePagesNow: (slots: readonly number[]): SlotStatus[] =>
          slots.map((slot) => (this.closed ? this.gone() : this.refuse(slot))),
      };
    },
  },
  "forgets everything": {
    fails: "finds again what was flushed, time after time",
    Store: class extends ReferenceStore {
      constructor() {
        super(emptyDisk());
      }
    },
  },
  "pads records": {
    fails: "come back with their length",
    Store: class extends ReferenceStore {
      protected override putRecords(records: readonly StoreRecord[]): Promise<SlotStatus[]> {
        const padded = records.map(({ key, bytes }) => {
          const longer = new Uint8Array(Math.min(PAGE_SIZE, Math.ceil(bytes.length / 64) * 64));
          longer.set(bytes);
          return { key, bytes: longer };
        });
        return super.putRecords(padded);
      }
    },
  },
  "never deletes a record": {
    fails: "are replaced by a later put and gone when deleted",
    Store: class extends ReferenceStore {
      protected override async deleteRecords(): Promise<void> {}
    },
  },
  "lets an earlier put overtake a later one": {
    fails: "take effect in the order in which calls were made, also when they overlap",
    Store: class extends ReferenceStore {
      #calls = 0;
      protected override async putRecords(records: readonly StoreRecord[]): Promise<SlotStatus[]> {
        const taken = records.map(({ key, bytes }) => ({ key, bytes: bytes.slice() }));
        if (this.#calls++ % 2 === 0) for (let turn = 0; turn < 3; turn++) await this.later(() => undefined);
        return super.putRecords(taken);
      }
    },
  },
  "shows the record itself as its neighbour": {
    fails: "show those that were put with them, as they are now",
    Store: class extends ReferenceStore {
      protected override async getRecord(
        key: number,
        into: Uint8Array,
        neighbours?: RecordNeighbours,
      ): Promise<number> {
        const length = await super.getRecord(key, into, neighbours);
        neighbours?.visit(key, into.subarray(0, length));
        return length;
      }
    },
  },
  "clears nothing": {
    fails: "are all gone when they are cleared",
    Store: class extends ReferenceStore {
      protected override async clearRecords(): Promise<void> {}
    },
  },
  "brings an older record back": {
    fails: "are found again after a flush, where the store is durable",
    Store: class extends ReferenceStore {
      override async close(): Promise<void> {
        const last = [...this.disk.records].at(-1);
        if (last !== undefined) this.disk.records.set(last[0], new Uint8Array(5));
        await super.close();
      }
    },
  },
  "loses other records when one fails": {
    fails: "a failing operation harms its own records and nothing else",
    device: true,
    Store: class extends ReferenceStore {
      protected override async putRecords(records: readonly StoreRecord[]): Promise<SlotStatus[]> {
        const statuses = await super.putRecords(records);
        if (statuses.some((status) => status !== undefined)) this.disk.records.delete(records[5]!.key);
        return statuses;
      }
    },
  },
  "copies records too late": {
    fails: "are taken before the call returns",
    Store: class extends ReferenceStore {
      protected override async putRecords(records: readonly StoreRecord[]): Promise<SlotStatus[]> {
        await this.later(() => undefined);
        return super.putRecords(records);
      }
    },
  },
  "does not count records": {
    fails: "are counted, and what storing them costs",
    Store: class extends ReferenceStore {
      override counters() {
        return { heldPages: 0 };
      }
    },
  },
  "puts records when it is closed": {
    fails: "are refused once the store is closed",
    Store: class extends ReferenceStore {
      protected override async putRecords(records: readonly StoreRecord[]): Promise<SlotStatus[]> {
        return records.map(() => REST);
      }
    },
  },
  "hides that the device failed": {
    fails: "a failing operation harms its own slots and nothing else",
    device: true,
    Store: class extends ReferenceStore {
      override async writePages(slots: readonly number[], from: readonly Uint8Array[]): Promise<SlotStatus[]> {
        const statuses = await super.writePages(slots, from);
        return statuses.map((status) => (TierError.is(status, "STORE_IO") ? undefined : status));
      }
    },
  },
  "loses a neighbour when the device fails": {
    fails: "a failing operation harms its own slots and nothing else",
    device: true,
    Store: class extends ReferenceStore {
      protected override writeSlot(slot: number, from: Uint8Array): SlotStatus {
        const status = super.writeSlot(slot, from);
        if (TierError.is(status, "STORE_IO")) this.disk.pages.delete(slot - 1);
        return status;
      }
    },
  },
  "swallows the word of a failed flush's kind": {
    fails: "a failing operation harms its own slots and nothing else",
    device: true,
    Store: class extends ReferenceStore {
      override async flush(): Promise<void> {
        await super.flush().catch((error: unknown) => {
          throw TierError.is(error, "STORE_IO") ? new Error("oops") : error;
        });
      }
    },
  },
  "mixes up slots now and then": {
    fails: "agrees with a Map",
    Store: class extends ReferenceStore {
      override async discard(slots: readonly number[]): Promise<void> {
        await super.discard(slots.length > 6 ? slots.slice(1) : slots);
      }
    },
  },
};

describe("the kit's own canaries", () => {
  for (const [fault, { fails, Store, device }] of Object.entries(CANARIES)) {
    test(`finds a store that ${fault}`, async () => {
      const kit = (runner: TestRunner) =>
        storeConformance(runner, device === true ? placeOfFailing(Store) : placeOf(Store));
      assert.ok((await failuresOf(kit, fails)).includes(fails), `"${fails}" must fail`);
    });
  }
});

function placeOf(Store: Maker) {
  return () => {
    const disk = emptyDisk();
    return { create: () => new Store(disk) };
  };
}
