// Finds out what changed beneath: a CRC-32 of each page written, kept in memory (4 bytes a slot in blocks of 1024 slots),
// is compared when the page is read. It finds what a device or somebody else did to the pages while this process runs; a
// page from before has no checksum and passes unchecked. A random change goes unnoticed once in 2^32.
import { type Counters, type PluginNode, TierError } from "@pagetier/base";
import {
  type BackingStore,
  isSlot,
  NO_SUM,
  type NowStore,
  type RecordNeighbours,
  type RecordStore,
  type SlotStatus,
  SlotSums,
  STORE_CONTRACT,
  type StorePlugin,
  type StoreRecord,
  sumOf,
} from "@pagetier/store";
import { z } from "zod";
import { type FilterNode, FilterStore, NEXT_POSITION, nextOf } from "./filter-store.js";

export class ChecksumStore extends FilterStore implements NowStore {
  readonly type = "checksum";
  readonly #sums = new SlotSums();
  readonly #recordSums = new Map<number, number>();
  /** Records whose put is under way, by the number of the last one: until it ends, the old record may be read as well. */
  readonly #recordPuts = new Map<number, number>();
  #puts = 0;
  #checked = 0;
  #unchecked = 0;
  #mismatches = 0;

  constructor(next: BackingStore) {
    super(next);
  }

  override get now(): NowStore | undefined {
    return this.next.now === undefined ? undefined : this;
  }

  override get records(): RecordStore | undefined {
    const { records } = this.next;
    if (records === undefined) return undefined;
    return {
      putRecords: (list) => this.#putRecords(records, list),
      getRecord: async (key, into, neighbours) => {
        const length = await records.getRecord(key, into, neighbours && this.#checking(neighbours));
        const expected = this.#recordSums.get(key) ?? NO_SUM;
        const status = length === 0 ? undefined : this.#compare(expected, into.subarray(0, length), `record ${key}`);
        if (status !== undefined) throw status;
        return length;
      },
      deleteRecords: (keys) => {
        for (const key of keys) this.#forgetRecord(key);
        return records.deleteRecords(keys);
      },
      clearRecords: () => {
        this.#recordSums.clear();
        this.#recordPuts.clear();
        return records.clearRecords();
      },
    };
  }

  override memoryBytes(): number {
    return this.next.memoryBytes() + this.#sums.memoryBytes() + this.#recordSums.size * 40;
  }

  override async readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    const statuses = await this.next.readPages(slots, into);
    return statuses.map((status, index) => status ?? this.#check(slots[index]!, into[index]!));
  }

  override async writePages(
    slots: readonly number[],
    from: readonly Uint8Array[],
    lent?: boolean,
  ): Promise<SlotStatus[]> {
    this.#remember(slots, from);
    return this.#forgetFailed(slots, await this.next.writePages(slots, from, lent));
  }

  readPageNow(slot: number, into: Uint8Array): SlotStatus {
    return this.next.now!.readPageNow(slot, into) ?? this.#check(slot, into);
  }

  writePagesNow(slots: readonly number[], from: readonly Uint8Array[]): SlotStatus[] {
    this.#remember(slots, from);
    return this.#forgetFailed(slots, this.next.now!.writePagesNow(slots, from));
  }

  override discard(slots: readonly number[]): Promise<void> {
    for (const slot of slots) this.#set(slot, NO_SUM);
    return this.next.discard(slots);
  }

  protected ownCounters(): Counters {
    return {
      checksumChecked: this.#checked,
      checksumUnchecked: this.#unchecked,
      checksumMismatches: this.#mismatches,
    };
  }

  async #putRecords(records: RecordStore, list: readonly StoreRecord[]): Promise<SlotStatus[]> {
    const put = ++this.#puts;
    const sums = list.map(({ key, bytes }) => {
      this.#forgetRecord(key);
      this.#recordPuts.set(key, put);
      return { key, sum: sumOf(bytes) };
    });
    const statuses = await records.putRecords(list);
    for (const [index, { key, sum }] of sums.entries()) {
      if (this.#recordPuts.get(key) !== put) continue; // A later call on the record has overtaken this one.
      this.#recordPuts.delete(key);
      if (statuses[index] === undefined) this.#recordSums.set(key, sum);
    }
    return statuses;
  }

  #forgetRecord(key: number): void {
    this.#recordSums.delete(key);
    this.#recordPuts.delete(key);
  }

  /** Shows those neighbours that are what was written. */
  #checking({ recordsMax, visit }: RecordNeighbours): RecordNeighbours {
    return {
      recordsMax,
      visit: (key, bytes) => {
        const status = this.#compare(this.#recordSums.get(key) ?? NO_SUM, bytes, `record ${key}`);
        if (status === undefined) visit(key, bytes);
      },
    };
  }

  #remember(slots: readonly number[], from: readonly Uint8Array[]): void {
    for (let index = 0; index < slots.length; index++) this.#set(slots[index]!, sumOf(from[index]!));
  }

  /** A slot whose write failed may hold anything: nothing to compare with. */
  #forgetFailed(slots: readonly number[], statuses: SlotStatus[]): SlotStatus[] {
    for (let index = 0; index < slots.length; index++)
      if (statuses[index] !== undefined) this.#set(slots[index]!, NO_SUM);
    return statuses;
  }

  #check(slot: number, page: Uint8Array): SlotStatus {
    return this.#compare(this.#sums.get(slot), page, `slot ${slot}`);
  }

  #compare(expected: number, bytes: Uint8Array, what: string): SlotStatus {
    if (expected === NO_SUM) {
      this.#unchecked++;
      return undefined;
    }
    this.#checked++;
    if (sumOf(bytes) === expected) return undefined;
    this.#mismatches++;
    const message = `${what} of store ${this.next.type} is not what was written there (its checksum differs); check the device, the content is lost.`;
    return new TierError("STORE_CORRUPT", message, { what, expected });
  }

  #set(slot: number, sum: number): void {
    if (isSlot(slot, this.capacity)) this.#sums.set(slot, sum);
  }
}

export type ChecksumOptions = Readonly<Record<string, never>>;

export const plugin: StorePlugin<ChecksumOptions> = {
  family: "store",
  contract: STORE_CONTRACT,
  name: "checksum",
  summary: "Detects pages that changed in the store beneath, by a checksum kept in memory.",
  options: z.strictObject({}),
  positions: NEXT_POSITION,
  create: (parts) => new ChecksumStore(nextOf("checksum", parts)),
};

/** The recipe node of a {@link ChecksumStore}. */
export function checksum(node: FilterNode): PluginNode {
  return { use: "checksum", ...node };
}
