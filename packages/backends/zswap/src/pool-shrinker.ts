// Memory pressure on the pool.
//
// It offers its entries, fewer the better they compress, since freeing one gains less. What holds it back differs:
//
// second-chance (Linux 6.12)   an entry that was not looked at since it was stored is spared once; pages that had to be read
//                              from a device since the last count are left out of it; a page that is in memory ends the
//                              scan where loads are exclusive, for then what follows is warmer still
// protection (Linux 6.8)       a number of entries is out of reach: one more for each that is stored or comes back, half of it
//                              gone when it exceeds a quarter of the list. Every store wears it down, so a busy system has
//                              little of it: why it was given up
//
// Linux ends a round of scans in which pages were only spared; here it goes on, up to what is due, so that a pool that has
// most of the memory gives way before memory is called out.
//
// Even when off, it helps when memory is nearly out.

import type { Counters } from "@pagetier/base";
import { DEFAULT_SEEKS, NO_OBJECT, SHRINK_STOP, type ShrinkControl, type Shrinker } from "@pagetier/shrinker";
import type { ZswapOptions } from "./options.js";
import type { StoredPages } from "./stored-pages.js";
import type { WriteBack } from "./write-back.js";

/** Below this priority MM is about to run out of memory, and the pool gives way even if the shrinker is off. */
const EMERGENCY_PRIORITY = 2;
/** Protection is halved when it exceeds this part of the list. */
const PROTECTED_SHARE = 4;

export class PoolShrinker implements Shrinker {
  readonly name = "zswap";
  readonly seeks = DEFAULT_SEEKS;
  readonly #pages: StoredPages;
  readonly #writeBack: WriteBack;
  readonly #options: Pick<ZswapOptions, "poolFull" | "exclusiveLoads">;
  readonly #kind: ZswapOptions["shrinker"];
  /** Pages read from devices that no count has weighed yet. */
  #deviceReads = 0;
  #protected = 0;
  #scanStopsAtWarm = 0;

  constructor(pages: StoredPages, writeBack: WriteBack, options: ZswapOptions) {
    this.#pages = pages;
    this.#writeBack = writeBack;
    this.#options = options;
    this.#kind = options.shrinker;
  }

  noteStore(): void {
    if (this.#kind === "protection") this.#protect();
  }

  noteLoad(): void {
    if (this.#kind === "protection") this.#protect();
  }

  noteDeviceRead(): void {
    if (this.#kind === "protection") this.#protect();
    else if (this.#kind === "second-chance") this.#deviceReads++;
  }

  countObjects(control: ShrinkControl): number {
    const { entries, pool } = this.#pages;
    if (entries.live === 0) return 0;
    const wanted = this.#kind !== false || control.priority < EMERGENCY_PRIORITY;
    if (!wanted) return 0;
    const freeable = this.#mayWriteBack(control) ? this.#freeable() : this.#pages.cleanPages;
    // Never more than there are: half-empty zspages can hold more frames than pages.
    return Math.min(freeable, Math.floor((freeable * pool.totalFrames()) / entries.live));
  }

  scanObjects(control: ShrinkControl): number {
    const { lru, pool } = this.#pages;
    const frames = pool.totalFrames();
    const mayIo = this.#mayWriteBack(control);
    let dropped = 0;
    let scanned = 0;
    let spared = 0;
    if (mayIo && this.#kind === "protection" && this.#protected >= lru.size - control.nrToScan) return SHRINK_STOP;
    while (scanned < control.nrToScan) {
      const entry = this.#pages.coldest;
      if (entry === NO_OBJECT || (scanned > 0 && control.mayGoOn?.() === false)) break;
      scanned++;
      const eviction = this.#writeBack.evict(entry, mayIo, this.#kind !== "protection");
      if (eviction === "dropped") dropped++;
      else if (eviction === "spared") spared++;
      else if (eviction === "submitted") control.submitted++;
      else if (eviction === "noMemory") break;
      else if (eviction === "exists" && this.#kind === "second-chance" && this.#options.exclusiveLoads) {
        this.#scanStopsAtWarm++;
        break;
      }
    }
    control.nrScanned = scanned;
    control.framesFreed += Math.max(0, frames - pool.totalFrames());
    // Sparing pages is progress: a large pool would otherwise be called hopeless before the first of them is met again.
    return dropped + control.submitted + spared === 0 ? SHRINK_STOP : dropped;
  }

  counters(): Counters {
    return {
      shrinkProtectedPages: this.#protected,
      shrinkDeviceReads: this.#deviceReads,
      shrinkStopsAtWarm: this.#scanStopsAtWarm,
    };
  }

  /** Under pressure a pool writes back whatever it does when it is full, except that one of clean copies drops them. */
  #mayWriteBack({ mayIo }: ShrinkControl): boolean {
    return mayIo && this.#options.poolFull !== "drop-clean";
  }

  /** Entries that may go, as far as this kind holds back. */
  #freeable(): number {
    const { size } = this.#pages.lru;
    if (this.#kind === "protection") return Math.max(0, size - this.#protected);
    if (this.#kind !== "second-chance") return size;
    const consumed = Math.min(size, this.#deviceReads);
    this.#deviceReads -= consumed;
    return size - consumed;
  }

  #protect(): void {
    this.#protected++;
    if (this.#protected > Math.floor(this.#pages.lru.size / PROTECTED_SHARE)) this.#protected >>>= 1;
  }
}
