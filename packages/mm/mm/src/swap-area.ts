// One swap area: the slots of one store.
//
// A slot is taken when a page is chosen for swap-out, before anyone knows whether a pool or the device will hold it, as in
// Linux: the slot is the page's name below memory. It is given back when the page is written to, discarded, or taken
// exclusively. While I/O of a slot is in flight, giving it back only marks it; it becomes available when the I/O ends, so
// that two writes never race for one place on the device.
//
// Slots are searched next-fit, so that pages which leave together lie together: one write, one seek.
//
// The content may also lie below as a record of variable length, which the store keeps under the slot's number; then a
// backend that wrote it reads it, and the slot's part is to have it deleted.
//
// A slot whose content the device holds is remembered for the store's `discard` when it becomes free. It may be taken
// again before that comes (then there is nothing to discard); while the discard is under way it may not, since a write
// could be overtaken by it.

import { assert, ChunkedBytes, ChunkedWords } from "@pagetier/base";
import type { BackingStore, NowStore } from "@pagetier/store";
import type { NamedSwap } from "./options.js";
import type { PageId } from "./space.js";
import type { SwapStats } from "./stats.js";
import { AREA_SLOTS_MAX } from "./swap-slot.js";
import { VirtualSwap } from "./virtual-swap.js";

const IN_USE = 1;
/** The device holds the page's present content. */
const ON_DEVICE = 2;
/** A read or write of the slot is in flight. */
const IO = 4;
/** Given back while in flight. */
const FREED = 8;
/** Free, and listed for the store to forget. */
const DISCARD = 16;
/** The slot's record is the page's present content. */
const RECORD = 32;
/** The store has a record under the slot's number, of whatever age. */
const RECORD_THERE = 64;

/**
 * Takes that an area whose device is full refuses before it lets one try whether there is room again; twice as many after each try
 * in vain, up to the second number: reclaim that finds nothing looks at every page, and each try is a write that fails.
 */
const FULL_TAKES = 256;
const FULL_TAKES_MAX = 65_536;

/** Free slots looked for before the area grows instead. */
const SEARCH_MAX = 1024;

export class SwapArea {
  readonly type: number;
  readonly name: string;
  readonly store: BackingStore;
  readonly priority: number;
  readonly io: "now" | "async";
  /** The store, where slots are virtual. */
  readonly #virtual: VirtualSwap | undefined;
  /** No slot is given out any more: what is here is on its way elsewhere. */
  draining = false;
  /** One past the highest slot that may be given out; known once the store is open. */
  #end = 0;
  /** One past the highest slot that was ever given out. */
  #top = 1;
  #cursor = 1;
  #inUse = 0;
  #onDevice = 0;
  #records = 0;
  readonly #flags = new ChunkedBytes();
  /** The page whose content the slot holds, plus one. */
  readonly #pages = new ChunkedWords();
  /** Takes refused since the device said that it is full; 0: it did not, or has been told to forget something since. */
  #fullTakes = 0;
  /** How many of them until the next try. */
  #fullTakesMax = FULL_TAKES;
  /** Slots given back whose content the store may forget. */
  #discards: number[] = [];

  constructor(type: number, swap: NamedSwap) {
    this.type = type;
    this.name = swap.name;
    this.store = swap.store;
    this.priority = swap.priority;
    this.io = swap.io;
    this.#virtual = swap.store instanceof VirtualSwap ? swap.store : undefined;
  }

  /** The store is open: its capacity is fixed from now on. */
  open(): void {
    this.#end = Math.min(this.store.capacity, AREA_SLOTS_MAX);
  }

  /** The store's blocking calls, when the recipe wants them and the store has them. */
  get now(): NowStore | undefined {
    return this.io === "now" && this.#end > 0 ? this.store.now : undefined;
  }

  /** One past the highest slot that was ever given out. */
  get top(): number {
    return this.#top;
  }

  /** Slots taken (those that wait for their I/O to end included). */
  get inUse(): number {
    return this.#inUse;
  }

  /** Slots whose content the device holds. */
  get onDevice(): number {
    return this.#onDevice;
  }

  /** Slots whose content is a record. */
  get records(): number {
    return this.#records;
  }

  /** Slots that could still be taken; `Infinity` where there are as many as slots have numbers. */
  get free(): number {
    if (this.draining || this.isFull) return 0;
    return this.#end === AREA_SLOTS_MAX ? Number.POSITIVE_INFINITY : Math.max(0, this.#end - 1 - this.#inUse);
  }

  /** Whether a device has a place for what is written to a slot: always, unless slots are virtual. */
  get canWrite(): boolean {
    return this.#virtual === undefined ? !this.isFull : this.#virtual.free > 0;
  }

  /** Whether the device had no room for a slot, although the area has more: it lies on a disk that others fill as well. */
  get isFull(): boolean {
    return this.#fullTakes > 0;
  }

