// Swap-out, swap-in, and write-back on behalf of backends.
//
// A page goes down in three steps: it gets a slot (its name below memory), frontswap is asked, and only a refusal leads to
// the device. On the way up frontswap is asked first; "miss" is the only answer after which the device is read, and
// the device is read only if it holds the page's present content.
//
// A frame whose page is being written keeps the page, readable and writable, until the write has settled: the flag
// WRITEBACK is set and the policy does not know the page meanwhile. A write to it gives the slot up and brings the page
// back to the policy; discarding it frees the frame at once. The slot outlives both until its I/O ends (swap-area.ts).

import { assert, type Scheduler, type TierError } from "@pagetier/base";
import { type Frame, NO_FRAME, type PageFrames } from "@pagetier/frames";
import {
  type FrontswapHook,
  frontswapLost,
  type SwapClaim,
  type SwapNeighbours,
  type SwapRecords,
  type SwapWriteback,
  type WritebackOutcome,
} from "@pagetier/frontswap";
import type { EvictionPolicy } from "@pagetier/policy";
import type { AccessPatterns } from "./access-patterns.js";
import type { Faults } from "./fault.js";
import { InFlight } from "./in-flight.js";
import type { NamedSwap } from "./options.js";
import { DIRTY, LAZYFREE, type PageTable, READAHEAD, REFERENCED, WRITEBACK } from "./page-table.js";
import type { PageId } from "./space.js";
import type { SwapArea } from "./swap-area.js";
import { SwapAreas } from "./swap-areas.js";
import { SwapReadahead } from "./swap-readahead.js";
import { areaOf, NO_SLOT, offsetOf, type SwapSlot, slotOf } from "./swap-slot.js";
import { SwapWriter, storeFailure } from "./swap-writer.js";

/**
 * What became of a page that reclaim wanted out.
 * - `"freed"`: its frame is free.
 * - `"queued"`: it is being written; its frame will be free when the write settles.
 * - `"kept"`: it could not leave; everything is as before.
 */
export type SwapOutcome = "freed" | "queued" | "kept";

/** What filling a frame from below came to: whence, or that memory alone cannot do it. */
export type LoadSource = "pool" | "store" | "remote";

interface FrameClaim extends SwapClaim {
  readonly frame: Frame;
}

export class Swap implements SwapWriteback {
  readonly writer: SwapWriter;
  /** Everything that waits for a device or another machine: writes, reads, fetches, discards. */
  readonly io = new InFlight();
  readonly readahead: SwapReadahead;
  readonly #areas = new SwapAreas();
  readonly #frames: PageFrames;
  readonly #owner: number;
  readonly #table: PageTable;
  readonly #policy: EvictionPolicy;
  readonly #frontswap: FrontswapHook;
  readonly #scheduler: Scheduler;
  /** The slot of a page on its way into memory is not to be claimed. */
  readonly #faults: Faults;
  /** Whether a page enters a pool only when the device holds it: as a clean copy, which may be dropped. */
  readonly #poolsOnCompletion: boolean;
  /** Claims that were neither released nor submitted. */
  #claims = 0;
  #startScheduled = false;
  #pagesRead = 0;
  #recordsRead = 0;
  #recordBytesRead = 0;
  #arrivals = 0;
  #discardErrors = 0;
  #slotsExhausted = 0;
  #lazyFreed = 0;

  constructor(parts: {
    readonly frames: PageFrames;
    readonly owner: number;
    readonly table: PageTable;
    readonly policy: EvictionPolicy;
    readonly frontswap: FrontswapHook;
    readonly scheduler: Scheduler;
    readonly inFlightMax: number;
    readonly faults: Faults;
    readonly patterns: AccessPatterns;
    /** Most pages of a device that are read at once. */
    readonly readaheadPagesMax: number;
    /** `trigger: completion`: write first, compress when the write has settled and the page was not changed meanwhile. */
    readonly poolsOnCompletion: boolean;
  }) {
    this.#frames = parts.frames;
    this.#owner = parts.owner;
    this.#table = parts.table;
    this.#policy = parts.policy;
    this.#frontswap = parts.frontswap;
    this.#scheduler = parts.scheduler;
    this.#faults = parts.faults;
    this.#poolsOnCompletion = parts.poolsOnCompletion;
    this.writer = new SwapWriter(parts.inFlightMax, this.io);
    this.readahead = new SwapReadahead({ ...parts, pagesMax: parts.readaheadPagesMax });
  }

