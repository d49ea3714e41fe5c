// Moving pages on: in the form of a page, or as records. Whatever the form, the zpage stays until its write is durable.
//
//   raw            decompressed into the lent page, which goes to its slot            (Linux' zswap)
//   compressed     the zpage as it is                                                 (zram's compressed write-back)
//   recompressed   decompressed, compressed with the stronger codec; the zpage as it is where that gains nothing
//
// Where an area's store keeps no records its pages go down raw.

import { type Counters, PAGE_SIZE, TierError } from "@pagetier/base";
import { INCOMPRESSIBLE } from "@pagetier/compressor";
import type { SwapClaim, SwapWriteback, WritebackOutcome } from "@pagetier/frontswap";
import { CLEAN, CODEC_SHIFT, IN_FLIGHT, LENGTH_MASK, RAW, REFERENCED } from "./entries.js";
import type { ZswapOptions } from "./options.js";
import type { StoredPages } from "./stored-pages.js";

/**
 * What became of one attempt to move an entry on.
 * - `"spared"`: it had its second chance; the next time it goes.
 * - `"busy"`: it is being written already, or may not be.
 * - `"exists"`: its page is in memory: nothing gained, and what is newer is warmer still.
 * - `"noMemory"`: no page is lent now; trying others is no use.
 */
export type Eviction = "dropped" | "submitted" | "spared" | "busy" | "exists" | "noMemory" | "failed";

export class WriteBack {
  readonly #pages: StoredPages;
  readonly #writeback: SwapWriteback;
  readonly #form: ZswapOptions["writeback"];
  #writtenBackPages = 0;
  #writtenBackRecords = 0;
  #writtenBackBytes = 0;
  #recompressedPages = 0;
  #droppedCleanPages = 0;
  #rejectReclaimFail = 0;

  constructor(pages: StoredPages, writeback: SwapWriteback, form: ZswapOptions["writeback"]) {
    this.#pages = pages;
    this.#writeback = writeback;
    this.#form = form;
  }

  /** Entries that left this way or another. */
  get left(): number {
    return this.#writtenBackPages + this.#droppedCleanPages;
  }

  /** Clusters that are not full are started. Resolves when all that was submitted has settled. */
  flush(): Promise<void> {
    return this.#writeback.flush();
  }

  /** A whole attempt to make room came to nothing. */
  noteFailure(): void {
    this.#rejectReclaimFail++;
  }

  /**
   * Tries to move an entry out. Whatever happens, it is not the oldest one afterwards (or it is gone).
   *
   * @param secondChance whether a referenced entry is spared once
   */
  evict(entry: number, mayIo: boolean, secondChance: boolean): Eviction {
    const { entries, lru } = this.#pages;
    lru.moveToNewest(entry);
    const meta = entries.metaOf(entry);
    if ((meta & CLEAN) !== 0) {
      this.#droppedCleanPages++;
      this.#pages.drop(entry, true);
      return "dropped";
    }
    if (!mayIo || (meta & IN_FLIGHT) !== 0) return "busy";
    if (secondChance && (meta & REFERENCED) !== 0) {
      entries.clear(entry, REFERENCED);
      return "spared";
    }
    return this.#start(entry);
  }

  counters(): Counters {
    return {
      writtenBackPages: this.#writtenBackPages,
      writtenBackRecords: this.#writtenBackRecords,
      writtenBackBytes: this.#writtenBackBytes,
      recompressedPages: this.#recompressedPages,
      droppedCleanPages: this.#droppedCleanPages,
      rejectReclaimFail: this.#rejectReclaimFail,
    };
  }

  #start(entry: number): Eviction {
    const { entries } = this.#pages;
    const generation = entries.generationOf(entry);
    const type = entries.typeOf(entry);
    const offset = entries.offsetOf(entry);
    const claim = this.#writeback.claim(type, offset);
    if (claim === "noMemory" || claim === "exists") return claim;
    const isSame = (): boolean => entries.find(type, offset) === entry && entries.generationOf(entry) === generation;
    // The slot may have been given back and taken again while the claim was made.
    if (!isSame()) {
      this.#writeback.release(claim);
      return "failed";
    }
    const asRecord = this.#form !== "raw" && this.#writeback.records?.(type) !== undefined;
    let meta = 0;
    try {
      if (asRecord) meta = this.#fillRecord(entry, claim);
      else this.#pages.fill(entry, claim.page);
    } catch (error) {
      this.#writeback.release(claim);
      this.#rejectReclaimFail++;
      if (!TierError.is(error, "FRONTSWAP_LOST")) throw error;
      return "failed";
    }
    entries.set(entry, IN_FLIGHT);
    const settled = (outcome: WritebackOutcome): boolean => {
      if (!isSame()) return false;
      entries.clear(entry, IN_FLIGHT);
      if (outcome === "failed") {
        this.#rejectReclaimFail++;
        return false;
      }
      this.#writtenBackPages++;
      if (asRecord) this.#settleRecord(entry, meta);
      else {
        this.#writtenBackBytes += PAGE_SIZE;
        this.#pages.drop(entry);
      }
      return true;
    };
    if (asRecord) this.#writeback.submitRecord!(claim, meta & LENGTH_MASK, settled);
    else this.#writeback.submit(claim, settled);
    return "submitted";
  }

  #settleRecord(entry: number, meta: number): void {
    this.#writtenBackRecords++;
    this.#writtenBackBytes += meta & LENGTH_MASK;
    this.#pages.sink(entry, meta);
  }

  /** Fills a claim with the bytes of a record. @returns its length, codec and whether it is raw */
  #fillRecord(entry: number, claim: SwapClaim): number {
    const { entries, codecs } = this.#pages;
    const meta = entries.metaOf(entry) & ((0xff << CODEC_SHIFT) | LENGTH_MASK | RAW);
    if (this.#form === "recompressed" && (meta & RAW) === 0 && meta >>> CODEC_SHIFT !== codecs.strong) {
      const strong = codecs.at(codecs.strong);
      this.#pages.fill(entry, claim.page);
      strong.input.set(claim.page);
      const length = strong.compress(PAGE_SIZE);
      if (length !== INCOMPRESSIBLE && length < (meta & LENGTH_MASK)) {
        claim.page.set(strong.output.subarray(0, length));
        this.#recompressedPages++;
        return length | (codecs.strong << CODEC_SHIFT);
      }
    }
    this.#pages.copyZpage(entry, claim.page);
    return meta;
  }
}
