import { type Counters, TierError } from "@pagetier/base";
import { sameStatus } from "../slots.js";
import type { BackingStore, RecordStore, SlotStatus } from "../store.js";
import type { FailureScript } from "./subject.js";

/**
 * A store above another that fails one operation and passes on all others. A page or record read, one written and a
 * flush are an operation each; what fails does not reach the store beneath.
 */
export class FailingStore implements BackingStore {
  readonly type: string;
  readonly durable: boolean;
  readonly capacity: number;
  readonly #next: BackingStore;
  #left = Number.POSITIVE_INFINITY;
  #room = Number.POSITIVE_INFINITY;

  constructor(next: BackingStore) {
    this.#next = next;
    this.type = next.type;
    this.durable = next.durable;
    this.capacity = next.capacity;
  }

  get records(): RecordStore | undefined {
    const { records } = this.#next;
    if (records === undefined) return undefined;
    return {
      putRecords: (list) => {
        const keys = list.map(({ key }) => key);
        const bytes = list.map((record) => record.bytes);
        return this.#pass(keys, bytes, (passed, from) =>
          records.putRecords(passed.map((key, index) => ({ key, bytes: from[index]! }))),
        );
      },
      getRecord: async (key, into, neighbours) => {
        if (--this.#left === 0) throw new TierError("STORE_IO", `record ${key} fails, says the test.`);
        return records.getRecord(key, into, neighbours);
      },
      deleteRecords: (keys) => records.deleteRecords(keys),
      clearRecords: () => records.clearRecords(),
    };
  }

  /** Lets the `nth` operation from now fail. */
  failAt(nth: number): FailureScript {
    this.#left = nth;
    const fired = (): boolean => this.#left <= 0;
    return {
      get fired() {
        return fired();
      },
      stop: () => undefined, // Once it has fired, nothing more fails.
    };
  }

  /** Takes so many more pages, and refuses all others for want of space until it is stopped. */
  fill(writes: number): FailureScript {
    this.#room = writes;
    const fired = (): boolean => this.#room < 0;
    return {
      get fired() {
        return fired();
      },
      stop: () => {
        this.#room = Number.POSITIVE_INFINITY;
      },
    };
  }

  memoryBytes(): number {
    return this.#next.memoryBytes();
  }

  open(): Promise<void> {
    return this.#next.open();
  }

  readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    return this.#pass(slots, into, (passed, pages) => this.#next.readPages(passed, pages));
  }

  writePages(slots: readonly number[], from: readonly Uint8Array[], lent?: boolean): Promise<SlotStatus[]> {
    const free = Math.max(0, Math.min(this.#room, slots.length));
    this.#room -= slots.length;
    if (free === slots.length)
      return this.#pass(slots, from, (passed, pages) => this.#next.writePages(passed, pages, lent));
    const full = slots
      .slice(free)
      .map((slot) => new TierError("STORE_NO_SPACE", `no room for slot ${slot}, says the test.`));
    const written = this.#next.writePages(slots.slice(0, free), from.slice(0, free), lent);
    return written.then((statuses) => [...statuses, ...full]);
  }

  discard(slots: readonly number[]): Promise<void> {
    return this.#next.discard(slots);
  }

  async flush(): Promise<void> {
    if (--this.#left === 0) throw new TierError("STORE_IO", "flush fails because the test says so.");
    await this.#next.flush();
  }

  close(): Promise<void> {
    return this.#next.close();
  }

  counters(): Counters {
    return this.#next.counters();
  }

  async #pass(
    slots: readonly number[],
    pages: readonly Uint8Array[],
    move: (slots: readonly number[], pages: readonly Uint8Array[]) => Promise<SlotStatus[]>,
  ): Promise<SlotStatus[]> {
    const statuses = sameStatus<SlotStatus>(slots.length, undefined);
    const passed: number[] = [];
    for (let index = 0; index < slots.length; index++) {
      if (--this.#left === 0) statuses[index] = new TierError("STORE_IO", `slot ${slots[index]} fails, says the test.`);
      else passed.push(index);
    }
    const moved = await move(
      passed.map((index) => slots[index]!),
      passed.map((index) => pages[index]!),
    );
    for (let index = 0; index < passed.length; index++) statuses[passed[index]!] = moved[index];
    return statuses;
  }
}
