// A store in memory: what tests stand on, and the ceiling in a benchmark of stores.
//
// Slots come in segments of 256 (1 MiB). A segment's buffer exists while one of its slots holds a page, and is left to
// the garbage collector when the last of them is discarded. Each written slot has a cached view, so that a read or
// write is one copy. The cost is the page plus some hundred bytes for its view; memory beneath single discarded slots
// stays with their segment.
import { assert, type Counters, PAGE_SIZE, TierError } from "@pagetier/base";
import {
  type BackingStore,
  badSlot,
  isSlot,
  type NowStore,
  PackedRecords,
  type RecordStore,
  type SlotStatus,
  sameStatus,
  slotsOfSize,
  storeClosed,
} from "@pagetier/store";
import { MemoryRecordDevice } from "./record-device.js";

const SEGMENT_PAGES = 256;
const SEGMENT_BYTES = SEGMENT_PAGES * PAGE_SIZE;
const VIEW_BYTES = 104; // What V8 keeps for one typed array over an existing buffer.

export interface MemoryStoreOptions {
  /** `"auto"` (the default) grows as long as there is memory; otherwise a size such as `"64MiB"`. */
  readonly size?: string | number;
}

interface Segment {
  readonly buffer: ArrayBuffer;
  /** The page of each slot of the segment; `undefined` reads as zeroes. */
  readonly pages: (Uint8Array | undefined)[];
  held: number;
}

export class MemoryStore implements BackingStore, NowStore {
  readonly type = "memory";
  readonly durable = false;
  readonly capacity: number;
  readonly now: NowStore = this;
  readonly records: RecordStore;
  readonly #recordDevice = new MemoryRecordDevice();
  readonly #records: PackedRecords;
  readonly #segments = new Map<number, Segment>();
  #state: "new" | "open" | "closed" = "new";
  #heldPages = 0;
  #readPages = 0;
  #writtenPages = 0;
  #discardedPages = 0;
  #failedSlots = 0;

  constructor(options: MemoryStoreOptions = {}) {
    this.capacity = slotsOfSize(options.size ?? "auto");
    const capacityBytes = this.capacity * PAGE_SIZE;
    this.#records = new PackedRecords({
      type: this.type,
      device: this.#recordDevice,
      capacityBytes,
      durable: false,
    });
    this.records = this.#records;
  }

  memoryBytes(): number {
    const slotBytes = this.#segments.size * (SEGMENT_BYTES + SEGMENT_PAGES * 8) + this.#heldPages * VIEW_BYTES;
    return slotBytes + this.#recordDevice.bytes + this.#records.memoryBytes();
  }

  async open(): Promise<void> {
    assert(this.#state === "new", "a store is opened once");
    this.#state = "open";
  }

  async readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    assert(slots.length === into.length, "there is one page for each slot");
    const statuses = sameStatus<SlotStatus>(slots.length, undefined);
    for (let index = 0; index < slots.length; index++) statuses[index] = this.readPageNow(slots[index]!, into[index]!);
    return statuses;
  }

  async writePages(slots: readonly number[], from: readonly Uint8Array[]): Promise<SlotStatus[]> {
    return this.writePagesNow(slots, from);
  }

  readPageNow(slot: number, into: Uint8Array): SlotStatus {
    assert(into.length === PAGE_SIZE, "a page has PAGE_SIZE bytes");
    const refused = this.#refuse(slot);
    if (refused !== undefined) return refused;
    const page = this.#segments.get(segmentOf(slot))?.pages[slot % SEGMENT_PAGES];
    if (page === undefined) into.fill(0);
    else into.set(page);
    this.#readPages++;
    return undefined;
  }

  writePagesNow(slots: readonly number[], from: readonly Uint8Array[]): SlotStatus[] {
    assert(slots.length === from.length, "there is one page for each slot");
    const statuses = sameStatus<SlotStatus>(slots.length, undefined);
    for (let index = 0; index < slots.length; index++) statuses[index] = this.#writePage(slots[index]!, from[index]!);
    return statuses;
  }

  async discard(slots: readonly number[]): Promise<void> {
    for (const slot of slots) {
      const segment = this.#segments.get(segmentOf(slot));
      if (segment?.pages[slot % SEGMENT_PAGES] === undefined) continue;
      segment.pages[slot % SEGMENT_PAGES] = undefined;
      this.#heldPages--;
      this.#discardedPages++;
      if (--segment.held > 0) continue;
      this.#segments.delete(segmentOf(slot));
    }
  }

  async flush(): Promise<void> {
    if (this.#state === "closed") throw storeClosed(this.type);
  }

  async close(): Promise<void> {
    this.#state = "closed";
    await this.#records.close();
    this.#recordDevice.clear();
    this.#segments.clear();
    this.#heldPages = 0;
  }

  counters(): Counters {
    return {
      heldPages: this.#heldPages,
      readPages: this.#readPages,
      writtenPages: this.#writtenPages,
      discardedPages: this.#discardedPages,
      failedSlots: this.#failedSlots,
      ...this.#records.counters(),
    };
  }

  #writePage(slot: number, from: Uint8Array): SlotStatus {
    assert(from.length === PAGE_SIZE, "a page has PAGE_SIZE bytes");
    const refused = this.#refuse(slot);
    if (refused !== undefined) return refused;
    const segment = this.#segments.get(segmentOf(slot)) ?? this.#addSegment(segmentOf(slot));
    if (segment === undefined) {
      this.#failedSlots++;
      const context = { slot, heldPages: this.#heldPages };
      return new TierError(
        "STORE_NO_SPACE",
        `store memory cannot get memory for slot ${slot}; give it a size or use a file.`,
        context,
      );
    }
    const index = slot % SEGMENT_PAGES;
    let page = segment.pages[index];
    if (page === undefined) {
      page = new Uint8Array(segment.buffer, index * PAGE_SIZE, PAGE_SIZE);
      segment.pages[index] = page;
      segment.held++;
      this.#heldPages++;
    }
    page.set(from);
    this.#writtenPages++;
    return undefined;
  }

  #refuse(slot: number): SlotStatus {
    assert(this.#state !== "new", "a store is opened before it is used");
    if (this.#state === "open" && isSlot(slot, this.capacity)) return undefined;
    this.#failedSlots++;
    return this.#state === "closed" ? storeClosed(this.type) : badSlot(this.type, slot, this.capacity);
  }

  #addSegment(number: number): Segment | undefined {
    let buffer: ArrayBuffer;
    try {
      buffer = new ArrayBuffer(SEGMENT_BYTES);
    } catch (error) {
      if (error instanceof RangeError) return undefined; // "Array buffer allocation failed"
      throw error;
    }
    const segment: Segment = { buffer, pages: sameStatus(SEGMENT_PAGES, undefined), held: 0 };
    this.#segments.set(number, segment);
    return segment;
  }
}

function segmentOf(slot: number): number {
  return Math.floor(slot / SEGMENT_PAGES);
}
