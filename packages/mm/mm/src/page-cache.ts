// The page cache: pages of files in the frames that anonymous pages also use.
//
//   read/write ─ resident? ─ yes ─▶ copy
//       │ no
//       ├─ a whole page is written: a frame, and nothing is read
//       ├─ cleancache.getPage ── hit ─▶ frame (the copy is gone)
//       └─ the file's store, with some pages ahead (readahead.ts)
//
//   reclaim ─ clean ─▶ cleancache.putPage, drop        dirty ─▶ write-back (file-writer.ts), then as clean
//
// A page of a file is in a frame or in its file: its word in the page table is a frame or empty. A clean one may go at any
// time. One that is under write-back and was given up by the policy carries the flag WRITEBACK, as in swap-out: it
// leaves when the write settles, unless it was used or changed meanwhile.
//
// One read or write of a page is under way at a time: a page that is read is listed as a fault, which every access to it
// joins, and a page that is written is not written again before that ends. Truncation takes pages away at once and lets
// the store forget them when their I/O has ended; nothing grows back before that.
//
// The hook is called where Linux calls it: get just before the read; put when a clean, up-to-date page is dropped;
// invalidate when a page changes, and for the whole file before and after truncation and when it is closed.

import { assert, PAGE_SIZE, type Scheduler, TierError } from "@pagetier/base";
import type { CleancacheHook } from "@pagetier/cleancache";
import { type Frame, NO_FRAME, type PageFrames } from "@pagetier/frames";
import type { EvictionPolicy } from "@pagetier/policy";
import type { BackingStore, SlotStatus } from "@pagetier/store";
import type { AccessPatterns } from "./access-patterns.js";
import { CachedFile } from "./cached-file.js";
import type { Faults } from "./fault.js";
import { FileWriter } from "./file-writer.js";
import type { InFlight } from "./in-flight.js";
import { CLUSTER_PAGES, type MmOptions } from "./options.js";
import { PageCopy } from "./page-copy.js";
import { ACTIVE, DIRTY, type PageTable, READAHEAD, REFERENCED, WRITEBACK } from "./page-table.js";
import { readaheadWindow } from "./readahead.js";
import type { PageId, PageLocation } from "./space.js";
import type { StallClock } from "./stall-clock.js";
import type { SwapOutcome } from "./swap.js";
import { NO_SLOT } from "./swap-slot.js";
import { type SwapWriter, storeFailure } from "./swap-writer.js";

/** Slots that a store is asked to forget at a time. */
const DISCARD_SLOTS = 1024;

/** What the page cache asks of the core: frames, and whether the stack is open. */
export interface FrameSource {
  readonly isOpen: boolean;
  /** @throws TierError MM_CLOSED */
  mustBeOpen(): void;
  /** A frame for a user page without waiting, or {@link NO_FRAME}. */
  takeNow(): Frame;
  /**
   * A frame for a user page.
   *
   * @param hasCopyBelow whether the page can leave again as it came: then the reserve may be used when nothing else helps
   * @throws TierError MM_OUT_OF_MEMORY, MM_CLOSED
   */
  take(hasCopyBelow: boolean): Promise<Frame>;
}

/** What became of a fault's frame: the page came from somewhere, or was already gone from the file. */
type Arrival = "pool" | "remote" | "store";

export class PageCache {
  readonly files = new Set<CachedFile>();
  readonly writer: FileWriter;
  readonly #frames: PageFrames;
  readonly #owner: number;
  readonly #table: PageTable;
  readonly #policy: EvictionPolicy;
  readonly #cleancache: CleancacheHook;
  readonly #io: InFlight;
  readonly #stall: StallClock;
  readonly #source: FrameSource;
  readonly #copy = new PageCopy();
  readonly #faults: Faults = new Map();
  readonly #patterns: AccessPatterns;
  /** The files in the order of their page numbers. */
  #byBase: readonly CachedFile[] = [];
  /** The file of the last page that was looked up: reclaim asks for neighbours. */
  #lastFile: CachedFile | undefined;
  #pool: number | undefined;
  #nextKey = 1;
  #pagesRead = 0;
  #readClusters = 0;
  #readErrors = 0;
  #arrivals = 0;
  #readaheadPages = 0;
  #readaheadHits = 0;
  #minorFaults = 0;
  #poolFaults = 0;
  #remoteFaults = 0;
  #storeFaults = 0;
  #puts = 0;
  #resident = 0;

