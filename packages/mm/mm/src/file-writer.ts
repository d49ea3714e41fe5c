// Write-back of dirty file pages.
//
// A page is dirty from the write that changed it until a write of the store took its bytes; if that write fails it is
// dirty again. It stays readable and writable throughout, and a page that is changed while it is being written is written
// again afterwards: never are two writes of one page under way.
//
// Five callers: reclaim (a cold page that must leave; its dirty neighbours go along), the background writer (more than a
// tenth of memory is dirty: longest dirty first), throttled writers (a fifth is), the flusher (a page has been dirty for long),
// and `sync`. Pages are grouped into
// aligned windows of a cluster, so that what lies together is written together. What is under way counts against the
// same bound as swap-out.
//
// The flusher looks at intervals, as long as anything is dirty, for pages that have been so for longer than they may. One whose
// write failed counts as dirty since then. Ages are those of pages; Linux goes by when a file first became dirty.
//
// Source: Linux 6.18 mm/page-writeback.c (dirty_background_ratio, dirty_ratio, dirty_expire_interval), fs/fs-writeback.c.

import { assert, type Scheduler, type TierError } from "@pagetier/base";
import { type Frame, NO_FRAME, type PageFrames } from "@pagetier/frames";
import type { SlotStatus } from "@pagetier/store";
import type { CachedFile, FileWrite } from "./cached-file.js";
import type { InFlight } from "./in-flight.js";
import { CLUSTER_PAGES, DIRTY_BACKGROUND_PERCENT, DIRTY_LIMIT_PERCENT, RECLAIM_ROUNDS_MAX } from "./options.js";
import { DIRTY, type PageTable } from "./page-table.js";
import { pause } from "./pause.js";
import { type SwapWriter, storeFailure } from "./swap-writer.js";

export class FileWriter {
  readonly #files: ReadonlySet<CachedFile>;
  readonly #frames: PageFrames;
  readonly #table: PageTable;
  readonly #scheduler: Scheduler;
  readonly #io: InFlight;
  /** Bounds what is under way, together with swap-out. */
  readonly #swapWriter: SwapWriter;
  /** The write of a page that is in memory has settled; if it failed, the page is dirty again. */
  readonly #onSettled: (file: CachedFile, index: number, frame: Frame) => void;
  readonly #expireNs: number;
  readonly #flushNs: number;
  #background: Promise<void> | undefined;
  #isFlushing = false;
  #stopped = false;
  #startScheduled = false;
  #dirty = 0;
  #queued = 0;
  #writing = 0;
  #pagesWritten = 0;
  #clusters = 0;
  #errors = 0;
  #throttled = 0;
  #backgroundRuns = 0;
  #expired = 0;
  #lastError: TierError | undefined;

  constructor(parts: {
    readonly files: ReadonlySet<CachedFile>;
    readonly frames: PageFrames;
    readonly table: PageTable;
    readonly scheduler: Scheduler;
    readonly io: InFlight;
    readonly swapWriter: SwapWriter;
    readonly onSettled: (file: CachedFile, index: number, frame: Frame) => void;
    /** How long pages may be dirty, and how often that is looked at, in nanoseconds; 0: never. */
    readonly expireNs: number;
    readonly flushNs: number;
  }) {
    this.#files = parts.files;
    this.#frames = parts.frames;
    this.#table = parts.table;
    this.#scheduler = parts.scheduler;
    this.#io = parts.io;
    this.#swapWriter = parts.swapWriter;
    this.#onSettled = parts.onSettled;
    this.#expireNs = parts.expireNs;
    this.#flushNs = parts.flushNs;
  }

  get dirtyPages(): number {
    return this.#dirty;
  }

  get pagesWritten(): number {
    return this.#pagesWritten;
  }

  /** Why the last page that could not be written was not. */
  get lastError(): TierError | undefined {
    return this.#lastError;
  }