  /** The areas that are on, in the order in which they were turned on. */
  get areas(): readonly SwapArea[] {
    return this.#areas.list;
  }

  /** The areas that are on, the one whose slots are used first at the head. */
  get areasByPriority(): readonly SwapArea[] {
    return this.#areas.byPriority;
  }

  /** Turns on an area, whose store is open; `undefined` when there are as many as can be told apart. */
  turnOn(swap: NamedSwap): SwapArea | undefined {
    const area = this.#areas.add(swap);
    if (area === undefined) return undefined;
    this.#frontswap.swapOn(area.type);
    area.open();
    return area;
  }

  /** Turns off an area in which no slot is in use. */
  turnOff(area: SwapArea): void {
    assert(area.draining && area.inUse === 0, "an area that is turned off gives out no slots, and has none in use");
    this.#frontswap.swapOff(area.type);
    this.#areas.remove(area);
  }

  /** Whether any area could give a slot out. */
  get hasFreeSlot(): boolean {
    const { list } = this.#areas;
    for (let index = 0; index < list.length; index++) if (list[index]!.free > 0) return true;
    return false;
  }

  /** Pages read from swap stores. */
  get pagesRead(): number {
    return this.#pagesRead + this.readahead.neighboursRead;
  }

  /** Of them, those that were records. */
  get recordsRead(): number {
    return this.#recordsRead;
  }

  /** Bytes of records that were read, those of neighbours included. */
  get recordBytesRead(): number {
    return this.#recordBytesRead;
  }

  /** Discards that a store rejected. */
  get discardErrors(): number {
    return this.#discardErrors;
  }

  /** Times that no area had a free slot. */
  get slotsExhausted(): number {
    return this.#slotsExhausted;
  }

  /** Pages dropped because somebody had said that they may be. */
  get lazyFreed(): number {
    return this.#lazyFreed;
  }

  /** Reads, fetches and discards that ended: what each of them held may be of use now. */
  get arrivals(): number {
    return this.#arrivals;
  }

  area(slot: SwapSlot): SwapArea {
    return this.#areas.of(areaOf(slot))!;
  }