  constructor(parts: {
    readonly frames: PageFrames;
    readonly owner: number;
    readonly table: PageTable;
    readonly policy: EvictionPolicy;
    readonly cleancache: CleancacheHook;
    readonly scheduler: Scheduler;
    readonly io: InFlight;
    readonly swapWriter: SwapWriter;
    readonly stall: StallClock;
    readonly source: FrameSource;
    readonly patterns: AccessPatterns;
    readonly options: Pick<MmOptions, "dirtyExpireNs" | "dirtyWritebackNs">;
  }) {
    this.#frames = parts.frames;
    this.#owner = parts.owner;
    this.#table = parts.table;
    this.#policy = parts.policy;
    this.#cleancache = parts.cleancache;
    this.#io = parts.io;
    this.#stall = parts.stall;
    this.#source = parts.source;
    this.#patterns = parts.patterns;
    this.writer = new FileWriter({
      files: this.files,
      frames: parts.frames,
      table: parts.table,
      scheduler: parts.scheduler,
      io: parts.io,
      swapWriter: parts.swapWriter,
      onSettled: (file, index, frame) => this.#written(file, index, frame),
      expireNs: parts.options.dirtyExpireNs,
      flushNs: parts.options.dirtyWritebackNs,
    });
  }

  get minorFaults(): number {
    return this.#minorFaults;
  }

  get poolFaults(): number {
    return this.#poolFaults;
  }

  get remoteFaults(): number {
    return this.#remoteFaults;
  }

  get storeFaults(): number {
    return this.#storeFaults;
  }

  /** A number that grows with everything that may let a waiting access go on: pages written, reads ended. */
  get progress(): number {
    return this.writer.pagesWritten + this.#arrivals;
  }

