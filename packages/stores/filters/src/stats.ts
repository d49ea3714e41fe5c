// Counts what passes. A cluster is a run of slots of one call that follow one another; times are sums over calls, so
// time divided by calls is the mean latency.
import { type Clock, type Counters, PAGE_SIZE, type PluginNode } from "@pagetier/base";
import {
  type BackingStore,
  type NowStore,
  type RecordStore,
  type SlotStatus,
  STORE_CONTRACT,
  type StorePlugin,
} from "@pagetier/store";
import { z } from "zod";
import { type FilterNode, FilterStore, NEXT_POSITION, nextOf } from "./filter-store.js";

/** One direction's totals. Errors are slots. */
class Totals {
  calls = 0;
  pages = 0;
  clusters = 0;
  bytes = 0;
  errors = 0;
  ns = 0;

  settle(slots: readonly number[], statuses: readonly SlotStatus[], ns: number): void {
    this.calls++;
    this.ns += ns;
    for (let index = 0; index < slots.length; index++) {
      if (index === 0 || slots[index] !== slots[index - 1]! + 1) this.clusters++;
      if (statuses[index] === undefined) this.pages++;
      else this.errors++;
    }
    this.bytes = this.pages * PAGE_SIZE;
  }
}

export class StatsStore extends FilterStore implements NowStore {
  readonly type = "stats";
  readonly #clock: Clock;
  readonly #read = new Totals();
  readonly #write = new Totals();
  #discardCalls = 0;
  #discardedSlots = 0;
  #flushes = 0;
  #flushErrors = 0;
  #flushNs = 0;
  #recordsPut = 0;
  #recordsGot = 0;
  #recordsDeleted = 0;
  #recordBytesPut = 0;
  #recordBytesGot = 0;
  #recordErrors = 0;

  constructor(next: BackingStore, clock: Clock) {
    super(next);
    this.#clock = clock;
  }

  override get now(): NowStore | undefined {
    return this.next.now === undefined ? undefined : this;
  }

  override get records(): RecordStore | undefined {
    const { records } = this.next;
    if (records === undefined) return undefined;
    return {
      putRecords: async (list) => {
        const lengths = list.map(({ bytes }) => bytes.length);
        const statuses = await records.putRecords(list);
        for (let index = 0; index < lengths.length; index++) {
          if (statuses[index] !== undefined) {
            this.#recordErrors++;
            continue;
          }
          this.#recordsPut++;
          this.#recordBytesPut += lengths[index]!;
        }
        return statuses;
      },
      getRecord: async (key, into, neighbours) => {
        try {
          const length = await records.getRecord(key, into, neighbours);
          this.#recordsGot++;
          this.#recordBytesGot += length;
          return length;
        } catch (error) {
          this.#recordErrors++;
          throw error;
        }
      },
      deleteRecords: (keys) => {
        this.#recordsDeleted += keys.length;
        return records.deleteRecords(keys);
      },
      clearRecords: () => records.clearRecords(),
    };
  }

  override async readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    const start = this.#clock.now();
    const statuses = await this.next.readPages(slots, into);
    this.#read.settle(slots, statuses, this.#clock.now() - start);
    return statuses;
  }

  override async writePages(
    slots: readonly number[],
    from: readonly Uint8Array[],
    lent?: boolean,
  ): Promise<SlotStatus[]> {
    const start = this.#clock.now();
    const statuses = await this.next.writePages(slots, from, lent);
    this.#write.settle(slots, statuses, this.#clock.now() - start);
    return statuses;
  }

  readPageNow(slot: number, into: Uint8Array): SlotStatus {
    const start = this.#clock.now();
    const status = this.next.now!.readPageNow(slot, into);
    this.#read.settle([slot], [status], this.#clock.now() - start);
    return status;
  }

  writePagesNow(slots: readonly number[], from: readonly Uint8Array[]): SlotStatus[] {
    const start = this.#clock.now();
    const statuses = this.next.now!.writePagesNow(slots, from);
    this.#write.settle(slots, statuses, this.#clock.now() - start);
    return statuses;
  }

  override discard(slots: readonly number[]): Promise<void> {
    this.#discardCalls++;
    this.#discardedSlots += slots.length;
    return this.next.discard(slots);
  }

  override async flush(): Promise<void> {
    const start = this.#clock.now();
    this.#flushes++;
    try {
      await this.next.flush();
    } catch (error) {
      this.#flushErrors++;
      throw error;
    } finally {
      this.#flushNs += this.#clock.now() - start;
    }
  }

  protected ownCounters(): Counters {
    return {
      statsReadCalls: this.#read.calls,
      statsReadPages: this.#read.pages,
      statsReadClusters: this.#read.clusters,
      statsReadBytes: this.#read.bytes,
      statsReadErrors: this.#read.errors,
      statsReadNs: this.#read.ns,
      statsWriteCalls: this.#write.calls,
      statsWritePages: this.#write.pages,
      statsWriteClusters: this.#write.clusters,
      statsWriteBytes: this.#write.bytes,
      statsWriteErrors: this.#write.errors,
      statsWriteNs: this.#write.ns,
      statsDiscardCalls: this.#discardCalls,
      statsDiscardedSlots: this.#discardedSlots,
      statsFlushes: this.#flushes,
      statsFlushErrors: this.#flushErrors,
      statsFlushNs: this.#flushNs,
      statsRecordsPut: this.#recordsPut,
      statsRecordsGot: this.#recordsGot,
      statsRecordsDeleted: this.#recordsDeleted,
      statsRecordBytesPut: this.#recordBytesPut,
      statsRecordBytesGot: this.#recordBytesGot,
      statsRecordErrors: this.#recordErrors,
    };
  }
}

export type StatsOptions = Readonly<Record<string, never>>;

export const plugin: StorePlugin<StatsOptions> = {
  family: "store",
  contract: STORE_CONTRACT,
  name: "stats",
  summary: "Counts calls, pages, clusters, bytes, errors and time of the store beneath.",
  options: z.strictObject({}),
  positions: NEXT_POSITION,
  create: (parts) => new StatsStore(nextOf("stats", parts), parts.clock),
};

/** The recipe node of a {@link StatsStore}. */
export function stats(node: FilterNode): PluginNode {
  return { use: "stats", ...node };
}
