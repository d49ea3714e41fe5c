// A budget for writes, for devices that wear out: so many pages a second, and so many in all. Rate: the device is busy
// for 1 / rate seconds per page, one call after the other; a write goes down at once and its answer is held back until
// the device would be done, so whoever waits for answers is slowed down. Total: beyond it, slots get STORE_NO_SPACE.
// Reads pass. Records count as the parts of a page that they fill.
import { type Counters, PAGE_SIZE, type PluginNode, type Scheduler, TierError } from "@pagetier/base";
import {
  type BackingStore,
  isSlot,
  type NowStore,
  type RecordStore,
  type SlotStatus,
  STORE_CONTRACT,
  type StorePlugin,
  type StoreRecord,
} from "@pagetier/store";
import { z } from "zod";
import { type FilterNode, FilterStore, NEXT_POSITION, nextOf } from "./filter-store.js";

export interface ThrottleOptions {
  /** Pages that may be written each second. */
  readonly pagesPerSecond?: number | undefined;
  /** Pages that may be written at all. */
  readonly totalPages?: number | undefined;
}

export class ThrottleStore extends FilterStore implements NowStore {
  readonly type = "throttle";
  readonly #scheduler: Scheduler;
  readonly #nsPerPage: number;
  readonly #totalPages: number;
  #freeAt = 0;
  #usedPages = 0;
  #refusedSlots = 0;
  #waitedNs = 0;

  constructor(next: BackingStore, scheduler: Scheduler, options: ThrottleOptions = {}) {
    super(next);
    this.#scheduler = scheduler;
    this.#nsPerPage = options.pagesPerSecond === undefined ? 0 : 1e9 / options.pagesPerSecond;
    this.#totalPages = options.totalPages ?? Number.POSITIVE_INFINITY;
  }

  /** A blocking write cannot be held back: with a rate there are none. */
  override get now(): NowStore | undefined {
    return this.next.now === undefined || this.#nsPerPage > 0 ? undefined : this;
  }

  override get records(): RecordStore | undefined {
    const { records } = this.next;
    if (records === undefined) return undefined;
    return {
      putRecords: (list) => this.#putRecords(records, list),
      getRecord: (key, into, neighbours) => records.getRecord(key, into, neighbours),
      deleteRecords: (keys) => records.deleteRecords(keys),
      clearRecords: () => records.clearRecords(),
    };
  }

  override async writePages(
    slots: readonly number[],
    from: readonly Uint8Array[],
    lent?: boolean,
  ): Promise<SlotStatus[]> {
    const used = this.#usedPages;
    const passed = this.#affordable(slots);
    const work = this.next.writePages(
      passed.map((index) => slots[index]!),
      passed.map((index) => from[index]!),
      lent,
    );
    return this.#merge(slots, passed, await this.#heldBack(work, this.#usedPages - used));
  }

  readPageNow(slot: number, into: Uint8Array): SlotStatus {
    return this.next.now!.readPageNow(slot, into);
  }

  writePagesNow(slots: readonly number[], from: readonly Uint8Array[]): SlotStatus[] {
    const passed = this.#affordable(slots);
    const moved = this.next.now!.writePagesNow(
      passed.map((index) => slots[index]!),
      passed.map((index) => from[index]!),
    );
    return this.#merge(slots, passed, moved);
  }

  protected ownCounters(): Counters {
    return {
      throttleUsedPages: this.#usedPages,
      throttleRefusedSlots: this.#refusedSlots,
      throttleWaitedNs: this.#waitedNs,
    };
  }

  /** Indexes of what is passed on: slots that the budget covers, and what the store beneath refuses anyway. */
  #affordable(slots: readonly number[]): number[] {
    const passed: number[] = [];
    for (let index = 0; index < slots.length; index++) {
      if (this.closing || !isSlot(slots[index]!, this.capacity) || this.#spend(1)) passed.push(index);
    }
    return passed;
  }

  #spend(pages: number): boolean {
    if (this.#usedPages + pages > this.#totalPages) {
      this.#refusedSlots++;
      return false;
    }
    this.#usedPages += pages;
    return true;
  }

  #merge(slots: readonly number[], passed: readonly number[], moved: readonly SlotStatus[]): SlotStatus[] {
    const statuses: SlotStatus[] = slots.map((slot) => this.#usedUp(slot));
    passed.forEach((index, position) => {
      statuses[index] = moved[position];
    });
    return statuses;
  }

  #usedUp(slot: number): TierError {
    const { next } = this;
    const message = `writing slot ${slot} of store ${next.type} is beyond its write budget of ${this.#totalPages} pages; raise totalPages.`;
    return new TierError("STORE_NO_SPACE", message, { slot, totalPages: this.#totalPages });
  }

  async #putRecords(store: RecordStore, list: readonly StoreRecord[]): Promise<SlotStatus[]> {
    const used = this.#usedPages;
    const keys = list.map(({ key }) => key);
    const passed: number[] = [];
    for (let index = 0; index < list.length; index++) {
      if (this.closing || this.#spend(list[index]!.bytes.length / PAGE_SIZE)) passed.push(index);
    }
    const work = store.putRecords(passed.map((index) => list[index]!));
    return this.#merge(keys, passed, await this.#heldBack(work, this.#usedPages - used));
  }

  #heldBack<Result>(work: Promise<Result>, pages: number): Promise<Result> {
    return this.#nsPerPage === 0 || pages === 0 ? work : this.tracked(this.#later(work, pages));
  }

  async #later<Result>(work: Promise<Result>, pages: number): Promise<Result> {
    const { clock } = this.#scheduler;
    this.#freeAt = Math.max(this.#freeAt, clock.now()) + pages * this.#nsPerPage;
    const due = this.#freeAt;
    try {
      return await work;
    } finally {
      const wait = due - clock.now();
      if (wait > 0) {
        this.#waitedNs += wait;
        await this.#scheduler.sleep(wait);
      }
    }
  }
}

export const plugin: StorePlugin<ThrottleOptions> = {
  family: "store",
  contract: STORE_CONTRACT,
  name: "throttle",
  summary: "Limits writes to the store beneath: pages a second, and pages in all.",
  options: z.strictObject({
    pagesPerSecond: z.number().positive().optional(),
    totalPages: z.int().min(0).optional(),
  }),
  positions: NEXT_POSITION,
  create: (parts, options) => new ThrottleStore(nextOf("throttle", parts), parts.scheduler, options),
};

/** The recipe node of a {@link ThrottleStore}. */
export function throttle(node: ThrottleOptions & FilterNode): PluginNode {
  return { use: "throttle", ...node };
}
