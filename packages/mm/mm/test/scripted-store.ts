// A store for tests: it fails when told to, waits until told otherwise, and watches that its caller keeps the contract.

import assert from "node:assert/strict";
import { type Counters, PAGE_SIZE, TierError } from "@pagetier/base";
import type { BackingStore, NowStore, RecordNeighbours, RecordStore, SlotStatus, StoreRecord } from "@pagetier/store";
import { MemoryStore } from "@pagetier/store-memory";

export type Operation = "read" | "write" | "discard";

/** What happens to an operation: `"status"` fails its slots, `"reject"` its call. */
export type Fault = "status" | "reject" | undefined;

export interface ScriptedStoreOptions {
  /** Slots; default: as many as wanted. */
  readonly pages?: number;
  /** Whether it is a file, all of whose slots are used. A swap store's slot 0 never is. Default `false`. */
  readonly isFile?: boolean;
}

interface Waiting {
  readonly operation: Operation;
  readonly slots: readonly number[];
  go(): void;
}

export class ScriptedStore implements BackingStore, NowStore {
  readonly type = "scripted";
  readonly durable = false;
  readonly now: NowStore = this;
  readonly records: RecordStore = {
    putRecords: (list) => this.#putRecords(list),
    getRecord: (key, into, neighbours) => this.#getRecord(key, into, neighbours),
    deleteRecords: (keys) => this.#deleteRecords(keys),
    clearRecords: () => this.#next.records.clearRecords(),
  };
  /** Asked about each operation, which are counted from 1. */
  faultOf: (count: number, operation: Operation, slots: readonly number[]) => Fault = () => undefined;
  /** Turns of the event loop that an operation takes. */
  turnsOf: (operation: Operation) => number = () => 0;
  /** Called when an operation begins. */
  onBegin: ((operation: Operation, slots: readonly number[]) => void) | undefined;
  /** Operations so far. */
  operations = 0;
  readonly slotsRead: number[] = [];
  readonly slotsWritten: number[] = [];
  /** Of each call to write pages: whether they were lent. */
  readonly callsLent: boolean[] = [];
  readonly slotsDiscarded: number[] = [];
  readonly recordsRead: number[] = [];
  readonly recordsWritten: number[] = [];
  /** Makes the next flush fail. */
  flushFails = false;
  readonly #firstSlot: number;
  readonly #next: MemoryStore;
  readonly #busy = new Set<number>();
  #opened = false;
  #held = false;
  #waiting: Waiting[] = [];

  constructor(options: ScriptedStoreOptions = {}) {
    this.#firstSlot = options.isFile === true ? 0 : 1;
    this.#next = new MemoryStore({ size: options.pages === undefined ? "auto" : options.pages * PAGE_SIZE });
  }

  get capacity(): number {
    assert.ok(this.#opened, "a store's capacity is asked for when it is open");
    return this.#next.capacity;
  }

  memoryBytes(): number {
    return 0;
  }

  async open(): Promise<void> {
    await this.#next.open();
    this.#opened = true;
  }

  /** From now on operations wait for {@link letGo} or {@link resume}. */
  hold(): void {
    this.#held = true;
  }

  resume(): void {
    this.#held = false;
    this.letGo(Number.POSITIVE_INFINITY);
  }

  /** Lets the oldest waiting operations happen. @returns how many there were */
  letGo(operations: number): number {
    const going = this.#waiting.splice(0, operations);
    for (const each of going) each.go();
    return going.length;
  }

  /** Operations that wait. */
  get waiting(): readonly Pick<Waiting, "operation" | "slots">[] {
    return this.#waiting;
  }

  /** What the device holds. */
  async peek(slot: number): Promise<Uint8Array> {
    const page = new Uint8Array(PAGE_SIZE);
    await this.#next.readPages([slot], [page]);
    return page;
  }

  async readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    this.slotsRead.push(...slots);
    return this.#run("read", slots, () => this.#next.readPages(slots, into));
  }

