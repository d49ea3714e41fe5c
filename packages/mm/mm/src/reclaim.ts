// Reclaim: who decides what leaves, and when.
//
// Three callers, one pass. A pass at priority p looks at 1/2^p of the pages (at least a cluster), divided between
// anonymous pages and pages of files (scan-balance.ts) in the order of their lists, and then asks every shrinker for its
// share at the same priority. With `engine: shrinkers` the page lists are themselves shrinkers, and a pass is nothing
// but the round of the registry; with `trigger: shrinker` that holds for the anonymous list alone.
// - `reclaimNow` runs inside an access that must not wait: nothing is written to devices, only memory helps (a pool, or
//   pages that have a copy below).
// - `direct` runs for an access that waits: writes are started, and waited for before the priority is raised, since what
//   is on its way out frees frames without more pressure. So are reads: what arrives can leave again.
// - the background reclaimer (kswapd) starts below the low watermark and works in small steps, bounded in pages and in
//   time, until the high one.
//
// None of them keeps everybody else from running for longer than a step's time and one page: a pass looks at the clock before
// each page, and whoever waits lets others run before it goes on. A run of `direct` whose step is cut short goes on at the same
// priority until it has looked at its share, so that a slow codec does not make reclaim more desperate.
//
// Source: Linux 6.18 mm/vmscan.c (balance_pgdat, do_try_to_free_pages); constants in options.ts.

