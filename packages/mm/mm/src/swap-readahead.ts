// Reading more of a device than the page that is wanted: swap-in readahead.
//
// Pages that left together lie together, and are often wanted together again. So a read of one slot takes along its
// neighbours in an aligned window on the device, in one call of the store. How many follows from how many of the pages that
// came along before were used (ReadaheadWindow), or from what `advise` said of the range.
//
// What comes along is a page in memory like any other, clean, its slot kept: if nobody uses it, it leaves without I/O.
// Its frame carries the flag READAHEAD until its first use, which being admitted to the policy stood for. While it is on its way
// it is listed as a fault, which every access to it joins. It takes only frames above the low watermark, so it
// starts no reclaim; and only what lies on the device alone: what a pool has is nearer there than in memory that is short.
//
// Source: Linux 6.18 mm/swap_state.c, swap_cluster_readahead(). Not taken over: the readahead by addresses that Linux has for
// solid state disks. As there, a store that blocks (`io: now`) is fast enough without.

import { assert } from "@pagetier/base";
import { type Frame, NO_FRAME, type PageFrames } from "@pagetier/frames";
import { type FrontswapHook, ReadaheadWindow } from "@pagetier/frontswap";
import type { EvictionPolicy } from "@pagetier/policy";
import type { SlotStatus } from "@pagetier/store";
import type { AccessPatterns } from "./access-patterns.js";
import type { Faults } from "./fault.js";
import { FILE, type PageTable, READAHEAD } from "./page-table.js";
import type { PageId } from "./space.js";
import type { SwapArea } from "./swap-area.js";
import { slotOf } from "./swap-slot.js";
import { storeFailure } from "./swap-writer.js";

/** Of the frames, at most this part is filled by one read: a small memory is not to be flooded. */
const WINDOW_SHARE = 16;

/** A page that comes along with another. */
interface Neighbour {
  readonly offset: number;
  readonly page: PageId;
  readonly frame: Frame;
  readonly accesses: (() => void)[];
}

export interface SwapReadaheadParts {
  readonly frames: PageFrames;
  readonly owner: number;
  readonly table: PageTable;
  readonly policy: EvictionPolicy;
  readonly frontswap: FrontswapHook;
  readonly faults: Faults;
  readonly patterns: AccessPatterns;
  /** Most pages that are read at once; 1: nothing is ever read ahead. */
  readonly pagesMax: number;
}

export class SwapReadahead {
  readonly #frames: PageFrames;
  readonly #owner: number;
  readonly #table: PageTable;
  readonly #policy: EvictionPolicy;
  readonly #frontswap: FrontswapHook;
  readonly #faults: Faults;
  readonly #patterns: AccessPatterns;
  readonly #pagesMax: number;
  readonly #window: ReadaheadWindow;
  #clusters = 0;
  #neighboursRead = 0;
  #pages = 0;
  #hits = 0;
  #unused = 0;

  constructor(parts: SwapReadaheadParts) {
    this.#frames = parts.frames;
    this.#owner = parts.owner;
    this.#table = parts.table;
    this.#policy = parts.policy;
    this.#frontswap = parts.frontswap;
    this.#faults = parts.faults;
    this.#patterns = parts.patterns;
    this.#pagesMax = Math.min(parts.pagesMax, Math.max(1, Math.floor(parts.frames.total / WINDOW_SHARE)));
    this.#window = new ReadaheadWindow(this.#pagesMax);
  }

  /** Pages that were read from devices along with others. */
  get neighboursRead(): number {
    return this.#neighboursRead;
  }