  async writePages(slots: readonly number[], from: readonly Uint8Array[], lent = false): Promise<SlotStatus[]> {
    this.slotsWritten.push(...slots);
    this.callsLent.push(lent);
    const pages = from.map((page) => page.slice()); // The bytes are taken before the call returns.
    return this.#run("write", slots, () => {
      const isKept = (page: Uint8Array, index: number): boolean => Buffer.compare(page, pages[index]!) === 0;
      if (lent) assert.ok(from.every(isKept), "pages that are lent stay as they are");
      return this.#next.writePages(slots, pages);
    });
  }

  readPageNow(slot: number, into: Uint8Array): SlotStatus {
    this.slotsRead.push(slot);
    return this.#runNow("read", [slot], () => [this.#next.readPageNow(slot, into)])[0];
  }

  writePagesNow(slots: readonly number[], from: readonly Uint8Array[]): SlotStatus[] {
    this.slotsWritten.push(...slots);
    return this.#runNow("write", slots, () => this.#next.writePagesNow(slots, from));
  }

  async discard(slots: readonly number[]): Promise<void> {
    this.slotsDiscarded.push(...slots);
    await this.#run("discard", slots, async () => {
      await this.#next.discard(slots);
      return [];
    });
  }

  async flush(): Promise<void> {
    if (this.flushFails) throw new TierError("STORE_IO", "scripted failure of a flush");
    await this.#next.flush();
  }

  async close(): Promise<void> {
    assert.equal(this.#busy.size, 0, "nothing is in flight when the stack closes its stores");
    await this.#next.close();
  }

  counters(): Counters {
    return this.#next.counters();
  }

  async #putRecords(list: readonly StoreRecord[]): Promise<SlotStatus[]> {
    const keys = list.map(({ key }) => key);
    const taken = list.map(({ key, bytes }) => ({ key, bytes: bytes.slice() }));
    this.recordsWritten.push(...keys);
    return this.#run("write", keys.map(recordId), () => this.#next.records.putRecords(taken));
  }

  async #getRecord(key: number, into: Uint8Array, neighbours?: RecordNeighbours): Promise<number> {
    let length = 0;
    this.recordsRead.push(key);
    const statuses = await this.#run("read", [recordId(key)], async () => {
      length = await this.#next.records.getRecord(key, into, neighbours);
      return [undefined];
    });
    if (statuses[0] !== undefined) throw statuses[0];
    return length;
  }

  async #deleteRecords(keys: readonly number[]): Promise<void> {
    await this.#run("discard", keys.map(recordId), async () => {
      await this.#next.records.deleteRecords(keys);
      return [];
    });
  }

  async #run(operation: Operation, slots: readonly number[], act: () => Promise<SlotStatus[]>): Promise<SlotStatus[]> {
    const fault = this.#begin(operation, slots);
    try {
      if (this.#held) await new Promise<void>((go) => this.#waiting.push({ operation, slots, go }));
      for (let turns = this.turnsOf(operation); turns > 0; turns--) await new Promise((go) => setImmediate(go));
      if (fault === "reject") throw new Error(`scripted rejection of a ${operation}`);
      if (fault === "status") return slots.map((slot) => scripted(operation, slot));
      return await act();
    } finally {
      for (const slot of slots) this.#busy.delete(slot);
    }
  }

  #runNow(operation: Operation, slots: readonly number[], act: () => SlotStatus[]): SlotStatus[] {
    const fault = this.#begin(operation, slots);
    for (const slot of slots) this.#busy.delete(slot);
    return fault === undefined ? act() : slots.map((slot) => scripted(operation, slot));
  }

  #begin(operation: Operation, slots: readonly number[]): Fault {
    this.onBegin?.(operation, slots);
    for (const slot of slots) {
      assert.ok(!this.#busy.has(slot), `a ${operation} of slot ${slot} overlaps nothing else on that slot`);
      assert.ok(slot >= this.#firstSlot, "slot 0 of a swap store is never used");
      this.#busy.add(slot);
    }
    return this.faultOf(++this.operations, operation, slots);
  }
}

/** Records are no slots: one may be busy while the slot of its number is. */
function recordId(key: number): number {
  return key + 2 ** 40;
}

function scripted(operation: Operation, slot: number): TierError {
  return new TierError("STORE_IO", `scripted failure of a ${operation} of slot ${slot}`, { slot });
}