import type { Clock, Scheduler } from "@pagetier/base";
import type { Frame, PageFrames } from "@pagetier/frames";
import { NO_FRAME } from "@pagetier/frames";
import { NO_VICTIM } from "@pagetier/policy";
import type { Shrinkers } from "@pagetier/shrinker";
import type { LruShrinker } from "./lru-shrinker.js";
import { CLUSTER_PAGES, type MmOptions, PRIORITY_GENTLE, RECLAIM_ROUNDS_MAX } from "./options.js";
import type { PageCache } from "./page-cache.js";
import type { PageList } from "./page-list.js";
import type { PageLists } from "./page-lists.js";
import { DIRTY, FILE, type PageTable } from "./page-table.js";
import type { PoolBalance } from "./pool-balance.js";
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
  readonly #lists: PageLists;
  readonly #swap: Swap;
  readonly #cache: PageCache;
  readonly #shrinkers: Shrinkers;
  readonly #pools: PoolBalance | undefined;
  readonly #scheduler: Scheduler;
  readonly #clock: Clock;
  readonly #options: MmOptions;
  /** Whether the loop scans the kind itself; otherwise the list is a shrinker. */
  readonly #scansAnon: boolean;
  readonly #scansFile: boolean;
  #direct: Promise<boolean> | undefined;
  #kswapd: Promise<void> | undefined;
  #kswapdFailures = 0;
  #stopped = false;
  /** Whether a pass is running: reclaim never starts inside reclaim. */
  #inPass = false;
  /** When the pass that is running has to end. */
  #deadline = 0;
  readonly #hasTime = (): boolean => this.#clock.now() < this.#deadline;
  /** When runs for those who wait have to let others run: runs that follow each other without waiting share a step. */
  #stepEnd = 0;
  /** What is left of shares too small for a page, so that small lists have their turn too. */
  #anonCarry = 0;
  /** Objects that the last pass's shrinkers sent on their way through I/O. */
  #submitted = 0;
  #scanned = 0;
  #anonScanned = 0;
  #stolen = 0;
  /** Pages that left at once; a page that is written leaves when the write has settled, if it does. */
  #left = 0;
  #kept = 0;
  #directRuns = 0;
  #nowRuns = 0;
  #kswapdRuns = 0;
  #kswapdSteps = 0;
  #nowNs = 0;
  #directNs = 0;
  readonly #passes = new Array<number>(PRIORITY_GENTLE + 1).fill(0);

  constructor(parts: {
    readonly frames: PageFrames;
    readonly table: PageTable;
    readonly lists: PageLists;
    readonly swap: Swap;
    readonly cache: PageCache;
    readonly shrinkers: Shrinkers;
    /** Where MM sizes the pools. */
    readonly pools: PoolBalance | undefined;
    readonly scheduler: Scheduler;
    readonly options: MmOptions;
  }) {
    this.#frames = parts.frames;
    this.#table = parts.table;
    this.#lists = parts.lists;
    this.#swap = parts.swap;
    this.#cache = parts.cache;
    this.#shrinkers = parts.shrinkers;
    this.#pools = parts.pools;
    this.#scheduler = parts.scheduler;
    this.#clock = parts.scheduler.clock;
    this.#options = parts.options;
    this.#scansAnon = parts.options.engine === "classic" && parts.options.trigger !== "shrinker";
    this.#scansFile = parts.options.engine === "classic";
  }

  /** Makes a list that is a shrinker send its pages out through here. */
  connect(list: LruShrinker): void {
    list.connect((page, mayIo) => {
      const outcome = this.#leave(page as PageId, mayIo);
      if (outcome !== "kept") this.#lists.workingset.evict(page);
      return outcome;
    });
    this.#shrinkers.register(list);
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
      anonPagesScanned: this.#anonScanned,
      directReclaimNs: this.#directNs,
      synchronousReclaimNs: this.#nowNs,
      ...Object.fromEntries(this.#passes.map((passes, priority) => [`passesAtPriority${priority}`, passes])),
      ...this.#lists.counters(),
      ...this.#pools?.counters(),
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
    // The loop looks at a cluster at least, whatever the priority; shrinkers take every step of it to come into play.
    const step = this.#scansAnon ? 3 : 1;
    for (let priority = PRIORITY_GENTLE; priority >= 0 && freed < CLUSTER_PAGES; ) {
      const looked = this.#scanned;
      const gained = this.#pass(priority, false, CLUSTER_PAGES - freed, start + this.#options.kswapdStepNs);
      freed += gained;
      if (!this.#hasTime()) break;
      // A page that goes into a pool frees a part of a frame: more of the same, not more pressure, which would empty the pools.
      if (gained > 0) continue;
      // Nothing leaves without I/O: that is for a caller who waits. Looking at more pages costs.
      if (this.#scanned > looked) break;
      priority -= step;
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
    // Frames that a write takes and gives back, whether it failed or not, are no progress.
    let least = before;
    for (let priority = PRIORITY_GENTLE, stuck = 0; freedBytes() < bytes && stuck < RECLAIM_ROUNDS_MAX; ) {
      await this.#passInSteps(priority);
      await this.#settle();
      if (this.#frames.usedBytes < least) {
        least = this.#frames.usedBytes;
        stuck = 0;
      } else if (priority > 0) priority--;
      else stuck++;
    }
    return Math.max(0, freedBytes());
  }

  /** Sends a page out of memory that someone named, whatever its list thinks of it; it may be written. */
  evict(list: PageList, page: PageId): SwapOutcome {
    if (this.#inPass) return "kept";
    this.#inPass = true;
    try {
      list.take(page);
      const outcome = this.#leave(page, true);
      if (outcome === "kept") list.rotate(page);
      return outcome;
    } finally {
      this.#inPass = false;
    }
  }

  /** Ends background work; waits for what runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#kswapd;
    await this.#direct;
  }

  async #runDirect(): Promise<boolean> {
    const start = this.#clock.now();
    try {
      return await this.#reclaimDirectly();
    } finally {
      this.#directNs += this.#clock.now() - start;
    }
  }

  async #reclaimDirectly(): Promise<boolean> {
    this.#directRuns++;
    this.#kswapdFailures = 0; // Whoever waits revives the background reclaimer.
    const before = this.#progress();
    let freed = 0;
    for (let priority = PRIORITY_GENTLE; priority >= 0; priority--) {
      freed += await this.#passInSteps(priority);
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
      const deadline = this.#clock.now() + this.#options.kswapdStepNs;
      const freed = this.#pass(priority, true, this.#options.kswapdStepPages, deadline);
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
    const isElsewhere = this.#swap.io.count === 0 && this.#submitted > 0;
    if (isElsewhere || !this.#options.waitsForIo) await this.#scheduler.turn();
    else await this.#swap.io.next();
  }

  /** A pass for someone who waits, in as many steps as its share takes; others run between two of them. @returns frames freed */
  async #passInSteps(priority: number): Promise<number> {
    const end = this.#scanned + Math.max(CLUSTER_PAGES, this.#lists.size >>> priority);
    let freed = 0;
    for (;;) {
      const looked = this.#scanned;
      const now = this.#clock.now();
      const isWhole = now >= this.#stepEnd;
      if (isWhole) this.#stepEnd = now + this.#options.kswapdStepNs;
      freed += this.#pass(priority, true, CLUSTER_PAGES - freed, this.#stepEnd);
      if (this.#clock.now() < this.#stepEnd) return freed;
      await this.#scheduler.turn();
      const isStuck = isWhole && this.#scanned === looked; // The rest of another run's step may be too short for a page.
      const isDone = freed >= CLUSTER_PAGES || isStuck || this.#scanned >= end;
      if (isDone || this.#frames.available("user") > 0) return freed;
    }
  }

  /** Looks at pages in the order of their lists, then at every shrinker, until the deadline. @returns frames freed now */
  #pass(priority: number, mayIo: boolean, wanted: number, deadline: number): number {
    if (this.#inPass) return 0;
    this.#inPass = true;
    this.#deadline = deadline;
    this.#passes[priority]!++;
    try {
      const before = this.#frames.free;
      if (this.#scansFile) this.#scanLists(priority, mayIo, wanted);
      this.#pools?.run(mayIo, this.#hasTime);
      this.#submitted = this.#shrinkers.shrink(priority, mayIo, mayIo, this.#hasTime).submitted;
      this.#swap.discardFreed();
      return Math.max(0, this.#frames.free - before);
    } finally {
      this.#inPass = false;
    }
  }

  /** Scans the lists that are not shrinkers, a cluster of each in turn, until enough went. */
  #scanLists(priority: number, mayIo: boolean, wanted: number): void {
    const { anon, file } = this.#lists;
    const shares = this.#shares(priority);
    let anonLeft = this.#scansAnon ? shares.anon : 0;
    let fileLeft = shares.file;
    // However late it is, a page is looked at: a step that does nothing would lead nowhere.
    for (let gone = 0, begun = false; gone < wanted && anonLeft + fileLeft > 0 && (!begun || this.#hasTime()); ) {
      begun = true;
      if (anonLeft > 0) {
        gone += this.#scanList(anon, Math.min(anonLeft, CLUSTER_PAGES), mayIo, wanted - gone);
        anonLeft -= CLUSTER_PAGES;
      }
      if (fileLeft > 0 && gone < wanted) {
        gone += this.#scanList(file, Math.min(fileLeft, CLUSTER_PAGES), mayIo, wanted - gone);
      }
      fileLeft -= CLUSTER_PAGES;
      anonLeft = Math.max(0, anonLeft);
      fileLeft = Math.max(0, fileLeft);
    }
  }

  /** How many pages of each list a pass looks at: a cluster at least, where there are as many. */
  #shares(priority: number): { anon: number; file: number } {
    const anonSize = this.#scansAnon ? this.#lists.anon.size : 0;
    const fileSize = this.#lists.file.size;
    if (anonSize === 0 || fileSize === 0) {
      const total = Math.max(anonSize, fileSize);
      const scan = Math.min(total, Math.max(CLUSTER_PAGES, total >>> priority));
      return anonSize === 0 ? { anon: 0, file: scan } : { anon: scan, file: 0 };
    }
    const weights = this.#lists.weights(priority);
    const anon = Math.floor((anonSize >>> priority) * weights.anon);
    const file = Math.floor((fileSize >>> priority) * weights.file);
    if (anon + file >= CLUSTER_PAGES) return { anon, file };
    const anonWeight = anonSize * weights.anon;
    const exact = (CLUSTER_PAGES * anonWeight) / (anonWeight + fileSize * weights.file) + this.#anonCarry;
    const whole = Math.min(CLUSTER_PAGES, Math.floor(exact));
    this.#anonCarry = exact - whole;
    return { anon: Math.min(anonSize, whole), file: Math.min(fileSize, CLUSTER_PAGES - whole) };
  }

  /** @returns pages gone, or on their way out */
  #scanList(list: PageList, scan: number, mayIo: boolean, wanted: number): number {
    let gone = 0;
    let kept = 0;
    let queued = 0;
    for (let count = 0; count < scan && gone < wanted; count++) {
      if (count > 0 && !this.#hasTime()) break;
      const page = list.victim();
      if (page === NO_VICTIM) break;
      const outcome = this.#leave(page as PageId, mayIo);
      if (outcome === "kept") {
        list.rotate(page);
        const mayWrite = mayIo && this.#swap.writer.room > 0;
        if (++kept >= KEPT_MAX && !mayWrite) break;
      } else {
        gone++;
        if (outcome === "queued") queued++;
      }
    }
    this.#lists.noteScan(list.kind, queued, kept);
    return gone;
  }

  /** Sends a page out of memory that its list gave up. */
  #leave(page: PageId, mayIo: boolean): SwapOutcome {
    this.#scanned++;
    const frame = this.#table.frame(page);
    const outcome = frame === NO_FRAME ? "kept" : this.#pageOut(page, frame, mayIo);
    if (outcome === "kept") this.#kept++;
    else {
      this.#stolen++;
      if (outcome === "freed") this.#left++;
      this.#options.observer?.evicted?.(page, outcome);
    }
    return outcome;
  }

  #pageOut(page: PageId, frame: Frame, mayIo: boolean): SwapOutcome {
    if (this.#table.has(frame, FILE)) return this.#cache.pageOut(page, frame, mayIo);
    this.#anonScanned++;
    const dirty = this.#table.has(frame, DIRTY);
    const outcome = this.#swap.swapOut(page, frame, mayIo);
    if (dirty && outcome === "freed") this.#pools?.noteStore();
    return outcome;
  }
}