  /**
   * Reads a slot, on which the caller has started I/O, into a frame; and what lies beside it into memory.
   *
   * @param isAhead whether nobody waits for the page
   */
  async read(area: SwapArea, offset: number, page: PageId, frame: Frame, isAhead: boolean): Promise<SlotStatus> {
    this.#clusters++;
    const window = isAhead ? this.#pagesMax : this.#windowOf(area, offset, page);
    if (window <= 1 || area.draining) return (await this.#readStore(area, [offset], [frame]))[0];
    let settle: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const around = area.around(offset, window);
    const neighbours = new Map<number, Neighbour>();
    for (const other of around) {
      const neighbour = other === offset ? undefined : this.#take(area, other, done);
      if (neighbour !== undefined) neighbours.set(other, neighbour);
    }
    const offsets = around.filter((other) => other === offset || neighbours.has(other));
    assert(offsets.includes(offset), "a slot lies in its own window");
    const frames = offsets.map((other) => neighbours.get(other)?.frame ?? frame);
    const statuses = await this.#readStore(area, offsets, frames);
    for (const [at, other] of offsets.entries()) {
      const neighbour = neighbours.get(other);
      if (neighbour !== undefined) this.#arrive(area, neighbour, statuses[at]);
    }
    settle();
    const status = statuses[offsets.indexOf(offset)];
    if (status === undefined || neighbours.size === 0) return status;
    // What is the matter may be a neighbour's: that is no reason for whoever wants this page to do without.
    return (await this.#readStore(area, [offset], [frame]))[0];
  }

  /** A page came in that nobody asked for; it is to be told whether somebody will. */
  noteAhead(frame: Frame): void {
    if (this.#table.has(frame, READAHEAD)) return;
    this.#table.set(frame, READAHEAD);
    this.#pages++;
  }

  /** The first use of a page that came along. */
  noteUse(frame: Frame): void {
    this.#table.clear(frame, READAHEAD);
    this.#hits++;
    this.#window.noteHit();
  }

  /** A page leaves its frame. */
  noteGone(frame: Frame): void {
    if (this.#table.has(frame, READAHEAD)) this.#unused++;
  }

  counters(): Record<string, number> {
    return {
      deviceReadClusters: this.#clusters,
      swapReadaheadPages: this.#pages,
      swapReadaheadHits: this.#hits,
      swapReadaheadUnused: this.#unused,
    };
  }

  verify(): void {
    let waiting = 0;
    this.#table.eachResident((page) => {
      const frame = this.#table.frame(page);
      if (this.#table.has(frame, READAHEAD) && !this.#table.has(frame, FILE)) waiting++;
    });
    assert(this.#pages === this.#hits + this.#unused + waiting, "a page that was read ahead is used, gone, or waits");
  }

  #windowOf(area: SwapArea, offset: number, page: PageId): number {
    if (this.#pagesMax <= 1) return 1;
    switch (this.#patterns.of(page)) {
      case "random":
        return 1;
      case "sequential":
        return this.#pagesMax;
      case "normal":
        return this.#window.next(area.placeOf(offset));
    }
  }

  /** Makes a slot's page come along, if it lies on the device alone and there is memory to spare. */
  #take(area: SwapArea, offset: number, done: Promise<void>): Neighbour | undefined {
    const page = area.pageOf(offset);
    if (page === undefined || area.isBusy(offset) || !area.isOnDevice(offset)) return undefined;
    if (this.#table.word(page) !== slotOf(area.type, offset) || this.#faults.has(page)) return undefined;
    if (this.#frontswap.has(area.type, offset) || this.#patterns.of(page) === "random") return undefined;
    if (this.#frames.free <= this.#frames.watermarks.low) return undefined;
    const frame = this.#frames.take("user", this.#owner);
    if (frame === NO_FRAME) return undefined;
    const accesses: (() => void)[] = [];
    area.startIo(offset);
    this.#faults.set(page, { done, accesses });
    return { offset, page, frame, accesses };
  }

  async #readStore(
    { store }: SwapArea,
    offsets: readonly number[],
    frames: readonly Frame[],
  ): Promise<readonly SlotStatus[]> {
    try {
      const views = frames.map((frame) => this.#frames.view(frame));
      return await store.readPages(offsets, views);
    } catch (error) {
      const failure = storeFailure(store.type, "reading from", error);
      return offsets.map(() => failure);
    }
  }

  /** Whoever waits for a page that did not come tries for itself, and is told why. */
  #arrive(area: SwapArea, { offset, page, frame, accesses }: Neighbour, status: SlotStatus): void {
    const slot = slotOf(area.type, offset);
    area.endIo(offset);
    this.#faults.delete(page);
    if (status === undefined) this.#neighboursRead++;
    if (status !== undefined || this.#table.word(page) !== slot) {
      this.#frames.give(frame);
      return;
    }
    this.#table.map(page, frame, slot);
    this.#policy.admit(page);
    this.noteAhead(frame);
    for (const access of accesses) access();
  }
}
