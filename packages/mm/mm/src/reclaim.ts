// Reclaim: who decides what leaves, and when.
//
// Three callers, one pass. A pass at priority p looks at 1/2^p of the pages (at least a cluster) in the order of the
// policy, and then asks every shrinker for its share at the same priority.
// - `reclaimNow` runs inside an access that must not wait: nothing is written to devices, only memory helps (a pool, or
//   pages that have a copy below).
// - `direct` runs for an access that waits: writes are started, and waited for before the priority is raised, since what
//   is on its way out frees frames without more pressure. So are reads: what arrives can leave again.
// - the background reclaimer (kswapd) starts below the low watermark and works in small steps until the high one.
//
// Source: Linux 6.18 mm/vmscan.c (balance_pgdat, do_try_to_free_pages); constants in options.ts.

import type { Clock, Scheduler } from "@pagetier/base";
import type { Frame, PageFrames } from "@pagetier/frames";
import { NO_FRAME } from "@pagetier/frames";
import { type EvictionPolicy, NO_VICTIM } from "@pagetier/policy";
import type { Shrinkers } from "@pagetier/shrinker";
import { CLUSTER_PAGES, PRIORITY_GENTLE, RECLAIM_ROUNDS_MAX } from "./options.js";
import type { PageCache } from "./page-cache.js";
import { FILE, type PageTable } from "./page-table.js";
import type { PageId } from "./space.js";
import type { Swap, SwapOutcome } from "./swap.js";

/**
 * Pages that may stay in a pass that can write nothing (now) before it ends: those behind them will hardly fare better, and
 * each is put back among the warm ones, where it does not belong.
 */
const KEPT_MAX = 4;

export class Reclaim {
  readonly #frames: PageFrames;
  readonly #table: PageTable;
  readonly #policy: EvictionPolicy;
  readonly #swap: Swap;
  readonly #cache: PageCache;
  readonly #shrinkers: Shrinkers;
  readonly #scheduler: Scheduler;
  readonly #clock: Clock;
  readonly #stepPages: number;
  #direct: Promise<boolean> | undefined;
  #kswapd: Promise<void> | undefined;
  #kswapdFailures = 0;
  #stopped = false;
  /** Whether a pass is running: reclaim never starts inside reclaim. */
  #inPass = false;
  #scanned = 0;
  #stolen = 0;
  /** Pages that left at once; a page that is written leaves when the write has settled, if it does. */
  #left = 0;
  #kept = 0;
  #directRuns = 0;
  #nowRuns = 0;
  #kswapdRuns = 0;
  #kswapdSteps = 0;
  #nowNs = 0;

  constructor(parts: {
    readonly frames: PageFrames;
    readonly table: PageTable;
    readonly policy: EvictionPolicy;
    readonly swap: Swap;
    readonly cache: PageCache;
    readonly shrinkers: Shrinkers;
    readonly scheduler: Scheduler;
    readonly stepPages: number;
  }) {
    this.#frames = parts.frames;
    this.#table = parts.table;
    this.#policy = parts.policy;
    this.#swap = parts.swap;
    this.#cache = parts.cache;
    this.#shrinkers = parts.shrinkers;
    this.#scheduler = parts.scheduler;
    this.#clock = parts.scheduler.clock;
    this.#stepPages = parts.stepPages;
  }

  /** Nanoseconds spent reclaiming inside accesses that did not wait. */
  get nowNs(): number {
    return this.#nowNs;
  }

  counters(): Record<string, number> {
    return {
      pagesScanned: this.#scanned,
      pagesStolen: this.#stolen,
      pagesKept: this.#kept,
      directReclaims: this.#directRuns,
      synchronousReclaims: this.#nowRuns,
      kswapdRuns: this.#kswapdRuns,
      kswapdSteps: this.#kswapdSteps,
    };
  }

  /** Starts the background reclaimer if free memory is below the low watermark. Cheap when it is not. */
  wake(): void {
    if (this.#frames.free >= this.#frames.watermarks.low || this.#kswapd !== undefined || this.#stopped) return;
    if (this.#kswapdFailures >= RECLAIM_ROUNDS_MAX) return;
    this.#kswapdRuns++;
    this.#kswapd = this.#balance().finally(() => {
      this.#kswapd = undefined;
    });
  }