  /** The device has no room. Slots come from elsewhere until one is given back, or a while has passed. */
  markFull(): void {
    if (this.#virtual === undefined) this.#fullTakes = 1;
  }

  /** Pages that devices could still take: fewer than free slots where those are virtual. */
  get freePlaces(): number {
    return this.#virtual === undefined ? this.free : this.#virtual.free;
  }

  /** Places that are taken: where slots are virtual, those of pages that were written. */
  get usedPlaces(): number {
    if (this.draining) return 0;
    return this.#virtual === undefined ? this.#inUse : this.#virtual.used;
  }

  /** What is on: the area itself, or the devices behind its slots where those are virtual. */
  swaps(): SwapStats[] {
    if (this.#virtual !== undefined) return this.#virtual.swaps();
    const { name, priority, io, draining } = this;
    const total = this.#end === AREA_SLOTS_MAX ? Number.POSITIVE_INFINITY : Math.max(0, this.#end - 1);
    const slots = { total, used: this.#inUse, onDevice: this.#onDevice + this.#records };
    return [{ name, store: this.store.type, priority, io, draining, slots }];
  }

  /** Name of the store that holds a slot's content on its device. */
  storeName(offset: number): string {
    return this.#virtual?.deviceOf(offset)?.name ?? this.name;
  }

  /** Whether the place that a slot gives up is of no use to others: its store is being turned off, or its device takes no more. */
  isPlaceLost(offset: number): boolean {
    if (this.#virtual === undefined) return this.draining || this.isFull;
    const device = this.#virtual.deviceOf(offset);
    return device !== undefined && (device.draining || device.isFull);
  }

  /** Where a slot's content lies, in the device's order. */
  placeOf(offset: number): number {
    return this.#virtual?.placeOf(offset) ?? offset;
  }

  /** Slots whose content lies in the aligned window of so many places in which a slot's does, in the device's order; itself among them. */
  around(offset: number, window: number): number[] {
    if (this.#virtual !== undefined) return this.#virtual.around(offset, window);
    const start = offset - (offset % window);
    const slots: number[] = [];
    for (let other = Math.max(1, start); other < Math.min(start + window, this.#top); other++) slots.push(other);
    return slots;
  }

  addressingBytes(): number {
    return this.#flags.bytes + this.#pages.bytes + (this.#virtual?.addressingBytes() ?? 0);
  }

  /** Takes a slot for a page. @returns its offset, or 0 when the area is full, or drains */
  take(page: PageId): number {
    if (this.draining || this.#end - 1 - this.#inUse < 1 || (this.isFull && !this.#tryAgain())) return 0;
    const offset = this.#search();
    this.#flags.set(offset, IN_USE | (this.#flags.get(offset) & RECORD_THERE));
    this.#pages.set(offset, page + 1);
    this.#inUse++;
    this.#cursor = offset + 1;
    return offset;
  }

  /** Gives a slot back: now, or when its I/O ends. */
  give(offset: number): void {
    const flags = this.#flags.get(offset);
    assert((flags & IN_USE) !== 0 && (flags & FREED) === 0, "a slot that is given back was taken");
    if ((flags & ON_DEVICE) !== 0) this.#onDevice--;
    if ((flags & RECORD) !== 0) this.#records--;
    if ((flags & IO) !== 0) {
      this.#flags.set(offset, (flags & ~(ON_DEVICE | RECORD)) | FREED);
      return;
    }
    this.#release(offset, (flags & (ON_DEVICE | RECORD_THERE)) !== 0);
  }

  /** The page whose slot this is, or `undefined` when the slot is free or was given back. */
  pageOf(offset: number): PageId | undefined {
    if (offset >= this.#top || (this.#flags.get(offset) & (IN_USE | FREED)) !== IN_USE) return undefined;
    return (this.#pages.get(offset) - 1) as PageId;
  }

  isOnDevice(offset: number): boolean {
    return (this.#flags.get(offset) & ON_DEVICE) !== 0;
  }

  /** Whether the slot's content is a record. */
  isRecord(offset: number): boolean {
    return (this.#flags.get(offset) & RECORD) !== 0;
  }

  /** The store has written a record under the slot's number. @param isContent whether it is the slot's present content */
  noteRecord(offset: number, isContent: boolean): void {
    const flags = this.#flags.get(offset);
    assert(!isContent || (flags & (IN_USE | FREED)) === IN_USE, "only a slot in use has content");
    if (isContent && (flags & RECORD) === 0) this.#records++;
    this.#flags.set(offset, flags | RECORD_THERE | (isContent ? RECORD : 0));
  }

  /** Those of the slots under whose numbers the store has a record. */
  withRecord(slots: readonly number[]): number[] {
    return slots.filter((offset) => (this.#flags.get(offset) & RECORD_THERE) !== 0);
  }

  /** Whether I/O of the slot is in flight. */
  isBusy(offset: number): boolean {
    return (this.#flags.get(offset) & IO) !== 0;
  }

  startIo(offset: number): void {
    const flags = this.#flags.get(offset);
    assert((flags & (IN_USE | IO | FREED)) === IN_USE, "I/O starts on a slot in use that is idle");
    this.#flags.set(offset, flags | IO);
  }

  /** Ends I/O. @returns whether the slot is still in use; `false` means it was given back meanwhile and is free now */
  endIo(offset: number): boolean {
    const flags = this.#flags.get(offset);
    assert((flags & IO) !== 0, "I/O that ends had started");
    if ((flags & FREED) === 0) {
      this.#flags.set(offset, flags & ~IO);
      return true;
    }
    this.#release(offset, true);
    return false;
  }

  /** The device now holds the slot's content. */
  markOnDevice(offset: number): void {
    const flags = this.#flags.get(offset);
    assert((flags & (IN_USE | FREED)) === IN_USE, "only a slot in use is on the device");
    if ((flags & ON_DEVICE) === 0) this.#onDevice++;
    this.#flags.set(offset, flags | ON_DEVICE);
    this.#fullTakesMax = FULL_TAKES; // There was room.
  }

  /** Free slots whose content the store may forget; none of them is given out until {@link endDiscard}. */
  takeDiscards(): number[] {
    if (this.#discards.length === 0) return this.#discards;
    const slots: number[] = [];
    for (const offset of this.#discards) {
      const flags = this.#flags.get(offset);
      if ((flags & ~RECORD_THERE) !== DISCARD) continue; // Taken again since, or listed twice.
      this.#flags.set(offset, IN_USE | IO | FREED | (flags & RECORD_THERE));
      this.#inUse++;
      slots.push(offset);
    }
    this.#discards = [];
    return slots;
  }

  /** The discard of these slots has ended, well or not. */
  endDiscard(slots: readonly number[]): void {
    for (const offset of slots) {
      this.#flags.set(offset, this.#flags.get(offset) & ~RECORD_THERE);
      this.#release(offset, false);
    }
  }

  /** @param isMapped whether the page's memory or page table refers to this slot */
  verify(isMapped: (page: PageId, offset: number) => boolean): void {
    let inUse = 0;
    let onDevice = 0;
    let records = 0;
    for (let offset = 1; offset < this.#top; offset++) {
      const flags = this.#flags.get(offset);
      if ((flags & IN_USE) === 0) {
        assert((flags & ~(DISCARD | RECORD_THERE)) === 0, "a free slot is at most to be discarded");
        continue;
      }
      inUse++;
      if ((flags & ON_DEVICE) !== 0) onDevice++;
      if ((flags & RECORD) !== 0) records++;
      assert((flags & RECORD) === 0 || (flags & RECORD_THERE) !== 0, "content that is a record is there");
      assert((flags & FREED) === 0 || (flags & IO) !== 0, "only I/O keeps a freed slot");
      if ((flags & FREED) === 0)
        assert(isMapped((this.#pages.get(offset) - 1) as PageId, offset), "a slot in use belongs to its page");
    }
    assert(inUse === this.#inUse, "inUse counts the slots in use");
    assert(onDevice === this.#onDevice, "onDevice counts the slots on the device");
    assert(records === this.#records, "records counts the slots whose content is a record");
  }

  #search(): number {
    if (this.#cursor >= this.#top) this.#cursor = 1;
    // Looking for holes pays only where there are some: at least a quarter of what was ever given out.
    const holes = this.#top - 1 - this.#inUse;
    const grows = this.#top < this.#end;
    const isVirtual = this.#virtual !== undefined;
    let budget = grows ? (holes * 4 >= this.#top ? SEARCH_MAX : 0) : this.#top;
    for (let offset = this.#cursor; budget > 0; budget--, offset++) {
      if (offset >= this.#top) offset = 1;
      const flags = this.#flags.get(offset) & ~RECORD_THERE;
      // A virtual slot keeps its place on a device until that is discarded; a new page shall not inherit it.
      if (flags === 0 || (flags === DISCARD && !isVirtual)) return offset;
    }
    assert(grows, "an area that is not full has a free slot");
    this.#flags.ensure(this.#top + 1);
    this.#pages.ensure(this.#top + 1);
    return this.#top++;
  }

  #tryAgain(): boolean {
    if (++this.#fullTakes <= this.#fullTakesMax) return false;
    this.#fullTakes = 0;
    this.#fullTakesMax = Math.min(2 * this.#fullTakesMax, FULL_TAKES_MAX);
    return true;
  }

  #release(offset: number, written: boolean): void {
    if (written) {
      this.#fullTakes = 0;
      this.#fullTakesMax = FULL_TAKES;
    }
    this.#flags.set(offset, (written ? DISCARD : 0) | (this.#flags.get(offset) & RECORD_THERE));
    this.#pages.set(offset, 0);
    this.#inUse--;
    if (written) this.#discards.push(offset);
  }
}