  /** Takes an open store in as a file of so many pages. */
  add(name: string, store: BackingStore, pages: number): CachedFile {
    this.#pool ??= this.#cleancache.initFs();
    const file = new CachedFile(name, store, this.#nextKey++, this.#table.reserve(pages), pages);
    this.files.add(file);
    this.#sortFiles();
    return file;
  }

  /**
   * Lets a file go: its pages leave memory as they are. What must be kept was written with {@link sync} before; nobody
   * accesses the file any more. The store is the caller's to close.
   */
  async remove(file: CachedFile): Promise<void> {
    this.#drop(file, 0, file.pagesMax);
    this.#invalidate(file);
    await this.writer.settled(file);
    this.#patterns.set(file.base, file.base + file.pagesMax, "normal");
    this.#table.release(file.base, file.pagesMax);
    this.files.delete(file);
    this.#sortFiles();
  }

  /** Unmounts: cleancache forgets what it has of all files. */
  unmount(): void {
    if (this.#pool !== undefined) this.#cleancache.invalidateFs(this.#pool);
    this.#pool = undefined;
  }

  /** The file that a page number belongs to, `undefined` for an anonymous page. */
  fileOf(page: PageId): CachedFile | undefined {
    const last = this.#lastFile;
    if (last !== undefined && page >= last.base && page < last.base + last.pagesMax) return last;
    let low = 0;
    let high = this.#byBase.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#byBase[middle]!.base <= page) low = middle + 1;
      else high = middle;
    }
    const file = this.#byBase[low - 1];
    if (file === undefined || page >= file.base + file.pagesMax) return undefined;
    this.#lastFile = file;
    return file;
  }

  // ── What file spaces call ───────────────────────────────────────────────────────────────────────────────────────

  readNow(file: CachedFile, index: number, offset: number, into: Uint8Array): boolean {
    const page = file.page(index);
    let frame = this.#table.frame(page);
    if (frame !== NO_FRAME) this.#use(page, frame);
    else {
      frame = this.#faultNow(file, index);
      if (frame === NO_FRAME) return false;
    }
    this.#copy.out(this.#frames.view(frame), offset, into);
    return true;
  }

  writeNow(file: CachedFile, index: number, offset: number, from: Uint8Array): boolean {
    const page = file.page(index);
    let frame = this.#table.frame(page);
    if ((frame === NO_FRAME || !this.#table.has(frame, DIRTY)) && this.writer.isThrottled) return false;
    if (frame !== NO_FRAME) this.#use(page, frame);
    else {
      frame = from.length === PAGE_SIZE ? this.#freshNow(file, index) : this.#faultNow(file, index);
      if (frame === NO_FRAME) return false;
    }
    this.#change(file, index, frame, offset, from);
    return true;
  }

  async read(file: CachedFile, index: number, offset: number, into: Uint8Array): Promise<void> {
    const page = file.page(index);
    let done = this.readNow(file, index, offset, into);
    while (!done) {
      await this.#fault(file, index, true, () => {
        this.#copy.out(this.#frames.view(this.#table.frame(page)), offset, into);
        done = true;
      });
      if (!done) done = this.#inside(file, index) && this.readNow(file, index, offset, into);
    }
  }

  async write(file: CachedFile, index: number, offset: number, from: Uint8Array): Promise<void> {
    const page = file.page(index);
    const whole = from.length === PAGE_SIZE;
    let done = this.writeNow(file, index, offset, from);
    while (!done) {
      if (this.writer.isThrottled && !this.#isDirty(page)) {
        await this.#stall.during(this.writer.throttle(() => this.#source.mustBeOpen()));
      } else {
        try {
          await this.#fault(file, index, !whole, () => {
            this.#change(file, index, this.#table.frame(page), offset, from);
            done = true;
          });
        } catch (error) {
          // A whole page needs nothing from the store, so a read that it happened to wait for is not its concern.
          if (!(whole && TierError.is(error) && error.code.startsWith("STORE_"))) throw error;
        }
      }
      if (!done) done = this.#inside(file, index) && this.writeNow(file, index, offset, from);
    }
  }

  /** Writes what is dirty, and has the store make it durable. @throws TierError STORE_IO, STORE_NO_SPACE */
  async sync(file: CachedFile): Promise<void> {
    await this.writer.sync(file);
    try {
      await file.store.flush();
    } catch (error) {
      throw storeFailure(file.store.type, "flushing", error);
    }
  }

  /**
   * Gives the file another length. Pages beyond it are gone; pages that it gains read as zeroes. Truncations of one file
   * come one after another, which is the caller's to see to.
   *
   * @throws TierError STORE_IO when the store will not forget pages: the file is as short as it should be, but cannot grow
   */
  async truncate(file: CachedFile, pages: number): Promise<void> {
    this.#invalidate(file);
    const end = Math.max(file.pages, file.undiscardedEnd);
    const start = Math.min(pages, file.pages);
    if (start < file.pages) this.#drop(file, start, file.pages);
    file.pages = start;
    file.undiscardedEnd = end;
    await this.#ioOf(file, start);
    await this.#discard(file, start, end);
    this.#invalidate(file);
    file.undiscardedEnd = 0;
    file.pages = pages;
  }

  /** Brings pages in while memory is free above its low watermark; what cannot be read stays where it is. */
  async willNeed(file: CachedFile, start: number, end: number): Promise<void> {
    const running: Promise<void>[] = [];
    for (let index = start; index < Math.min(end, file.pages) && this.#source.isOpen; index++) {
      const page = file.page(index);
      if (this.#table.frame(page) !== NO_FRAME || this.#faults.has(page)) continue;
      if (this.#frames.free <= this.#frames.watermarks.low) break;
      const frame = this.#frames.take("user", this.#owner);
      if (frame === NO_FRAME) break;
      const accesses: (() => void)[] = [];
      const pages = Math.min(CLUSTER_PAGES, end - index, file.pages - index);
      // Whoever joins and waits in vain tries for itself, and is told why.
      const done = this.#bringAhead(file, index, frame, pages, accesses)
        .catch(() => undefined)
        .finally(() => this.#faults.delete(page));
      this.#faults.set(page, { done, accesses });
      running.push(done);
    }
    await Promise.all(running);
  }

  /** Clean pages leave memory and cleancache; dirty ones begin to be written, and stay. */
  dontNeed(file: CachedFile, start: number, end: number): void {
    for (let index = start; index < Math.min(end, file.pages); index++) {
      const frame = this.#table.frame(file.page(index));
      if (frame !== NO_FRAME && this.#table.has(frame, DIRTY)) {
        if (!file.writing.has(index) && this.writer.room > 0) this.writer.queue(file, index);
        continue;
      }
      if (file.writing.has(index)) continue;
      if (frame !== NO_FRAME) this.#drop(file, index, index + 1);
      file.noteGone(index);
      this.#cleancache.invalidatePage(this.#pool!, file.key, index);
    }
  }

  where(file: CachedFile, index: number): PageLocation {
    const frame = this.#table.frame(file.page(index));
    if (frame === NO_FRAME) {
      return { tier: "store", backend: file.store.type, bytes: PAGE_SIZE, copyBelow: false };
    }
    const copyBelow = !this.#table.has(frame, DIRTY) && !file.writing.has(index);
    return { tier: "resident", backend: "", bytes: PAGE_SIZE, copyBelow };
  }

  // ── What reclaim calls ──────────────────────────────────────────────────────────────────────────────────────────

  /** Sends a resident page, which the policy gave up, out of memory. @param mayIo whether writes may be queued */
  pageOut(page: PageId, frame: Frame, mayIo: boolean): SwapOutcome {
    const file = this.fileOf(page);
    assert(file !== undefined, "a page of a file belongs to an open file");
    const index = page - file.base;
    const dirty = this.#table.has(frame, DIRTY);
    const writing = file.writing.has(index);
    if (!dirty && !writing) {
      this.#putAndFree(file, index, frame);
      return "freed";
    }
    if (!mayIo || (dirty && (writing || this.writer.room === 0))) return "kept";
    this.#table.set(frame, WRITEBACK);
    if (dirty) this.writer.queue(file, index);
    return "queued";
  }

  counters(): Record<string, number> {
    return {
      openFiles: this.files.size,
      residentFilePages: this.#resident,
      fileReads: this.#pagesRead,
      fileReadClusters: this.#readClusters,
      fileReadErrors: this.#readErrors,
      readaheadPages: this.#readaheadPages,
      readaheadHits: this.#readaheadHits,
      cleancacheHits: this.#poolFaults + this.#remoteFaults,
      cleancachePuts: this.#puts,
      ...this.writer.counters(),
    };
  }

  addressingBytes(): number {
    let bytes = 0;
    for (const file of this.files) bytes += file.addressingBytes();
    return bytes;
  }

  verify(): void {
    let resident = 0;
    for (const file of this.files) {
      file.verify((page) => this.#isDirty(page));
      for (let index = 0; index < file.pagesMax; index++) {
        const frame = this.#table.frame(file.page(index));
        if (frame === NO_FRAME) continue;
        resident++;
        assert(!file.wasPut(index), "a page is in memory or in cleancache, not both");
        assert(!this.#faults.has(file.page(index)), "a page that is in memory is not on its way there");
      }
    }
    assert(resident === this.#resident, "residentFilePages counts the pages of files in frames");
    this.writer.verify();
    this.#cleancache.verify();
  }

  // ── Faults ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #use(page: PageId, frame: Frame): void {
    if (this.#table.has(frame, WRITEBACK)) this.#table.set(frame, REFERENCED);
    else if (this.#table.has(frame, READAHEAD)) {
      this.#table.clear(frame, READAHEAD); // Its first use, which being admitted stands for.
      this.#readaheadHits++;
    } else {
      this.#policy.hit(page);
      this.#table.set(frame, ACTIVE);
    }
  }

  /** Brings a page in from cleancache. {@link NO_FRAME}: it takes waiting. */
  #faultNow(file: CachedFile, index: number): Frame {
    const page = file.page(index);
    if (!file.wasPut(index) || this.#faults.has(page) || !this.#source.isOpen) return NO_FRAME;
    const frame = this.#source.takeNow();
    if (frame === NO_FRAME) return NO_FRAME;
    const outcome = this.#get(file, index, frame);
    if (outcome !== "hit") {
      if (outcome === "miss") file.missed = index;
      this.#frames.give(frame);
      return NO_FRAME;
    }
    this.#poolFaults++;
    this.#map(page, frame, 0);
    return frame;
  }

  /** A frame for a page that is about to be written as a whole. */
  #freshNow(file: CachedFile, index: number): Frame {
    const page = file.page(index);
    if (this.#faults.has(page) || !this.#source.isOpen) return NO_FRAME;
    const frame = this.#source.takeNow();
    if (frame === NO_FRAME) return NO_FRAME;
    this.#minorFaults++;
    this.#map(page, frame, 0);
    return frame;
  }

  /**
   * Waits until the page is worth another look. One fault per page; others join.
   *
   * @param reads whether the page's content is needed: `false` where the first access writes all of it
   * @param access runs as soon as the page is in memory. It may not run at all, so the caller looks whether it did
   */
  #fault(file: CachedFile, index: number, reads: boolean, access: () => void): Promise<void> {
    this.#source.mustBeOpen();
    const page = file.page(index);
    let fault = this.#faults.get(page);
    if (fault === undefined) {
      const accesses: (() => void)[] = [];
      const done = this.#bringIn(file, index, reads, accesses).finally(() => this.#faults.delete(page));
      fault = { done, accesses };
      this.#faults.set(page, fault);
    }
    fault.accesses.push(access);
    return this.#stall.during(fault.done);
  }

  async #bringIn(file: CachedFile, index: number, reads: boolean, accesses: readonly (() => void)[]): Promise<void> {
    const frame = await this.#source.take(reads);
    await this.#orGive(frame, async () => {
      this.#inside(file, index); // The file may have become shorter while this waited for memory.
      if (reads) this.#count(await this.#fill(file, index, frame));
      else this.#minorFaults++;
      this.#inside(file, index);
    });
    this.#arrive(file.page(index), frame, accesses);
  }

  /** As {@link #bringIn}, with a frame that is there, for nobody. */
  async #bringAhead(
    file: CachedFile,
    index: number,
    frame: Frame,
    pages: number,
    accesses: readonly (() => void)[],
  ): Promise<void> {
    await this.#orGive(frame, async () => {
      await this.#fill(file, index, frame, pages);
      this.#inside(file, index);
    });
    this.#readaheadPages++;
    this.#arrive(file.page(index), frame, accesses);
  }

  /** Gives a frame back if filling it fails. */
  async #orGive(frame: Frame, fill: () => Promise<void>): Promise<void> {
    let filled = false;
    try {
      await fill();
      filled = true;
    } finally {
      if (!filled) this.#frames.give(frame);
    }
  }

  /** Maps a page and does what waited for it. */
  #arrive(page: PageId, frame: Frame, accesses: readonly (() => void)[]): void {
    this.#map(page, frame, accesses.length === 0 ? READAHEAD : 0);
    for (const [index, access] of accesses.entries()) {
      if (index > 0) this.#use(page, frame); // The first is the use for which the page was admitted.
      access();
    }
  }

  /** Fills a frame from below. @param pages most to read, this one included @throws TierError STORE_IO, STORE_CORRUPT */
  async #fill(file: CachedFile, index: number, frame: Frame, pages?: number): Promise<Arrival> {
    const outcome = file.missed === index ? "miss" : this.#get(file, index, frame);
    file.missed = -1;
    if (outcome === "hit") return "pool";
    if (outcome === "remote") {
      const fetched = this.#cleancache.fetch(this.#pool!, file.key, index, this.#frames.view(frame));
      if ((await this.#arrival(fetched)) === "hit") return "remote";
      this.#inside(file, index);
    }
    const error = await this.#readWithNeighbours(file, index, frame, pages);
    if (error !== undefined) throw error;
    return "store";
  }

  /**
   * Reads a page, and some that follow it while there is memory for them. Nobody waits for those.
   *
   * @param pages how many at most; left out: as many as seem wanted
   */
  async #readWithNeighbours(file: CachedFile, index: number, frame: Frame, pages?: number): Promise<SlotStatus> {
    const pattern = this.#patterns.of(file.page(index));
    const end = index + (pages ?? readaheadWindow(file, index, this.#frames.total >>> 4, pattern));
    const slots = [index];
    const frames = [frame];
    const ahead: (() => void)[][] = [[]];
    let settle: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      settle = resolve;
    });
    let next = index + 1;
    for (; next < end; next++) {
      const page = file.page(next);
      if (this.#table.word(page) !== 0 || this.#faults.has(page)) break;
      if (this.#frames.free <= this.#frames.watermarks.low) break;
      const free = this.#frames.take("user", this.#owner);
      if (free === NO_FRAME) break;
      const outcome = this.#get(file, next, free);
      if (outcome === "hit") {
        this.#poolFaults++;
        this.#map(page, free, READAHEAD);
        continue;
      }
      if (outcome === "remote") {
        this.#frames.give(free);
        break;
      }
      const accesses: (() => void)[] = [];
      slots.push(next);
      frames.push(free);
      ahead.push(accesses);
      this.#faults.set(page, { done, accesses });
    }
    file.readaheadEnd = next;
    const statuses = await this.#arrival(this.#readStore(file, slots, frames));
    this.#readClusters++;
    for (let at = 1; at < slots.length; at++) {
      const page = file.page(slots[at]!);
      this.#faults.delete(page);
      if (statuses[at] === undefined && slots[at]! < file.pages) {
        this.#readaheadPages++;
        this.#arrive(page, frames[at]!, ahead[at]!);
      } else this.#frames.give(frames[at]!);
    }
    settle();
    return statuses[0];
  }

  async #readStore(
    file: CachedFile,
    slots: readonly number[],
    frames: readonly Frame[],
  ): Promise<readonly SlotStatus[]> {
    let statuses: readonly SlotStatus[];
    try {
      const views = frames.map((frame) => this.#frames.view(frame));
      statuses = await file.store.readPages(slots, views);
    } catch (error) {
      statuses = slots.map(() => storeFailure(file.store.type, "reading from", error));
    }
    assert(statuses.length === slots.length, "a store answers for every slot");
    for (const status of statuses) {
      if (status === undefined) this.#pagesRead++;
      else this.#readErrors++;
    }
    return statuses;
  }

  /** Waits, and lets reclaim know that something is under way. */
  async #arrival<Result>(wait: Promise<Result>): Promise<Result> {
    this.#io.begin();
    try {
      return await wait;
    } finally {
      this.#arrivals++;
      this.#io.end();
    }
  }

  /** Asks cleancache, which has no copy any more whatever it answers (unless another machine has it). */
  #get(file: CachedFile, index: number, frame: Frame): "hit" | "miss" | "remote" {
    file.noteGone(index);
    return this.#cleancache.getPage(this.#pool!, file.key, index, this.#frames.view(frame));
  }

  #count(arrival: Arrival): void {
    if (arrival === "pool") this.#poolFaults++;
    else if (arrival === "remote") this.#remoteFaults++;
    else this.#storeFaults++;
  }

  #map(page: PageId, frame: Frame, flags: number): void {
    this.#table.mapFile(page, frame, flags);
    this.#policy.admit(page);
    this.#resident++;
  }

  /** Changes bytes of a page in memory, which from now on has its only up-to-date copy. */
  #change(file: CachedFile, index: number, frame: Frame, offset: number, from: Uint8Array): void {
    if (this.#table.has(frame, WRITEBACK)) {
      this.#table.clear(frame, WRITEBACK | REFERENCED);
      this.#policy.rotate(file.page(index));
    }
    if (!this.#table.has(frame, DIRTY)) {
      file.noteGone(index);
      this.#cleancache.invalidatePage(this.#pool!, file.key, index);
      this.writer.noteDirty(file, index, frame);
    }
    this.#frames.view(frame).set(from, offset);
  }

  #isDirty(page: PageId): boolean {
    const frame = this.#table.frame(page);
    return frame !== NO_FRAME && this.#table.has(frame, DIRTY);
  }

  /** @throws TierError MM_BAD_RANGE when the file has become shorter than that */
  #inside(file: CachedFile, index: number): true {
    if (index < file.pages) return true;
    throw new TierError(
      "MM_BAD_RANGE",
      `page ${index} of file ${file.name} was cut off while an access to it waited; the file has ${file.pages} pages now.`,
      { file: file.name, page: index, pages: file.pages },
    );
  }

  // ── Leaving memory ──────────────────────────────────────────────────────────────────────────────────────────────

  /** A write has settled: what only waited for it leaves. */
  #written(file: CachedFile, index: number, frame: Frame): void {
    if (!this.#table.has(frame, WRITEBACK)) return;
    const stays = this.#table.has(frame, REFERENCED | DIRTY);
    this.#table.clear(frame, WRITEBACK | REFERENCED);
    if (stays) this.#policy.rotate(file.page(index));
    else this.#putAndFree(file, index, frame);
  }

  #putAndFree(file: CachedFile, index: number, frame: Frame): void {
    const wasActive = this.#table.has(frame, ACTIVE);
    this.#cleancache.putPage(this.#pool!, file.key, index, this.#frames.view(frame), wasActive);
    this.#puts++;
    file.notePut(index);
    this.#free(file.page(index));
  }

  #free(page: PageId): void {
    this.#frames.give(this.#table.unmap(page, NO_SLOT));
    this.#resident--;
  }

  /** Pages are gone: from memory, and from what the policy remembers, since their numbers may come to mean others. */
  #drop(file: CachedFile, start: number, end: number): void {
    for (let index = start; index < end; index++) {
      const page = file.page(index);
      this.#policy.remove(page);
      if (this.#table.frame(page) === NO_FRAME) continue;
      this.writer.forget(file, index);
      this.#free(page);
    }
  }

  #invalidate(file: CachedFile): void {
    file.noteAllGone();
    this.#cleancache.invalidateInode(this.#pool!, file.key);
  }

  /** Waits for reads and writes of pages from `start` on; there will be no more of them. */
  async #ioOf(file: CachedFile, start: number): Promise<void> {
    const waits: Promise<unknown>[] = [];
    for (const [page, fault] of this.#faults) {
      if (page >= file.base + start && page < file.base + file.pagesMax) waits.push(fault.done.catch(() => undefined));
    }
    for (const [index, write] of file.writing) if (index >= start) waits.push(write.done);
    await Promise.all(waits);
  }

  async #discard(file: CachedFile, start: number, end: number): Promise<void> {
    for (let first = start; first < end; first += DISCARD_SLOTS) {
      const slots = Array.from({ length: Math.min(DISCARD_SLOTS, end - first) }, (_, index) => first + index);
      try {
        await this.#arrival(file.store.discard(slots));
      } catch (error) {
        throw storeFailure(file.store.type, "discarding from", error);
      }
    }
  }

  #sortFiles(): void {
    this.#byBase = [...this.files].sort((a, b) => a.base - b.base);
    this.#lastFile = undefined;
  }
}