  /** Sends a resident page, which the policy gave up, out of memory. @param mayIo whether writes may be queued */
  swapOut(page: PageId, frame: Frame, mayIo: boolean): SwapOutcome {
    if (!this.#table.has(frame, DIRTY)) {
      const slot = this.#table.slotOf(frame);
      // What came along and was of no use is not worth a place in a pool.
      if (this.#poolsOnCompletion && !this.#table.has(frame, READAHEAD | LAZYFREE)) this.#offerClean(slot, frame);
      if (this.#table.has(frame, LAZYFREE)) this.#lazyFreed++;
      this.#free(page, slot);
      return "freed";
    }
    const through = this.#frontswap.writeThrough || this.#poolsOnCompletion;
    if (through && !(mayIo && this.writer.room > 0)) return "kept";
    const slot = this.#takeSlot(page);
    if (slot === NO_SLOT) return "kept";
    const area = this.area(slot);
    const offset = offsetOf(slot);
    const stored =
      !this.#poolsOnCompletion &&
      this.#frontswap.store(area.type, offset, this.#frames.view(frame), "only") === "stored";
    if (stored && !(through && area.canWrite)) {
      this.#free(page, slot);
      return "freed";
    }
    if (!area.canWrite) {
      this.giveSlot(slot);
      return "kept";
    }
    if (mayIo && this.writer.room > 0 && area.now === undefined) {
      this.#queue(page, frame, slot);
      return "queued";
    }
    if (area.now !== undefined && this.writer.writeNow(area, offset, this.#frames.view(frame))) {
      area.markOnDevice(offset);
      if (this.#poolsOnCompletion) this.#offerClean(slot, frame);
      else this.#frontswap.markClean(area.type, offset);
      this.#free(page, slot);
      return "freed";
    }
    this.giveSlot(slot);
    return "kept";
  }

  /** Gives a slot up, and with it every copy below memory. */
  giveSlot(slot: SwapSlot): void {
    const area = this.area(slot);
    this.#frontswap.invalidatePage(area.type, offsetOf(slot));
    area.give(offsetOf(slot));
  }

  /** A page is about to be written to: from now on memory holds its only copy. */
  makeDirty(page: PageId, frame: Frame): void {
    if (this.#table.has(frame, DIRTY)) return;
    const slot = this.#table.slotOf(frame);
    this.#table.setSlot(frame, NO_SLOT);
    this.#table.set(frame, DIRTY);
    this.#giveUpCopies(page, frame, slot);
    this.#table.clear(frame, LAZYFREE);
  }

  /** The content of a page in memory may be dropped from now on, unless the page is written to before. */
  makeLazyfree(page: PageId, frame: Frame): void {
    const slot = this.#table.slotOf(frame);
    this.#table.setSlot(frame, NO_SLOT);
    this.#table.clear(frame, DIRTY);
    this.#table.set(frame, LAZYFREE);
    this.#giveUpCopies(page, frame, slot);
  }

  /** The first use of a page that was read ahead. */
  noteFirstUse(page: PageId, frame: Frame): void {
    this.readahead.noteUse(frame);
    if (!this.#table.has(frame, DIRTY | WRITEBACK)) this.#giveUpNeedless(page, frame, this.#table.slotOf(frame));
  }

  /** A page in memory has no copies below any more; if it was on its way there, it stays. */
  #giveUpCopies(page: PageId, frame: Frame, slot: SwapSlot): void {
    if (this.#table.has(frame, WRITEBACK)) {
      this.#table.clear(frame, WRITEBACK | REFERENCED);
      this.#policy.rotate(page);
    }
    if (slot !== NO_SLOT) this.giveSlot(slot);
  }

  /** Whether {@link loadNow} may find the page without waiting. */
  canLoadNow(slot: SwapSlot): boolean {
    const area = this.area(slot);
    return this.#frontswap.has(area.type, offsetOf(slot)) || area.now !== undefined;
  }

  /**
   * Fills a frame from local memory (or a blocking store) and maps the page.
   *
   * @returns whence, or `undefined` when that needs waiting: nothing is mapped, the frame is still the caller's
   * @throws TierError FRONTSWAP_LOST; the frame is still the caller's
   */
  loadNow(page: PageId, slot: SwapSlot, frame: Frame): LoadSource | undefined {
    const area = this.area(slot);
    const offset = offsetOf(slot);
    switch (this.#frontswap.load(area.type, offset, this.#frames.view(frame))) {
      case "hit":
        this.#map(page, frame, slot);
        return "pool";
      case "hitExclusive":
        this.#mapExclusive(page, frame, slot);
        return "pool";
      case "remote":
        return undefined;
      case "miss": {
        if (area.now === undefined || area.isBusy(offset)) return undefined;
        this.#mustBeOnDevice(area, offset);
        this.#frontswap.noteDeviceRead();
        const error = area.now.readPageNow(offset, this.#frames.view(frame));
        if (error !== undefined) throw error;
        this.#pagesRead++;
        this.#map(page, frame, slot);
        return "store";
      }
    }
  }

  /**
   * As {@link loadNow}, waiting for devices and other machines.
   *
   * @param arrived called in the same go as the page is mapped: whoever waits an instant longer may find it gone again
   * @param isAhead whether nobody waits for the page: then a device gives as much as it may
   * @returns `undefined` when the page changed meanwhile: look again; the frame is still the caller's
   * @throws TierError FRONTSWAP_LOST, STORE_IO, STORE_CORRUPT; the frame is still the caller's
   */
  async load(
    page: PageId,
    slot: SwapSlot,
    frame: Frame,
    arrived: () => void,
    isAhead: boolean,
  ): Promise<LoadSource | undefined> {
    const now = this.loadNow(page, slot, frame);
    if (now !== undefined) {
      arrived();
      return now;
    }
    const area = this.area(slot);
    const offset = offsetOf(slot);
    if (this.#frontswap.has(area.type, offset)) {
      const isRecord = area.isRecord(offset);
      const outcome = await this.#arrival(this.#frontswap.fetch(area.type, offset, this.#frames.view(frame)));
      if (this.#table.word(page) !== slot || outcome === "miss") return undefined;
      if (outcome === "hit") this.#map(page, frame, slot);
      else this.#mapExclusive(page, frame, slot);
      arrived();
      return isRecord ? "store" : "remote";
    }
    if (area.isBusy(offset)) {
      this.writer.start(this.areas);
      await this.io.next();
      return undefined;
    }
    this.#mustBeOnDevice(area, offset);
    this.#frontswap.noteDeviceRead();
    area.startIo(offset);
    const error = await this.#arrival(this.readahead.read(area, offset, page, frame, isAhead));
    area.endIo(offset);
    if (this.#table.word(page) !== slot) return undefined;
    if (error !== undefined) throw error;
    this.#pagesRead++;
    this.#map(page, frame, slot);
    arrived();
    return "store";
  }

  claim(type: number, offset: number): SwapClaim | "exists" | "noMemory" {
    const area = this.#areas.of(type);
    assert(area !== undefined, "a claim names a swap area");
    const page = area.pageOf(offset);
    if (!area.canWrite) return "noMemory";
    if (area.draining) return "exists"; // The page is about to be brought in.
    if (page === undefined || area.isBusy(offset) || this.#faults.has(page)) return "exists";
    if (this.#table.word(page) !== slotOf(type, offset)) return "exists";
    if (this.writer.room <= this.#claims) return "noMemory";
    const frame = this.#frames.take("writeback", this.#owner);
    if (frame === NO_FRAME) return "noMemory";
    area.startIo(offset);
    this.#claims++;
    const claim: FrameClaim = { type, offset, page: this.#frames.view(frame), frame };
    return claim;
  }

  release(claim: SwapClaim): void {
    this.#claims--;
    this.#areas.of(claim.type)!.endIo(claim.offset);
    this.#frames.give((claim as FrameClaim).frame);
  }

  submit(claim: SwapClaim, settled: (outcome: WritebackOutcome) => boolean): void {
    const area = this.#areas.of(claim.type)!;
    this.#claims--;
    const finish = (error: TierError | undefined): void => {
      const inUse = area.endIo(claim.offset);
      this.#frames.give((claim as FrameClaim).frame);
      if (error !== undefined || !inUse) {
        settled("failed");
      } else if (settled("written")) {
        area.markOnDevice(claim.offset);
        this.#frontswap.forget(claim.type, claim.offset);
      }
    };
    this.writer.add(area, claim.offset, claim.page, finish, { lent: true }); // The claim's frame is nobody else's.
    this.#startSoon();
  }

  records(type: number): SwapRecords | undefined {
    const area = this.#areas.of(type);
    if (area?.store.records === undefined) return undefined;
    return { read: (offset, into, neighbours) => this.#readRecord(area, offset, into, neighbours) };
  }

  submitRecord(claim: SwapClaim, length: number, settled: (outcome: WritebackOutcome) => boolean): void {
    const area = this.#areas.of(claim.type)!;
    this.#claims--;
    const finish = (error: TierError | undefined): void => {
      // Whatever became of the slot, the store may have the record: it is deleted when the slot is discarded.
      area.noteRecord(claim.offset, false);
      const inUse = area.endIo(claim.offset);
      this.#frames.give((claim as FrameClaim).frame);
      if (error !== undefined || !inUse) settled("failed");
      else if (settled("written")) area.noteRecord(claim.offset, true);
    };
    this.writer.add(area, claim.offset, claim.page, finish, { length });
    this.#startSoon();
  }

  track<Result>(work: Promise<Result>): Promise<Result> {
    return this.#arrival(work);
  }

  async flush(): Promise<void> {
    await this.writer.flush(this.areas);
  }

  /** Tells stores which slots nobody needs any more. Best effort, in the background. */
  discardFreed(): void {
    for (const area of this.areas) {
      const slots = area.takeDiscards();
      if (slots.length > 0) void this.#arrival(this.#discard(area, slots));
    }
  }

  async #discard(area: SwapArea, slots: readonly number[]): Promise<void> {
    const records = area.withRecord(slots);
    try {
      await area.store.discard(slots);
      if (records.length > 0) await area.store.records?.deleteRecords(records);
    } catch {
      this.#discardErrors++; // The store keeps what nobody will read; the slots are as good as before.
    }
    area.endDiscard(slots);
  }

  /** Reads a record while the slot is locked, so that nobody else gets it meanwhile. */
  async #readRecord(area: SwapArea, offset: number, into: Uint8Array, neighbours?: SwapNeighbours): Promise<number> {
    while (area.isBusy(offset)) await this.io.next();
    if (!area.isRecord(offset)) return 0;
    area.startIo(offset);
    this.io.begin();
    try {
      const counted = neighbours && {
        recordsMax: neighbours.recordsMax,
        visit: (slot: number, bytes: Uint8Array): void => {
          this.#recordBytesRead += bytes.length;
          neighbours.visit(slot, bytes);
        },
      };
      const length = await area.store.records!.getRecord(offset, into, counted);
      this.#pagesRead++;
      this.#recordsRead++;
      this.#recordBytesRead += length;
      return length;
    } catch (error) {
      throw storeFailure(area.store.type, "reading from", error);
    } finally {
      area.endIo(offset);
      this.io.end();
    }
  }

  /** Waits, and lets reclaim know that something is under way. */
  async #arrival<Result>(wait: Promise<Result>): Promise<Result> {
    this.io.begin();
    try {
      return await wait;
    } finally {
      this.#arrivals++;
      this.io.end();
    }
  }

  #takeSlot(page: PageId): SwapSlot {
    const slot = this.#areas.take(page);
    if (slot === NO_SLOT) this.#slotsExhausted++;
    return slot;
  }

  #free(page: PageId, slot: SwapSlot): void {
    this.readahead.noteGone(this.#table.frame(page));
    this.#frames.give(this.#table.unmap(page, slot));
  }

  #map(page: PageId, frame: Frame, slot: SwapSlot): void {
    this.#table.map(page, frame, slot);
    this.#policy.admit(page);
    this.#giveUpNeedless(page, frame, slot);
  }

  /** A page in memory needs its slot less than one that wants to leave (Linux: vm_swap_full), if that one can have it. */
  #giveUpNeedless(page: PageId, frame: Frame, slot: SwapSlot): void {
    if (slot === NO_SLOT || !this.#isNearlyFull() || this.area(slot).isPlaceLost(offsetOf(slot))) return;
    this.makeDirty(page, frame);
  }

  /** Whether less than half of what devices can take is free. */
  #isNearlyFull(): boolean {
    let free = 0;
    let used = 0;
    const { list } = this.#areas;
    for (let index = 0; index < list.length; index++) {
      free += list[index]!.freePlaces;
      used += list[index]!.usedPlaces;
    }
    return free < used;
  }

  /** The backend's copy is gone: memory holds the only one, and the slot has no more use. */
  #mapExclusive(page: PageId, frame: Frame, slot: SwapSlot): void {
    this.#map(page, frame, NO_SLOT);
    this.area(slot).give(offsetOf(slot));
  }

  #mustBeOnDevice(area: SwapArea, offset: number): void {
    if (!area.isOnDevice(offset)) throw frontswapLost("frontswap", area.type, offset);
  }

  #queue(page: PageId, frame: Frame, slot: SwapSlot): void {
    const area = this.area(slot);
    const offset = offsetOf(slot);
    area.startIo(offset);
    this.#table.setSlot(frame, slot);
    this.#table.clear(frame, DIRTY);
    this.#table.set(frame, WRITEBACK);
    this.writer.add(area, offset, this.#frames.view(frame), (error) => this.#written(page, slot, error));
    this.#startSoon();
  }

  #written(page: PageId, slot: SwapSlot, error: TierError | undefined): void {
    const area = this.area(slot);
    const offset = offsetOf(slot);
    if (!area.endIo(offset)) return; // The page was written to or discarded meanwhile, and is no business of this slot.
    const frame = this.#table.frame(page);
    assert(
      this.#table.has(frame, WRITEBACK) && this.#table.slotOf(frame) === slot,
      "a slot in use belongs to the page that was written",
    );
    const referenced = this.#table.has(frame, REFERENCED);
    const pooled = this.#frontswap.has(area.type, offset);
    this.#table.clear(frame, WRITEBACK | REFERENCED);
    if (error === undefined) {
      area.markOnDevice(offset);
      if (pooled) this.#frontswap.markClean(area.type, offset);
    } else if (!pooled) {
      this.#table.setSlot(frame, NO_SLOT);
      this.#table.set(frame, DIRTY);
      this.giveSlot(slot);
    }
    if (referenced || (error !== undefined && !pooled)) this.#policy.rotate(page);
    else {
      if (this.#poolsOnCompletion) this.#offerClean(slot, frame);
      this.#free(page, slot);
    }
  }

  /** Offers a page that leaves memory, and that the device holds, to the pools; they may refuse, and drop it later. */
  #offerClean(slot: SwapSlot, frame: Frame): void {
    const { type } = this.area(slot);
    const offset = offsetOf(slot);
    if (!this.#frontswap.has(type, offset)) this.#frontswap.store(type, offset, this.#frames.view(frame), "clean");
  }

  /** Starts queued writes once the present work is done, so that a cluster can fill first. */
  #startSoon(): void {
    if (this.#startScheduled) return;
    this.#startScheduled = true;
    void this.#scheduler.turn().then(() => {
      this.#startScheduled = false;
      this.writer.start(this.areas);
    });
  }
}
