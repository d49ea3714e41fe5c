// What a full pool does in the background: down to the threshold, coldest first.

import { PAGE_SIZE, type Scheduler } from "@pagetier/base";
import type { PageFrames, PoolLimit } from "@pagetier/frames";
import { NO_OBJECT } from "@pagetier/shrinker";
import { LENGTH_MASK } from "./entries.js";
import type { ZswapOptions } from "./options.js";
import type { StoredPages } from "./stored-pages.js";
import type { Eviction, WriteBack } from "./write-back.js";

/** Failed rounds in a row after which the worker gives up (Linux: MAX_RECLAIM_RETRIES). */
const FAILURES_MAX = 16;
/** Entries written back, and frames freed by compaction, between two looks at the limit. */
export const BATCH = 32;
/** Nanoseconds of compaction, or of filling pages for write-back, after which others have a turn. */
const STEP_NS = 2_000_000;
/** Attempts to make room within a store (Linux 3.14: the retries given to zbud_reclaim_page). */
const RETRIES = 8;

export class Drain {
  readonly #pages: StoredPages;
  readonly #writeBack: WriteBack;
  readonly #frames: PageFrames;
  readonly #limit: PoolLimit;
  readonly #scheduler: Scheduler;
  readonly #options: Pick<ZswapOptions, "drain" | "poolFull">;
  #running: Promise<void> | undefined;
  /** Units that were asked for and not begun, where one at a time is drained. */
  #units = 0;
  #isClosed = false;
  #compactedFrames = 0;

  constructor(parts: {
    readonly pages: StoredPages;
    readonly writeBack: WriteBack;
    readonly frames: PageFrames;
    readonly limit: PoolLimit;
    readonly scheduler: Scheduler;
    readonly options: ZswapOptions;
  }) {
    this.#pages = parts.pages;
    this.#writeBack = parts.writeBack;
    this.#frames = parts.frames;
    this.#limit = parts.limit;
    this.#scheduler = parts.scheduler;
    this.#options = parts.options;
  }

  get compactedFrames(): number {
    return this.#compactedFrames;
  }

  /** A store was refused because the pool is full: work begins, unless it is under way. */
  start(): void {
    if (this.#isClosed || this.#options.poolFull === "refuse") return;
    this.#units++;
    this.#running ??= (this.#options.drain === "unit" ? this.#drainUnits() : this.#drain()).finally(() => {
      this.#running = undefined;
    });
  }

  /** Frees frames that only fragmentation holds. @returns how many */
  compact(): number {
    const freed = this.#pages.pool.compact(BATCH);
    this.#compactedFrames += freed;
    return freed;
  }

  /** Moves one entry or frame on now, as Linux 3.14 did within a store. @returns whether something left, or is on its way */
  reclaimOne(): boolean {
    for (let attempt = 0; attempt < RETRIES; attempt++) if (this.#evictUnit()) return true;
    this.#writeBack.noteFailure();
    return false;
  }

  /** Stops the work, and waits for it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #drain(): Promise<void> {
    let failures = 0;
    const { clock } = this.#scheduler;
    await this.#scheduler.turn();
    let stepEnd = clock.now() + STEP_NS;
    while (!this.#isClosed && failures < FAILURES_MAX && this.#isAboveThreshold()) {
      if (clock.now() >= stepEnd) {
        await this.#scheduler.turn();
        stepEnd = clock.now() + STEP_NS;
      }
      if (this.compact() > 0) continue;
      const before = this.#writeBack.left;
      const submitted = this.#evictBatch(stepEnd);
      if (submitted > 0) await this.#writeBack.flush();
      else await this.#scheduler.turn();
      if (this.#writeBack.left === before) failures++;
      else failures = 0;
    }
    this.#units = 0;
  }

  /** @returns pages that were submitted: one at least, where one can be */
  #evictBatch(stepEnd: number): number {
    const { entries } = this.#pages;
    const { clock } = this.#scheduler;
    let submitted = 0;
    // Zpages stay until their writes have settled, so what is on its way out counts here: no more leaves than must.
    let leavingBytes = 0;
    for (let count = 0; count < BATCH && this.#isAboveThreshold(leavingBytes); count++) {
      const entry = this.#pages.coldest;
      if (entry === NO_OBJECT || (submitted > 0 && clock.now() >= stepEnd)) break;
      for (const member of this.#pages.frameOf(entry)) {
        const length = entries.metaOf(member) & LENGTH_MASK;
        const eviction = this.#evict(member);
        if (eviction === "noMemory") return submitted;
        if (eviction !== "submitted") continue;
        submitted++;
        leavingBytes += length;
      }
    }
    return submitted;
  }

  /** One entry or frame for each refused store (Linux 6.1: one page of the pool for each run of shrink_worker). */
  async #drainUnits(): Promise<void> {
    await this.#scheduler.turn();
    for (; this.#units > 0 && !this.#isClosed; this.#units--) {
      const isMoving = this.#evictUnit();
      if (!isMoving) this.#writeBack.noteFailure();
      await (isMoving ? this.#writeBack.flush() : this.#scheduler.turn());
    }
  }

  /** @returns whether anything of it left, or is on its way */
  #evictUnit(): boolean {
    const entry = this.#pages.coldest;
    if (entry === NO_OBJECT) return false;
    let moved = false;
    for (const member of this.#pages.frameOf(entry)) {
      const eviction = this.#evict(member);
      if (eviction === "dropped" || eviction === "submitted") moved = true;
    }
    return moved;
  }

  #evict(entry: number): Eviction {
    return this.#writeBack.evict(entry, this.#options.poolFull === "writeback-lru", false);
  }

  /** @param leavingBytes zpages that will be gone soon */
  #isAboveThreshold(leavingBytes = 0): boolean {
    const leaving = Math.floor(leavingBytes / PAGE_SIZE);
    return !this.#limit.isBelowThreshold(this.#pages.pool.totalFrames() - leaving, this.#frames.total);
  }
}
