// The most obvious store that keeps every promise: a Map from slots to copies. Its calls take a turn of the event loop,
// as a device would, so that a test can come between a call and its end. It proves that the kit can be passed, and is
// what the kit's own canaries break.
import { assert, type Counters, PAGE_SIZE, TierError } from "@pagetier/base";
import { badSlot, isSlot, storeClosed } from "../slots.js";
import type {
  BackingStore,
  NowStore,
  RecordNeighbours,
  RecordStore,
  SlotStatus,
  Record as StoreRecord,
} from "../store.js";

/** What outlives a {@link ReferenceStore}. */
export interface ReferenceDisk {
  readonly pages: Map<number, Uint8Array>;
  readonly records: Map<number, Uint8Array>;
  /** Called when everything written so far is safe. */
  readonly flushed?: (() => void) | undefined;
}

export function emptyDisk(): ReferenceDisk {
  return { pages: new Map(), records: new Map() };
}

export interface ReferenceStoreOptions {
  /** Asked before each page is moved and each flush: whether the device fails now. */
  readonly failures?: () => boolean;
  /** Asked before each page is written: whether the device is full. */
  readonly full?: () => boolean;
  /** Leaves out what is optional: blocking calls and records. */
  readonly plain?: boolean;
}

export class ReferenceStore implements BackingStore {
  readonly type: string = "reference";
  readonly durable: boolean = true;
  readonly capacity: number = 1024;
  readonly now?: NowStore;
  readonly records?: RecordStore;
  protected readonly disk: ReferenceDisk;
  protected closed = false;
  protected readonly inFlight = new Set<Promise<unknown>>();
  protected readonly failures: (() => boolean) | undefined;
  protected readonly full: (() => boolean) | undefined;
  #recordBytes = 0;
  /** The keys that were put together with a key, in their order. */
  readonly #batches = new Map<number, readonly number[]>();

  constructor(disk: ReferenceDisk = emptyDisk(), options: ReferenceStoreOptions = {}) {
    this.disk = disk;
    this.failures = options.failures;
    this.full = options.full;
    if (options.plain === true) return;
    this.now = {
      readPageNow: (slot, into) => (this.closed ? this.gone() : this.readSlot(slot, into)),
      writePagesNow: (slots, from) =>
        slots.map((slot, index) => (this.closed ? this.gone() : this.writeSlot(slot, from[index]!))),
    };
    this.records = {
      putRecords: (records) => this.putRecords(records),
      getRecord: (key, into, neighbours) => this.getRecord(key, into, neighbours),
      deleteRecords: (keys) => this.deleteRecords(keys),
      clearRecords: () => this.clearRecords(),
    };
  }

  memoryBytes(): number {
    return (this.disk.pages.size + this.disk.records.size) * PAGE_SIZE;
  }

  async open(): Promise<void> {}

  readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    const refused = this.closed;
    return this.later(() => slots.map((slot, index) => (refused ? this.gone() : this.readSlot(slot, into[index]!))));
  }

  writePages(slots: readonly number[], from: readonly Uint8Array[], lent?: boolean): Promise<SlotStatus[]> {
    const refused = this.closed;
    const taken = lent === true ? from : from.map((page) => page.slice());
    return this.later(() => slots.map((slot, index) => (refused ? this.gone() : this.writeSlot(slot, taken[index]!))));
  }

  async discard(slots: readonly number[]): Promise<void> {
    for (const slot of slots) this.disk.pages.delete(slot);
  }

  async flush(): Promise<void> {
    if (this.closed) throw this.gone();
    if (this.failures?.()) throw new TierError("STORE_IO", "flushing the reference store failed.");
    this.disk.flushed?.();
  }

  async close(): Promise<void> {
    const waiting = [...this.inFlight];
    this.closed = true;
    await Promise.all(waiting);
  }

  counters(): Counters {
    return {
      heldPages: this.disk.pages.size,
      recordBytesWritten: this.#recordBytes,
      deviceBytesWritten: this.#recordBytes,
    };
  }

  /** Does `work` in a later turn of the event loop. */
  protected later<Result>(work: () => Result): Promise<Result> {
    const done = new Promise<void>((resolve) => setImmediate(resolve)).then(work);
    this.inFlight.add(done);
    return done.finally(() => this.inFlight.delete(done));
  }

  protected gone(): TierError {
    return storeClosed(this.type);
  }

  protected refuse(slot: number): SlotStatus {
    if (!isSlot(slot, this.capacity)) return badSlot(this.type, slot, this.capacity);
    return this.failures?.() ? new TierError("STORE_IO", `slot ${slot} of the reference store failed.`) : undefined;
  }

  protected readSlot(slot: number, into: Uint8Array): SlotStatus {
    const status = this.refuse(slot);
    const page = this.disk.pages.get(slot);
    if (status !== undefined) return status;
    if (page === undefined) into.fill(0);
    else into.set(page);
    return undefined;
  }

  protected writeSlot(slot: number, from: Uint8Array): SlotStatus {
    const status = this.refuse(slot);
    if (status !== undefined) return status;
    if (this.full?.()) return new TierError("STORE_NO_SPACE", `the reference store has no room for slot ${slot}.`);
    this.disk.pages.set(slot, from.slice());
    return undefined;
  }

  protected putRecords(records: readonly StoreRecord[]): Promise<SlotStatus[]> {
    const refused = this.closed;
    const taken = records.map(({ key, bytes }) => ({ key, bytes: bytes.slice() }));
    return this.later(() => {
      if (refused) return taken.map(() => this.gone());
      const together = taken.map(({ key }) => key);
      return taken.map(({ key, bytes }) => {
        assert(bytes.length >= 1 && bytes.length <= PAGE_SIZE, "a record has 1..PAGE_SIZE bytes");
        if (this.failures?.()) return new TierError("STORE_IO", `record ${key} of the reference store failed.`);
        if (this.#heldBytes() + bytes.length > this.capacity * PAGE_SIZE) {
          return new TierError("STORE_NO_SPACE", `the reference store has no room for record ${key}.`);
        }
        this.disk.records.set(key, bytes);
        this.#batches.set(key, together);
        this.#recordBytes += bytes.length;
        return undefined;
      });
    });
  }

  protected getRecord(key: number, into: Uint8Array, neighbours?: RecordNeighbours): Promise<number> {
    const refused = this.closed;
    return this.later(() => {
      if (refused) throw this.gone();
      const bytes = this.disk.records.get(key);
      if (bytes === undefined) return 0;
      if (this.failures?.()) throw new TierError("STORE_IO", `record ${key} of the reference store failed.`);
      into.set(bytes);
      if (neighbours !== undefined) this.#showNeighbours(key, neighbours);
      return bytes.length;
    });
  }

  protected async deleteRecords(keys: readonly number[]): Promise<void> {
    await this.later(() => {
      for (const key of keys) this.disk.records.delete(key);
    });
  }

  protected async clearRecords(): Promise<void> {
    await this.later(() => this.disk.records.clear());
  }

  #heldBytes(): number {
    let bytes = 0;
    for (const record of this.disk.records.values()) bytes += record.length;
    return bytes;
  }

  #showNeighbours(key: number, { recordsMax, visit }: RecordNeighbours): void {
    const together = this.#batches.get(key) ?? [];
    const present = together.filter((each) => each !== key && this.#batches.get(each) === together);
    for (const each of present.slice(0, recordsMax)) {
      const bytes = this.disk.records.get(each);
      if (bytes !== undefined) visit(each, bytes);
    }
  }
}
