import assert from "node:assert/strict";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { failuresOf } from "@pagetier/base/testing";
import { describe, test } from "vitest";
import {
  emptyDisk,
  type ReferenceDisk,
  ReferenceStore,
  type ReferenceStoreOptions,
  type StorePlace,
  storeConformance,
  type TestRunner,
  type WriteFate,
  ZEROES,
} from "../src/conformance/index.js";
import {
  type BackingStore,
  isSlot,
  type RecordNeighbours,
  type SlotStatus,
  type StoreRecord,
  sumOf,
} from "../src/index.js";

const REST: SlotStatus = undefined;

storeConformance({ describe, test }, () => {
  const disk = emptyDisk();
  return { create: () => new ReferenceStore(disk) };
});

describe("a store whose device fails", () => {
  storeConformance({ describe, test }, placeOfFailing(ReferenceStore));
});

describe("a store whose device is recorded, fills up, and is checked", () => {
  storeConformance({ describe, test }, placeWithDevice(CheckedStore));
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

/** Checksums of what lies on a disk, kept with it. */
const sumsOf = new WeakMap<object, Map<number, number>>();

class CheckedStore extends ReferenceStore {
  get #sums(): Map<number, number> {
    const sums = sumsOf.get(this.disk.pages) ?? new Map<number, number>();
    sumsOf.set(this.disk.pages, sums);
    return sums;
  }

  protected override writeSlot(slot: number, from: Uint8Array): SlotStatus {
    this.#sums.set(slot, sumOf(from));
    return super.writeSlot(slot, from);
  }

  protected override readSlot(slot: number, into: Uint8Array): SlotStatus {
    const status = super.readSlot(slot, into);
    const sum = this.disk.pages.has(slot) ? this.#sums.get(slot) : undefined;
    if (status !== undefined || sum === undefined || sum === sumOf(into)) return status;
    return new TierError("STORE_CORRUPT", `slot ${slot} is not what was written, says the test.`);
  }
}

/** A place whose device can be recorded, filled and damaged. */
function placeWithDevice(Store: Maker, left?: ReferenceDisk) {
  return (): StorePlace => {
    const disk = left ?? emptyDisk();
    let room = Number.POSITIVE_INFINITY;
    const log: DiskEvent[] = [];
    let recorded: ReferenceDisk | undefined;
    return {
      create: () => new Store(recorded ?? disk, { full: () => --room < 0 }),
      fill: (writes) => {
        room = writes;
        return {
          get fired() {
            return room < 0;
          },
          stop: () => {
            room = Number.POSITIVE_INFINITY;
          },
        };
      },
      corrupt: (slot) => {
        disk.pages.get(slot)![1234]! ^= 4;
      },
      record: () => {
        recorded = recordedDisk(log);
        return {
          events: () => log.length,
          stop: () => undefined,
          cut: (events, fate) => placeWithDevice(Store, diskAfter(log.slice(0, events), fate))(),
        };
      },
    };
  };
}

/** What happened to a disk: a page or record came or went, or everything before is safe. */
type DiskEvent = { readonly of: "pages" | "records"; readonly key: number; readonly bytes?: Uint8Array } | "flushed";

function recordedDisk(log: DiskEvent[]): ReferenceDisk {
  class LoggedMap extends Map<number, Uint8Array> {
    readonly #of: "pages" | "records";

    constructor(of: "pages" | "records") {
      super();
      this.#of = of;
    }

    override set(key: number, bytes: Uint8Array): this {
      log.push({ of: this.#of, key, bytes: bytes.slice() });
      return super.set(key, bytes);
    }

    override delete(key: number): boolean {
      log.push({ of: this.#of, key });
      return super.delete(key);
    }
  }
  return { pages: new LoggedMap("pages"), records: new LoggedMap("records"), flushed: () => log.push("flushed") };
}

function diskAfter(events: readonly DiskEvent[], fate: (event: number) => WriteFate): ReferenceDisk {
  const disk = emptyDisk();
  const safe = events.lastIndexOf("flushed");
  for (const [index, event] of events.entries()) {
    if (event === "flushed") continue;
    const become = index < safe ? "whole" : fate(index);
    if (become === "lost") continue;
    const map = disk[event.of];
    if (event.bytes === undefined) map.delete(event.key);
    else {
      const bytes = event.bytes.slice();
      if (become === "torn") bytes.set((map.get(event.key) ?? ZEROES).subarray(0, bytes.length >> 1));
      map.set(event.key, bytes);
    }
  }
  return disk;
}

/** Stores that break one rule each, under the test that must name the fault. */
const CANARIES: Record<string, { fails: string; Store: Maker; device?: boolean; disk?: boolean }> = {
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
  "keeps what it was lent": {
    fails: "is done with pages that were lent when the call settles",
    Store: class extends ReferenceStore {
      override async writePages(slots: readonly number[], from: readonly Uint8Array[], lent?: boolean) {
        const statuses = await super.writePages(slots, from, lent);
        if (lent === true) for (const [index, slot] of slots.entries()) this.disk.pages.set(slot, from[index]!);
        return statuses;
      }
    },
  },
  "wipes what it was lent": {
    fails: "is done with pages that were lent when the call settles",
    Store: class extends ReferenceStore {
      override async writePages(slots: readonly number[], from: readonly Uint8Array[], lent?: boolean) {
        const statuses = await super.writePages(slots, from, lent);
        if (lent === true) for (const page of from) page.fill(0);
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
  "calls a full device broken": {
    fails: "refuses what has no room, keeps what it has, and takes more when there is room again",
    disk: true,
    Store: class extends ReferenceStore {
      protected override writeSlot(slot: number, from: Uint8Array): SlotStatus {
        const status = super.writeSlot(slot, from);
        return TierError.is(status, "STORE_NO_SPACE") ? new TierError("STORE_IO", "something failed") : status;
      }
    },
  },
  "makes room by forgetting pages": {
    fails: "refuses what has no room, keeps what it has, and takes more when there is room again",
    disk: true,
    Store: class extends ReferenceStore {
      protected override writeSlot(slot: number, from: Uint8Array): SlotStatus {
        const status = super.writeSlot(slot, from);
        if (TierError.is(status, "STORE_NO_SPACE")) this.disk.pages.delete(slot % 10);
        return status;
      }
    },
  },
  "stays full": {
    fails: "refuses what has no room, keeps what it has, and takes more when there is room again",
    disk: true,
    Store: class extends ReferenceStore {
      #status: SlotStatus;
      protected override writeSlot(slot: number, from: Uint8Array): SlotStatus {
        this.#status ??= super.writeSlot(slot, from);
        return this.#status;
      }
    },
  },
  "believes its device": {
    fails: "of a page is that page's error, until it is written again or discarded",
    disk: true,
    Store: ReferenceStore,
  },
  "holds an old checksum against a page that was written again": {
    fails: "of a page is that page's error, until it is written again or discarded",
    disk: true,
    Store: class extends CheckedStore {
      readonly #refused = new Set<number>();
      protected override readSlot(slot: number, into: Uint8Array): SlotStatus {
        const status = super.readSlot(slot, into);
        if (status !== undefined) this.#refused.add(slot);
        return this.#refused.has(slot) ? new TierError("STORE_CORRUPT", "once bad, always bad") : status;
      }
    },
  },
  "acknowledges flushes that it does not do": {
    fails: "leave everything that was flushed, wherever they come",
    disk: true,
    Store: class extends ReferenceStore {
      override async flush(): Promise<void> {
        if (this.closed) throw this.gone();
      }
    },
  },
  "keeps writes to itself until it closes": {
    fails: "leave everything that was flushed, wherever they come",
    disk: true,
    Store: class extends ReferenceStore {
      readonly #kept = new Map<number, Uint8Array>();
      protected override writeSlot(slot: number, from: Uint8Array): SlotStatus {
        const status = this.refuse(slot);
        if (status === undefined) this.#kept.set(slot, from.slice());
        return status;
      }
      protected override readSlot(slot: number, into: Uint8Array): SlotStatus {
        const kept = this.#kept.get(slot);
        if (kept === undefined) return super.readSlot(slot, into);
        into.set(kept);
        return undefined;
      }
      override async discard(slots: readonly number[]): Promise<void> {
        for (const slot of slots) this.#kept.delete(slot);
        await super.discard(slots);
      }
      override async close(): Promise<void> {
        await super.close();
        for (const [slot, bytes] of this.#kept) this.disk.pages.set(slot, bytes);
      }
    },
  },
  "moves pages about without a copy": {
    fails: "leave everything that was flushed, wherever they come",
    disk: true,
    Store: class extends ReferenceStore {
      override async discard(slots: readonly number[]): Promise<void> {
        await super.discard(slots);
        for (const [slot, bytes] of [...this.disk.pages]) {
          this.disk.pages.delete(slot);
          this.disk.pages.set(slot, bytes);
        }
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
  for (const [fault, { fails, Store, device, disk }] of Object.entries(CANARIES)) {
    test(`finds a store that ${fault}`, async () => {
      const kit = (runner: TestRunner) =>
        storeConformance(runner, (disk === true ? placeWithDevice : device === true ? placeOfFailing : placeOf)(Store));
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
