// Bringing pages back from records, and with them those that lie beside.
//
// What is written back together lies together. A read of one record shows its neighbours, and as many as paid lately go
// into the pool as they are: clean copies, neither decompressed nor compressed again, first to go when the pool is full.

import { assert, type Counters, PAGE_SIZE, TierError } from "@pagetier/base";
import type { PageFrames, PoolLimit } from "@pagetier/frames";
import { frontswapLost, ReadaheadWindow, type SwapWriteback } from "@pagetier/frontswap";
import { CLEAN, CODEC_SHIFT, LENGTH_MASK, NO_ENTRY, RAW, READ_AHEAD, RECORD } from "./entries.js";
import type { StoredPages } from "./stored-pages.js";

/** A read that is under way. */
interface Reading {
  readonly type: number;
  readonly offset: number;
  /** The page was given up or stored anew meanwhile. */
  stale: boolean;
}

export class RecordReader {
  readonly #pages: StoredPages;
  readonly #frames: PageFrames;
  readonly #limit: PoolLimit;
  readonly #writeback: SwapWriteback;
  readonly #window: ReadaheadWindow;
  readonly #readings = new Set<Reading>();
  #recordLoads = 0;
  #readaheadPages = 0;
  #readaheadHits = 0;

  constructor(
    pages: StoredPages,
    frames: PageFrames,
    limit: PoolLimit,
    writeback: SwapWriteback,
    readaheadPages: number,
  ) {
    this.#pages = pages;
    this.#frames = frames;
    this.#limit = limit;
    this.#writeback = writeback;
    this.#window = new ReadaheadWindow(readaheadPages);
  }

  /** Pages that came into the pool by themselves. */
  get readaheadPages(): number {
    return this.#readaheadPages;
  }

  /** An entry is loaded: did it come along with another? */
  noteLoad(entry: number): void {
    const { entries } = this.#pages;
    if (!entries.has(entry, READ_AHEAD)) return;
    entries.clear(entry, READ_AHEAD);
    this.#readaheadHits++;
    this.#window.noteHit();
  }

  /** A slot's page is given up or replaced: what is being read for it is nobody's. */
  noteGone(type: number, offset: number): void {
    if (this.#readings.size === 0) return;
    for (const reading of this.#readings) {
      if (reading.type === type && reading.offset === offset) reading.stale = true;
    }
  }

  /**
   * Reads a page that lies below as a record.
   *
   * @returns `"miss"` when it was given up meanwhile
   * @throws TierError FRONTSWAP_LOST when the record is damaged or gone; STORE_IO when the device fails, with nothing lost
   */
  async read(type: number, offset: number, into: Uint8Array): Promise<"hit" | "miss"> {
    const records = this.#writeback.records?.(type);
    assert(records !== undefined, "what was written as a record can be read as one");
    const reading: Reading = { type, offset, stale: false };
    this.#readings.add(reading);
    const recordsMax = this.#window.next(offset) - 1;
    const visit = (slot: number, bytes: Uint8Array): void => this.#adopt(type, slot, bytes);
    try {
      const length = await records.read(offset, into, recordsMax > 0 ? { recordsMax, visit } : undefined);
      if (reading.stale) return "miss";
      if (length === 0) throw frontswapLost("zswap", type, offset, new Error("its record is gone"));
      this.#pages.restore(type, offset, this.#metaOf(type, offset), length, into);
      this.#recordLoads++;
      return "hit";
    } catch (error) {
      if (reading.stale) return "miss"; // Nobody wants the page any more, so nobody is told.
      if (TierError.is(error, "STORE_CORRUPT")) throw frontswapLost("zswap", type, offset, error);
      throw error;
    } finally {
      this.#readings.delete(reading);
    }
  }

  counters(): Counters {
    return {
      recordLoads: this.#recordLoads,
      readaheadPages: this.#readaheadPages,
      readaheadHits: this.#readaheadHits,
    };
  }

  /** Of a slot with a record; it may have come along with another meanwhile. */
  #metaOf(type: number, offset: number): number {
    const { entries } = this.#pages;
    const entry = entries.find(type, offset);
    return entry === NO_ENTRY ? entries.metaBelow(type, offset) : entries.metaOf(entry);
  }

  /** Takes a neighbour into the pool, if it is still one and there is room to spare. */
  #adopt(type: number, offset: number, bytes: Uint8Array): void {
    const { entries, pool } = this.#pages;
    if (!entries.isBelow(type, offset) || !this.#limit.hasRoomToSpare(pool.totalFrames(), this.#frames.total)) return;
    if (this.#frames.available("user") < 1) return; // What is read ahead starts no reclaim.
    const meta = entries.metaBelow(type, offset);
    if (bytes.length !== (meta & LENGTH_MASK) || bytes.length > PAGE_SIZE) return;
    const codec = meta >>> CODEC_SHIFT;
    const flags = CLEAN | RECORD | READ_AHEAD | (meta & RAW);
    if (this.#pages.adopt(type, offset, bytes, codec, flags)) this.#readaheadPages++;
  }
}
