// A slower store: each call takes longer by a fixed time and by a time per page. Calls do not wait for each other, as on
// a device with a deep queue. The store beneath is called at once, the answer is held back.
import { type Counters, PAGE_SIZE, type PluginNode, type Scheduler } from "@pagetier/base";
import {
  type BackingStore,
  type RecordStore,
  type SlotStatus,
  STORE_CONTRACT,
  type StorePlugin,
} from "@pagetier/store";
import { z } from "zod";
import { type FilterNode, FilterStore, NEXT_POSITION, nextOf, pagesOf } from "./filter-store.js";

export interface DelayOptions {
  /** Microseconds for each call that reads. */
  readonly readUs?: number;
  /** Microseconds for each call that writes. */
  readonly writeUs?: number;
  /** Microseconds more for each page read. */
  readonly readPageUs?: number;
  /** Microseconds more for each page written. */
  readonly writePageUs?: number;
  /** Microseconds for each flush. */
  readonly flushUs?: number;
}

export class DelayStore extends FilterStore {
  readonly type = "delay";
  readonly #scheduler: Scheduler;
  readonly #options: Required<DelayOptions>;
  #delayedCalls = 0;
  #delayUs = 0;

  constructor(next: BackingStore, scheduler: Scheduler, options: DelayOptions = {}) {
    super(next);
    this.#scheduler = scheduler;
    this.#options = { readUs: 0, writeUs: 0, readPageUs: 0, writePageUs: 0, flushUs: 0, ...options };
  }

  override get records(): RecordStore | undefined {
    const { records } = this.next;
    if (records === undefined) return undefined;
    return {
      putRecords: (list) => this.#slower(records.putRecords(list), this.#writeUs(pagesOf(list, PAGE_SIZE))),
      getRecord: (key, into, neighbours) => this.#slower(records.getRecord(key, into, neighbours), this.#readUs(1)),
      deleteRecords: (keys) => records.deleteRecords(keys),
      clearRecords: () => records.clearRecords(),
    };
  }

  override readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    return this.#slower(this.next.readPages(slots, into), this.#readUs(slots.length));
  }

  override writePages(slots: readonly number[], from: readonly Uint8Array[], lent?: boolean): Promise<SlotStatus[]> {
    return this.#slower(this.next.writePages(slots, from, lent), this.#writeUs(slots.length));
  }

  override flush(): Promise<void> {
    return this.#slower(this.next.flush(), this.#options.flushUs);
  }

  protected ownCounters(): Counters {
    return { delayCalls: this.#delayedCalls, delayUs: this.#delayUs };
  }

  #readUs(pages: number): number {
    return this.#options.readUs + pages * this.#options.readPageUs;
  }

  #writeUs(pages: number): number {
    return this.#options.writeUs + pages * this.#options.writePageUs;
  }

  #slower<Result>(work: Promise<Result>, us: number): Promise<Result> {
    return us === 0 || this.closing ? work : this.tracked(this.#later(work, us));
  }

  async #later<Result>(work: Promise<Result>, us: number): Promise<Result> {
    this.#delayedCalls++;
    this.#delayUs += us;
    try {
      return await work;
    } finally {
      await this.#scheduler.sleep(us * 1000);
    }
  }
}

const us = z.number().min(0).default(0);

export const plugin: StorePlugin<DelayOptions> = {
  family: "store",
  contract: STORE_CONTRACT,
  name: "delay",
  summary: "Makes the store beneath slower by a time per call and per page.",
  options: z.strictObject({ readUs: us, writeUs: us, readPageUs: us, writePageUs: us, flushUs: us }),
  positions: NEXT_POSITION,
  create: (parts, options) => new DelayStore(nextOf("delay", parts), parts.scheduler, options),
};

/** The recipe node of a {@link DelayStore}. */
export function delay(node: DelayOptions & FilterNode): PluginNode {
  return { use: "delay", ...node };
}