  /** Frees up to a cluster of frames without waiting or starting I/O. @returns whether a user page could be taken now */
  reclaimNow(): boolean {
    if (this.#inPass) return false;
    const start = this.#clock.now();
    this.#nowRuns++;
    let freed = 0;
    for (let priority = PRIORITY_GENTLE; priority >= 0 && freed < CLUSTER_PAGES; priority -= 3) {
      const gained = this.#pass(priority, false, CLUSTER_PAGES - freed);
      if (gained === 0) break; // Nothing leaves without I/O: that is for a caller who waits. Looking at more pages costs.
      freed += gained;
    }
    this.#nowNs += this.#clock.now() - start;
    return this.#frames.available("user") > 0;
  }

  /**
   * Reclaims for an access that waits. Callers that come while a run is under way join it. A run that gained nothing
   * gives background work a turn before it says so.
   *
   * @returns whether anything was gained: frames freed, pages that left (be it for a pool that grew as much), pages
   *   written, or an end of other I/O. None of them can go on for ever, so a caller may try again each time.
   */
  direct(): Promise<boolean> {
    this.#direct ??= this.#runDirect().finally(() => {
      this.#direct = undefined;
    });
    return this.#direct;
  }

  /**
   * Frees memory because someone asked, down to the last page.
   *
   * @param bytes how much less should be used
   * @returns how much less is used
   */
  async shrink(bytes: number): Promise<number> {
    const before = this.#frames.usedBytes;
    const freedBytes = (): number => before - this.#frames.usedBytes;
    for (let priority = PRIORITY_GENTLE, stuck = 0; freedBytes() < bytes && stuck < RECLAIM_ROUNDS_MAX; ) {
      const used = this.#frames.usedBytes;
      this.#pass(priority, true, CLUSTER_PAGES);
      await this.#settle();
      if (this.#frames.usedBytes < used) stuck = 0;
      else if (priority > 0) priority--;
      else stuck++;
    }
    return Math.max(0, freedBytes());
  }

  /** Ends background work; waits for what runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#kswapd;
    await this.#direct;
  }

  async #runDirect(): Promise<boolean> {
    this.#directRuns++;
    this.#kswapdFailures = 0; // Whoever waits revives the background reclaimer.
    const before = this.#progress();
    let freed = 0;
    for (let priority = PRIORITY_GENTLE; priority >= 0; priority--) {
      freed += this.#pass(priority, true, CLUSTER_PAGES);
      if (freed >= CLUSTER_PAGES || this.#frames.available("user") > 0) break;
      await this.#settle();
      if (this.#frames.available("user") > 0) break;
    }
    const gained = freed > 0 || this.#progress() > before;
    if (!gained) await this.#scheduler.turn();
    return gained;
  }

  /** A number that grows whenever something happened that may help, even if no frame is free yet. */
  #progress(): number {
    return this.#left + this.#swap.writer.pagesWritten + this.#swap.arrivals + this.#cache.progress;
  }

  async #balance(): Promise<void> {
    const { high } = this.#frames.watermarks;
    let priority = PRIORITY_GENTLE;
    await this.#scheduler.turn();
    while (!this.#stopped && this.#frames.free < high) {
      this.#kswapdSteps++;
      const before = this.#progress();
      const freed = this.#pass(priority, true, this.#stepPages);
      if (freed === 0) await this.#settle();
      if (freed > 0 || this.#progress() > before) {
        this.#kswapdFailures = 0;
      } else if (priority > 1) {
        priority--;
      } else if (++this.#kswapdFailures >= RECLAIM_ROUNDS_MAX) {
        return;
      }
      await this.#scheduler.turn();
    }
  }

  /** Starts queued writes and waits until some I/O ends, if there is any. */
  async #settle(): Promise<void> {
    this.#swap.writer.start(this.#swap.areas);
    this.#cache.writer.start();
    await this.#swap.io.next();
  }

  /** Looks at pages in the policy's order, then at every shrinker. @returns frames freed now */
  #pass(priority: number, mayIo: boolean, wanted: number): number {
    if (this.#inPass) return 0;
    this.#inPass = true;
    try {
      const before = this.#frames.free;
      this.#shrinkPages(priority, mayIo, wanted);
      this.#shrinkers.shrink(priority, mayIo, mayIo);
      this.#swap.discardFreed();
      return Math.max(0, this.#frames.free - before);
    } finally {
      this.#inPass = false;
    }
  }

  #shrinkPages(priority: number, mayIo: boolean, wanted: number): void {
    const scan = Math.min(this.#policy.size, Math.max(CLUSTER_PAGES, this.#policy.size >>> priority));
    let gone = 0;
    let kept = 0;
    for (let count = 0; count < scan && gone < wanted; count++) {
      const page = this.#policy.victim();
      if (page === NO_VICTIM) return;
      this.#scanned++;
      const frame = this.#table.frame(page as PageId);
      const outcome = frame === NO_FRAME ? "kept" : this.#pageOut(page as PageId, frame, mayIo);
      if (outcome === "kept") {
        this.#kept++;
        this.#policy.rotate(page);
        const mayWrite = mayIo && this.#swap.writer.room > 0;
        if (++kept >= KEPT_MAX && !mayWrite) return;
      } else {
        this.#stolen++;
        if (outcome === "freed") this.#left++;
        gone++;
      }
    }
  }

  #pageOut(page: PageId, frame: Frame, mayIo: boolean): SwapOutcome {
    if (this.#table.has(frame, FILE)) return this.#cache.pageOut(page, frame, mayIo);
    return this.#swap.swapOut(page, frame, mayIo);
  }
}