  /** Pages that may be queued now. */
  get room(): number {
    return Math.max(0, this.#swapWriter.room - this.#queued);
  }

  /** Whether so much is dirty, or on its way, that clean pages should not become dirty. */
  get isThrottled(): boolean {
    return (this.#dirty + this.#writing) * 100 >= this.#frames.total * DIRTY_LIMIT_PERCENT;
  }

  counters(): Record<string, number> {
    return {
      dirtyFilePages: this.#dirty,
      fileWrites: this.#pagesWritten,
      fileWriteClusters: this.#clusters,
      fileWriteErrors: this.#errors,
      fileWritersThrottled: this.#throttled,
      backgroundWriteRuns: this.#backgroundRuns,
      expiredFilePages: this.#expired,
    };
  }

  /** A page has become dirty. Starts the background writer where that was one too many. */
  noteDirty(file: CachedFile, index: number, frame: Frame): void {
    this.#table.set(frame, DIRTY);
    file.dirty.set(index, this.#scheduler.clock.now());
    this.#dirty++;
    if (!this.#isFlushing && this.#flushNs > 0 && !this.#stopped) void this.#flush();
    if (this.#background !== undefined || this.#stopped || !this.#isOverBackground()) return;
    this.#backgroundRuns++;
    this.#background = this.#writeInBackground().finally(() => {
      this.#background = undefined;
    });
  }

  /** A page is dropped, whatever it holds. A write of it that is under way goes on. */
  forget(file: CachedFile, index: number): void {
    if (file.dirty.delete(index)) this.#dirty--;
    if (file.queued.delete(index)) this.#queued--;
  }

  /** Queues a dirty page that is not being written, and its dirty neighbours. */
  queue(file: CachedFile, index: number): void {
    this.#queue(file, index);
    this.#queueWindow(file, index);
    if (file.queued.size >= CLUSTER_PAGES) this.#startQueued(file);
    else this.#startSoon();
  }

  /** Starts what is queued. */
  start(): void {
    for (const file of this.#files) if (file.queued.size > 0) this.#startQueued(file);
  }

  /**
   * Waits until fewer pages are dirty.
   *
   * @param mustGoOn throws when waiting has no sense any more
   * @throws TierError why pages cannot be written, when round after round of them fails
   */
  async throttle(mustGoOn: () => void): Promise<void> {
    this.#throttled++;
    for (let failures = 0; this.isThrottled; ) {
      mustGoOn();
      const errors = this.#errors;
      const written = this.#pagesWritten;
      this.#queueOldest(CLUSTER_PAGES);
      this.start();
      await this.#io.next();
      if (this.#pagesWritten > written) failures = 0;
      else if (this.#errors > errors && ++failures >= RECLAIM_ROUNDS_MAX) throw this.#lastError!;
    }
  }

  /**
   * Writes every page that is dirty now. What becomes dirty meanwhile does not prolong it.
   *
   * @throws TierError STORE_IO, STORE_NO_SPACE, …: the first failure; the pages concerned are dirty still
   */
  async sync(file: CachedFile): Promise<void> {
    // What is on its way may carry older bytes, and what of it fails is dirty again.
    await Promise.all([...file.writing.values()].map((write) => write.done));
    const wanted = [...file.dirty.keys()].sort((a, b) => a - b);
    const writes: [index: number, write: FileWrite][] = [];
    for (let first = 0; first < wanted.length; ) {
      for (; this.#swapWriter.room === 0; await this.#io.next()) this.start();
      const end = Math.min(wanted.length, first + CLUSTER_PAGES, first + this.#swapWriter.room);
      const batch: number[] = [];
      for (; first < end; first++) {
        const index = wanted[first]!;
        const running = file.writing.get(index); // It started after this did, so its bytes are new enough.
        if (running !== undefined) writes.push([index, running]);
        else if (file.dirty.has(index)) batch.push(index);
      }
      if (batch.length === 0) continue;
      const write = this.#start(file, batch);
      for (const index of batch) writes.push([index, write]);
    }
    for (const [index, write] of writes) {
      await write.done;
      const error = write.errors.get(index);
      if (error !== undefined) throw error;
    }
  }

  /** Waits for all writes of the file. */
  async settled(file: CachedFile): Promise<void> {
    await Promise.all([...file.writing.values()].map((write) => write.done));
  }

  /** Waits for all writes of all files that are under way. */
  async settledAll(): Promise<void> {
    await Promise.all([...this.#files].map((file) => this.settled(file)));
  }

  /** Ends background work. The flusher may sleep on for a moment; it does nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#background;
  }

  verify(): void {
    let dirty = 0;
    let queued = 0;
    let writing = 0;
    for (const file of this.#files) {
      dirty += file.dirty.size;
      queued += file.queued.size;
      writing += file.writing.size;
    }
    assert(dirty === this.#dirty, "dirtyFilePages counts the dirty pages of all files");
    assert(queued === this.#queued, "the writer counts the queued pages of all files");
    assert(writing === this.#writing, "the writer counts the pages of all files that are being written");
  }

  #isOverBackground(): boolean {
    return this.#dirty * 100 > this.#frames.total * DIRTY_BACKGROUND_PERCENT;
  }

  async #writeInBackground(): Promise<void> {
    await this.#scheduler.turn();
    const errors = this.#errors;
    while (!this.#stopped && this.#isOverBackground() && this.#errors === errors) {
      this.#queueOldest(CLUSTER_PAGES);
      this.start();
      await this.#io.next();
    }
  }

  /** Looks for pages that have been dirty for too long, until none is dirty. */
  async #flush(): Promise<void> {
    this.#isFlushing = true;
    const isOver = (): boolean => this.#stopped || this.#dirty === 0;
    while (!isOver()) {
      await pause(this.#scheduler, this.#flushNs, isOver);
      if (!isOver()) await this.#writeExpired(this.#scheduler.clock.now() - this.#expireNs);
    }
    this.#isFlushing = false;
  }

  /** Writes what has been dirty since then or before, and what lies beside it. */
  async #writeExpired(since: number): Promise<void> {
    for (const file of [...this.#files]) {
      for (const [index, from] of [...file.dirty]) {
        if (from > since || this.#stopped) break;
        for (; this.room === 0 && this.#io.count > 0; await this.#io.next()) this.start();
        // It may have been written, or dropped, while this waited; and then be dirty anew.
        if ((file.dirty.get(index) ?? Number.POSITIVE_INFINITY) > since || file.writing.has(index)) continue;
        if (this.room === 0) return;
        this.#expired++;
        this.#queueWindow(file, index);
      }
    }
    this.start();
  }

  #queue(file: CachedFile, index: number): void {
    if (file.queued.has(index)) return;
    file.queued.add(index);
    this.#queued++;
  }

  /** Queues the dirty pages of the cluster in which a page lies. */
  #queueWindow(file: CachedFile, index: number): void {
    const first = index - (index % CLUSTER_PAGES);
    for (let other = first; other < first + CLUSTER_PAGES && this.room > 0; other++) {
      if (file.dirty.has(other) && !file.writing.has(other)) this.#queue(file, other);
    }
  }

  #queueOldest(pages: number): void {
    for (const file of this.#files) {
      for (const index of file.dirty.keys()) {
        if (this.#queued >= pages || this.room === 0) return;
        if (!file.writing.has(index)) this.#queueWindow(file, index);
      }
    }
  }

  #startQueued(file: CachedFile): void {
    const batch = [...file.queued].sort((a, b) => a - b);
    this.#queued -= batch.length;
    file.queued.clear();
    // A page that was written or dropped meanwhile is not dirty any more.
    const wanted = batch.filter((index) => file.dirty.has(index) && !file.writing.has(index));
    for (let first = 0; first < wanted.length; first += CLUSTER_PAGES) {
      this.#start(file, wanted.slice(first, first + CLUSTER_PAGES));
    }
  }

  /** Starts one write of dirty pages, in ascending order. They are clean from now on, unless it fails. */
  #start(file: CachedFile, batch: readonly number[]): FileWrite {
    const pages: Uint8Array[] = [];
    for (const index of batch) {
      const frame = this.#table.frame(file.page(index));
      pages.push(this.#frames.view(frame));
      this.#table.clear(frame, DIRTY);
      this.forget(file, index);
    }
    this.#clusters++;
    this.#writing += batch.length;
    this.#swapWriter.hold(batch.length);
    this.#io.begin();
    const errors = new Map<number, TierError>();
    const write: FileWrite = { done: this.#write(file, batch, pages, errors), errors };
    for (const index of batch) file.writing.set(index, write);
    return write;
  }

  async #write(
    file: CachedFile,
    batch: readonly number[],
    pages: readonly Uint8Array[],
    errors: Map<number, TierError>,
  ): Promise<void> {
    let statuses: readonly SlotStatus[];
    try {
      statuses = await file.store.writePages(batch, pages);
    } catch (error) {
      statuses = new Array<SlotStatus>(batch.length).fill(storeFailure(file.store.type, "writing to", error));
    }
    assert(statuses.length === batch.length, "a store answers for every slot");
    this.#writing -= batch.length;
    this.#swapWriter.hold(-batch.length);
    for (const [at, index] of batch.entries()) {
      const status = statuses[at];
      file.writing.delete(index);
      if (status === undefined) this.#pagesWritten++;
      else {
        this.#errors++;
        this.#lastError = status;
        errors.set(index, status);
      }
      this.#settled(file, index, status);
    }
    this.#io.end();
  }

  #settled(file: CachedFile, index: number, error: TierError | undefined): void {
    const frame = this.#table.frame(file.page(index));
    if (frame === NO_FRAME) return; // The page was dropped meanwhile.
    if (error !== undefined && !this.#table.has(frame, DIRTY)) this.noteDirty(file, index, frame);
    this.#onSettled(file, index, frame);
  }

  /** Starts queued writes once the present work is done, so that a cluster can fill first. */
  #startSoon(): void {
    if (this.#startScheduled) return;
    this.#startScheduled = true;
    void this.#scheduler.turn().then(() => {
      this.#startScheduled = false;
      this.start();
    });
  }
}
