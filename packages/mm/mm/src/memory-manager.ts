// The core: spaces, faults, and what holds them together.
//
//   read/write ─ resident? ─ yes ─▶ copy                                     (table, policy)
//       │ no
//       ├─ frame: free above the watermark, else reclaim first               (reclaim)
//       └─ content: frontswap, else the swap store, else zeroes              (swap)
//
// `readNow` and `writeNow` go as far as memory goes and answer `false` where a device, another machine or another access
// must be waited for. `read` and `write` are loops around them: wait for what is missing, look again. Files have paths of
// their own (page-cache.ts) to the same frames, table, policy and reclaim.

import { assert, type Counters, PAGE_SIZE, SCHEDULER, type Scheduler, TierError } from "@pagetier/base";
import { CLEANCACHE_REGISTRY, type CleancacheHook, CleancacheRegistry } from "@pagetier/cleancache";
import { inject, injectable } from "@pagetier/di";
import { type Frame, NO_FRAME, PAGE_FRAMES, type PageFrames } from "@pagetier/frames";
import {
  FRONTSWAP_REGISTRY,
  type FrontswapHook,
  type SwapClaim,
  type SwapRecords,
  type SwapWriteback,
  type WritebackOutcome,
} from "@pagetier/frontswap";
import { type EvictionPolicy, POLICY } from "@pagetier/policy";
import { SHRINKERS, type Shrinkers } from "@pagetier/shrinker";
import type { BackingStore } from "@pagetier/store";
import { AccessPatterns } from "./access-patterns.js";
import type { Advice } from "./advice.js";
import { Advisor } from "./advisor.js";
import { AnonymousSpace, type SpacePager } from "./anonymous-space.js";
import type { Faults } from "./fault.js";
import { BackedSpace } from "./file-space.js";
import { LruShrinker } from "./lru-shrinker.js";
import { FILE_POLICY, MM_OPTIONS, type MmOptions, RECLAIM_ROUNDS_MAX, SWAP_STORES, type SwapStore } from "./options.js";
import { outOfMemory } from "./out-of-memory.js";
import { PageCache } from "./page-cache.js";
import { PageCopy } from "./page-copy.js";
import { PageLists } from "./page-lists.js";
import { DIRTY, LAZYFREE, PageTable, READAHEAD, REFERENCED, WRITEBACK } from "./page-table.js";
import { PoolBalance } from "./pool-balance.js";
import { Reclaim } from "./reclaim.js";
import type { AnonSpace, FileSpace, PageId, PageLocation } from "./space.js";
import { StallClock } from "./stall-clock.js";
import type { MmStats } from "./stats.js";
import { type LoadSource, Swap } from "./swap.js";
import { areaOf, isSlot, NO_SLOT, offsetOf, type SwapSlot } from "./swap-slot.js";
import { SwapSwitch } from "./swap-switch.js";
import { tiersOf } from "./tiers.js";

const OWNER_NAME = "resident";
/** Frames moved before others have a turn: about a quarter of a millisecond. */
const COMPACT_FRAMES = 256;

/**
 * For whom a frame is: an access to a page without content below, one to a page with a copy there, or nobody in particular, to
 * empty a swap store.
 */
type FrameUse = "access" | "swapIn" | "drain";

/** The memory manager of one stack. Also the write-back path of its backends. */
@injectable()
export class MemoryManager implements SwapWriteback, SpacePager {
  readonly #frames: PageFrames;
  readonly #frontswap: FrontswapHook;
  readonly #scheduler: Scheduler;
  readonly #lists: PageLists;
  /** The order of anonymous pages, for the use of a page alone: everything else goes through its list. */
  readonly #anonOrder: EvictionPolicy;
  readonly #stores: readonly SwapStore[];
  readonly #owner: number;
  readonly #table = new PageTable();
  readonly #swap: Swap;
  readonly #switch: SwapSwitch;
  readonly #cleancache: CleancacheHook;
  readonly #cache: PageCache;
  readonly #reclaim: Reclaim;
  readonly #advisor: Advisor;
  readonly #pools: PoolBalance | undefined;
  readonly #copy = new PageCopy();
  readonly #stall: StallClock;
  readonly #faults: Faults = new Map();
  readonly #patterns = new AccessPatterns();
  readonly #spaces = new Set<AnonymousSpace>();
  readonly #files = new Set<BackedSpace>();
  #ioBufferBytes = 0;
  #state: "new" | "open" | "closed" = "new";
  #closing: Promise<void> | undefined;
  #minorFaults = 0;
  #poolFaults = 0;
  #storeFaults = 0;
  #remoteFaults = 0;
  #outOfMemory = 0;
  // Pages that were discarded, by where they lay: in memory alone or also below, in a pool, on a device.
  #discardedResident = 0;
  #discardedFromPool = 0;
  #discardedFromStore = 0;

  constructor(
    @inject(PAGE_FRAMES) frames: PageFrames,
    @inject(FRONTSWAP_REGISTRY) frontswap: FrontswapHook,
    @inject(POLICY) policy: EvictionPolicy,
    @inject(SHRINKERS) shrinkers: Shrinkers,
    @inject(SWAP_STORES) stores: readonly SwapStore[],
    @inject(SCHEDULER) scheduler: Scheduler,
    @inject(MM_OPTIONS) options: MmOptions,
    @inject(CLEANCACHE_REGISTRY) cleancache: CleancacheHook = new CleancacheRegistry(),
    @inject(FILE_POLICY) filePolicy: EvictionPolicy = new LruShrinker("file-pages"),
  ) {
    this.#frames = frames;
    this.#frontswap = frontswap;
    this.#scheduler = scheduler;
    this.#stores = stores;
    const shrinksAnon = options.engine === "shrinkers" || options.trigger === "shrinker";
    const list = { seeks: options.listSeeks, batch: options.listBatch, observer: options.observer };
    const anonList = shrinksAnon ? new LruShrinker("anon-pages", list) : undefined;
    const fileList = options.engine === "shrinkers" ? new LruShrinker("file-pages", list) : undefined;
    this.#anonOrder = anonList ?? policy;
    this.#lists = new PageLists({
      anon: this.#anonOrder,
      file: fileList ?? filePolicy,
      frames,
      swappiness: options.swappiness,
      canSwap: () => this.#swap.hasFreeSlot,
    });
    this.#pools = options.sizesPools ? new PoolBalance(frontswap) : undefined;
    this.#stall = new StallClock(scheduler.clock);
    this.#owner = frames.register({ name: OWNER_NAME, relocate: (from, to) => this.#relocate(from, to) });
    this.#swap = new Swap({
      frames,
      owner: this.#owner,
      table: this.#table,
      policy: this.#lists.anon,
      frontswap,
      scheduler,
      inFlightMax: options.inFlightPagesMax,
      faults: this.#faults,
      patterns: this.#patterns,
      readaheadPagesMax: 2 ** options.pageCluster,
      poolsOnCompletion: options.trigger === "completion",
    });
    this.#switch = new SwapSwitch({
      swap: this.#swap,
      table: this.#table,
      scheduler,
      bringIn: (page, arrived) => this.#bringHome(page, arrived),
      frames,
      owner: this.#owner,
      frontswap,
      slots: options.swapSlots,
      charge: (type, bytes) => this.#chargeMakingRoom(type, bytes),
      uncharge: (bytes) => this.#unchargeBuffers(bytes),
      refuseClosed: () => {
        if (this.#state === "closed") this.#mustBeOpen();
      },
    });
    this.#cleancache = cleancache;
    const isOpen = (): boolean => this.#state === "open";
    this.#cache = new PageCache({
      frames,
      owner: this.#owner,
      table: this.#table,
      policy: this.#lists.file,
      cleancache,
      scheduler,
      io: this.#swap.io,
      swapWriter: this.#swap.writer,
      stall: this.#stall,
      patterns: this.#patterns,
      options,
      source: {
        get isOpen() {
          return isOpen();
        },
        mustBeOpen: () => this.#mustBeOpen(),
        takeNow: () => this.#takeFrameNow(),
        take: (hasCopyBelow) => this.#takeFrame(hasCopyBelow ? "swapIn" : "access"),
      },
    });
    this.#reclaim = new Reclaim({
      frames,
      table: this.#table,
      lists: this.#lists,
      swap: this.#swap,
      cache: this.#cache,
      shrinkers,
      pools: this.#pools,
      scheduler,
      options,
    });
    this.#advisor = new Advisor({
      frames,
      owner: this.#owner,
      table: this.#table,
      lists: this.#lists,
      swap: this.#swap,
      cache: this.#cache,
      reclaim: this.#reclaim,
      scheduler,
      patterns: this.#patterns,
      faults: this.#faults,
      isOpen,
      discard: (page) => this.discard(page),
      fill: (page, frame, accesses, arrived) => this.#fill(page, frame, accesses, arrived),
    });
    if (anonList !== undefined) this.#reclaim.connect(anonList);
    if (fileList !== undefined) this.#reclaim.connect(fileList);
  }

  /**
   * Opens the swap stores. Comes once, before the first space.
   *
   * @throws TierError STORE_OPEN (what was opened is closed again), MM_NO_ROOM when I/O buffers do not fit the budget,
   *   MM_SWAP_EXISTS, MM_TOO_MANY_SWAPS
   */
  async open(): Promise<void> {
    assert(this.#state === "new", "a memory manager is opened once");
    try {
      this.#switch.start();
      for (const swap of this.#stores) await this.#switch.turnOn(swap);
    } catch (error) {
      await this.#switch.close();
      throw error;
    }
    this.#state = "open";
  }

  /**
   * Makes an anonymous space.
   *
   * @param options.size bytes, rounded up to pages; may exceed memory many times
   * @throws TierError MM_CLOSED, MM_BAD_RANGE
   */
  space(options: { readonly name: string; readonly size: number }): AnonSpace {
    this.#mustBeOpen();
    const pages = pagesOf("space", options);
    const space = new AnonymousSpace(this, options.name, this.#table.reserve(pages), pages, (closed) => {
      this.#patterns.set(closed.base, closed.base + closed.pages, "normal");
      this.#table.release(closed.base, closed.pages);
      this.#spaces.delete(closed);
    });
    this.#spaces.add(space);
    return space;
  }

  /**
   * Opens a file through the page cache. The store is this space's alone, from being opened here to being closed with it.
   *
   * @param options.size bytes that the file has, rounded up to pages: the most that it can be truncated to later
   * @throws TierError MM_CLOSED, MM_BAD_RANGE when the store has not as many pages, STORE_OPEN, MM_NO_ROOM
   */
  async openFile(store: BackingStore, options: { readonly name: string; readonly size: number }): Promise<FileSpace> {
    this.#mustBeOpen();
    const pages = pagesOf("file", options);
    await store.open();
    const bytes = store.memoryBytes();
    let charged = false;
    try {
      this.#mustBeOpen();
      if (pages > store.capacity) {
        throw new TierError(
          "MM_BAD_RANGE",
          `file ${options.name} has ${options.size} bytes, and store ${store.type} has room for ${store.capacity * PAGE_SIZE}; give a smaller size.`,
          { ...options, capacity: store.capacity },
        );
      }
      this.#chargeBuffers(store.type, bytes);
      charged = true;
      const file = this.#cache.add(options.name, store, pages);
      const space = new BackedSpace(this.#cache, this.#advisor, file, options.size, async (closed) => {
        this.#files.delete(closed);
        this.#unchargeBuffers(bytes);
        await store.close();
      });
      this.#files.add(space);
      return space;
    } catch (error) {
      if (charged) this.#unchargeBuffers(bytes);
      await store.close();
      throw error;
    }
  }

  // ── What spaces call ────────────────────────────────────────────────────────────────────────────────────────────

  readNow(page: PageId, offset: number, into: Uint8Array): boolean {
    const word = this.#table.word(page);
    if (word === 0) {
      if (this.#faults.has(page)) return false; // A first write that came before waits for memory.
      into.fill(0);
      return true;
    }
    if (!isSlot(word)) {
      this.#use(page, word as Frame);
      this.#copy.out(this.#frames.view(word as Frame), offset, into);
      return true;
    }
    if (!this.#faultNow(page, word)) return false;
    this.#copy.out(this.#frames.view(this.#table.frame(page)), offset, into);
    return true;
  }

  writeNow(page: PageId, offset: number, from: Uint8Array): boolean {
    const word = this.#table.word(page);
    if (word !== 0 && !isSlot(word)) this.#use(page, word as Frame);
    else if (word === 0 ? !this.#firstTouchNow(page) : !this.#faultNow(page, word as SwapSlot)) return false;
    const frame = this.#table.frame(page);
    this.#swap.makeDirty(page, frame);
    this.#frames.view(frame).set(from, offset);
    return true;
  }

  async read(page: PageId, offset: number, into: Uint8Array): Promise<void> {
    let done = this.readNow(page, offset, into);
    while (!done) {
      await this.#fault(page, () => {
        done = this.readNow(page, offset, into);
      });
    }
  }

  async write(page: PageId, offset: number, from: Uint8Array): Promise<void> {
    let done = this.writeNow(page, offset, from);
    while (!done) {
      await this.#fault(page, () => {
        done = this.writeNow(page, offset, from);
      });
    }
  }

  discard(page: PageId): void {
    const word = this.#table.word(page);
    if (word === 0) return;
    this.#lists.anon.remove(page);
    if (isSlot(word)) {
      if (this.#frontswap.has(areaOf(word), offsetOf(word))) this.#discardedFromPool++;
      else this.#discardedFromStore++;
      this.#table.clearSlot(page);
      this.#swap.giveSlot(word);
      return;
    }
    this.#discardedResident++;
    const slot = this.#table.slotOf(word as Frame);
    this.#swap.readahead.noteGone(word as Frame);
    this.#frames.give(this.#table.unmap(page, NO_SLOT));
    if (slot !== NO_SLOT) this.#swap.giveSlot(slot);
  }

  advise(first: PageId, count: number, advice: Advice): Promise<void> {
    return this.#advisor.adviseAnon(first, count, advice);
  }

  where(page: PageId): PageLocation {
    const word = this.#table.word(page);
    if (word === 0) return { tier: "none", backend: "", bytes: 0, copyBelow: false };
    if (!isSlot(word)) {
      const copyBelow = !this.#table.has(word as Frame, DIRTY | WRITEBACK | LAZYFREE);
      return { tier: "resident", backend: "", bytes: PAGE_SIZE, copyBelow };
    }
    const area = this.#swap.area(word);
    const pooled = this.#frontswap.locate(areaOf(word), offsetOf(word));
    const isBelow = area.isOnDevice(offsetOf(word)) || area.isRecord(offsetOf(word));
    if (pooled !== undefined) return { tier: "pool", ...pooled, copyBelow: isBelow };
    if (isBelow) return { tier: "store", backend: area.storeName(offsetOf(word)), bytes: PAGE_SIZE, copyBelow: false };
    return { tier: "remote", backend: "", bytes: PAGE_SIZE, copyBelow: false };
  }

  // ── What backends call (SwapWriteback) ──────────────────────────────────────────────────────────────────────────

  claim(type: number, offset: number): SwapClaim | "exists" | "noMemory" {
    return this.#swap.claim(type, offset);
  }

  release(claim: SwapClaim): void {
    this.#swap.release(claim);
  }

  submit(claim: SwapClaim, settled: (outcome: WritebackOutcome) => boolean): void {
    this.#swap.submit(claim, settled);
  }

  records(type: number): SwapRecords | undefined {
    return this.#swap.records(type);
  }

  submitRecord(claim: SwapClaim, length: number, settled: (outcome: WritebackOutcome) => boolean): void {
    this.#swap.submitRecord(claim, length, settled);
  }

  track<Result>(work: Promise<Result>): Promise<Result> {
    return this.#swap.track(work);
  }

  async flush(): Promise<void> {
    await this.#swap.flush();
  }

  // ── Everything else ─────────────────────────────────────────────────────────────────────────────────────────────

  /** Gives memory back: pages leave, coldest first, and empty segments return to the operating system. @returns bytes freed */
  async shrink(bytes: number): Promise<number> {
    this.#mustBeOpen();
    const freed = await this.#reclaim.shrink(bytes);
    for (let left = this.#frames.total; left > 0; left -= COMPACT_FRAMES) {
      if (this.#frames.compact(COMPACT_FRAMES) < COMPACT_FRAMES) break;
      await this.#scheduler.turn();
    }
    return freed;
  }

  /**
   * Adds a swap store, which belongs to the manager from now on.
   *
   * @returns the name by which it is turned off
   * @throws TierError STORE_OPEN, MM_NO_ROOM, MM_SWAP_EXISTS, MM_TOO_MANY_SWAPS, MM_CLOSED; the store is closed then
   */
  async swapOn(swap: SwapStore): Promise<string> {
    this.#mustBeOpen();
    return this.#switch.turnOn(swap);
  }

  /**
   * Takes a swap store away: what it holds, in whatever pool it lies, comes into memory and leaves for elsewhere; or, where
   * slots are virtual, moves to another store. Accesses go on, and before: one that finds no memory ends this.
   *
   * @param options.pages takes so many pages away from it, and leaves it on
   * @returns pages that went from it
   * @throws TierError MM_BAD_RANGE, MM_NO_SWAP, MM_CLOSED; MM_SWAP_IN_USE when there is no room for what it holds, or some of it cannot be read:
   *   the store is on as before, nothing is lost
   */
  async swapOff(name: string, options: { readonly pages?: number | undefined } = {}): Promise<number> {
    this.#mustBeOpen();
    if (options.pages !== undefined) mustCountPages(options.pages);
    return this.#switch.turnOff(name, options.pages);
  }

  /**
   * Brings pages that pools hold back into memory, until at most so many remain there or free memory is down to the high
   * watermark (Linux: frontswap_shrink).
   *
   * @returns pages that pools hold no more
   * @throws TierError MM_BAD_RANGE, MM_CLOSED
   */
  async shrinkFrontswap(targetPages: number): Promise<number> {
    this.#mustBeOpen();
    mustCountPages(targetPages);
    return this.#switch.shrinkFrontswap(targetPages);
  }

  stats(): MmStats {
    const stall = this.#stall.read(this.#reclaim.nowNs);
    const pool = this.#poolFaults + this.#cache.poolFaults;
    const store = this.#storeFaults + this.#cache.storeFaults;
    const remote = this.#remoteFaults + this.#cache.remoteFaults;
    return {
      faults: {
        minor: this.#minorFaults + this.#cache.minorFaults,
        major: pool + store + remote,
        majorFrom: { pool, store, remote },
      },
      memory: {
        budgetBytes: this.#frames.budgetBytes,
        usedBytes: this.#frames.usedBytes,
        peakBytes: this.#frames.peakBytes,
        addressingBytes: this.addressingBytes(),
        holders: this.#frames.holders(),
        chargedBytes: this.#frames.chargedBytes,
      },
      stall,
      tiers: tiersOf({
        residentPages: this.#table.resident,
        residentFrames: this.#frames.holders()[OWNER_NAME] ?? 0,
        frontswap: this.#frontswap,
        cleancache: this.#cleancache,
        areas: this.#swap.areas,
        files: this.#files,
      }),
      swaps: this.#swap.areas.flatMap((area) => area.swaps()),
      counters: this.counters(),
    };
  }

  /** Tables that grow with the spaces and not with what is in memory: outside the budget, reported apart. */
  addressingBytes(): number {
    let bytes = this.#table.addressingBytes() + this.#frontswap.addressingBytes() + this.#lists.memoryBytes();
    for (const area of this.#swap.areas) bytes += area.addressingBytes();
    bytes += this.#cache.addressingBytes() + (this.#cleancache.backend?.addressingBytes() ?? 0);
    return bytes;
  }

  counters(): Counters {
    const { writer } = this.#swap;
    return {
      minorFaults: this.#minorFaults + this.#cache.minorFaults,
      majorFaultsFromPool: this.#poolFaults + this.#cache.poolFaults,
      majorFaultsFromStore: this.#storeFaults + this.#cache.storeFaults,
      majorFaultsFromRemote: this.#remoteFaults + this.#cache.remoteFaults,
      outOfMemory: this.#outOfMemory,
      discardedResident: this.#discardedResident,
      discardedFromPool: this.#discardedFromPool,
      discardedFromStore: this.#discardedFromStore,
      residentPages: this.#table.resident,
      swappedPages: this.#table.swapped,
      deviceReads: this.#swap.pagesRead,
      deviceReadRecords: this.#swap.recordsRead,
      deviceReadRecordBytes: this.#swap.recordBytesRead,
      deviceWrites: writer.pagesWritten,
      deviceWriteRecords: writer.recordsWritten,
      deviceWriteRecordBytes: writer.recordBytesWritten,
      deviceWriteClusters: writer.clusters,
      deviceWriteErrors: writer.errors,
      deviceDiscardErrors: this.#swap.discardErrors,
      slotsExhausted: this.#swap.slotsExhausted,
      ...this.#swap.readahead.counters(),
      ...this.#advisor.counters(),
      ...this.#switch.counters(),
      ...this.#cache.counters(),
      ...this.#reclaim.counters(),
    };
  }

  /** Throws AssertionError at the first broken invariant. O(pages + slots + frames). Meaningful between accesses only. */
  verify(): void {
    this.#frames.verify();
    this.#lists.verify();
    this.#frontswap.verify();
    this.#cache.verify();
    this.#swap.readahead.verify();
    this.#table.verify(
      (page) => this.#lists.anon.has(page) || this.#lists.file.has(page),
      (page) => this.#cache.fileOf(page) !== undefined,
    );
    assert(this.#frames.usedBytes <= this.#frames.budgetBytes, "what is charged never exceeds the budget");
    for (const area of this.#swap.areas) {
      area.verify((page, offset) => {
        const word = this.#table.word(page);
        const slot = isSlot(word) ? word : word === 0 ? NO_SLOT : this.#table.slotOf(word as Frame);
        return slot !== NO_SLOT && areaOf(slot) === area.type && offsetOf(slot) === offset;
      });
    }
  }

  /**
   * Ends all work, from the hooks inwards: accesses, reclaim, files, backends, writes, stores. Idempotent.
   *
   * @throws TierError STORE_IO, STORE_NO_SPACE when a file's pages could not be written back; everything is closed all the same
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state = "closed";
    await this.#switch.stop();
    await Promise.allSettled([...this.#faults.values()].map((fault) => fault.done));
    await this.#reclaim.stop();
    await this.#cache.writer.stop();
    const failure = await this.#closeFiles();
    this.#cache.unmount();
    await this.#cleancache.close();
    await this.#frontswap.close();
    await this.#swap.flush();
    for (const space of [...this.#spaces]) await space.close();
    while (this.#swap.io.count > 0) await this.#swap.io.next();
    await this.#switch.close();
    this.#unchargeBuffers(this.#ioBufferBytes);
    if (failure !== undefined) throw failure;
  }

  /** Closes every file. Accesses are not waited for by then, so a file closes at once or with an error. */
  async #closeFiles(): Promise<unknown> {
    let failure: unknown;
    for (const file of [...this.#files]) {
      try {
        await file.close();
      } catch (error) {
        failure ??= error;
        await file.close({ discard: true });
      }
    }
    return failure;
  }

  #chargeBuffers(type: string, bytes: number): void {
    if (!this.#frames.charge(bytes)) {
      throw new TierError(
        "MM_NO_ROOM",
        `the I/O buffers of store ${type} (${bytes} bytes) do not fit a memory of ${this.#frames.budgetBytes} bytes; give more memory.`,
        { store: type, bytes, budgetBytes: this.#frames.budgetBytes },
      );
    }
    this.#ioBufferBytes += bytes;
  }

  /** As above; a stack that runs has its memory in use, and makes room. @throws TierError MM_NO_ROOM */
  async #chargeMakingRoom(type: string, bytes: number): Promise<void> {
    if (this.#state === "open" && bytes > 0 && !this.#frames.charge(bytes)) await this.#reclaim.shrink(2 * bytes);
    else if (this.#state === "open" && bytes > 0) this.#frames.uncharge(bytes);
    this.#chargeBuffers(type, bytes);
  }

  #unchargeBuffers(bytes: number): void {
    this.#frames.uncharge(bytes);
    this.#ioBufferBytes -= bytes;
  }

  #mustBeOpen(): void {
    if (this.#state !== "open")
      throw new TierError("MM_CLOSED", `this stack is ${this.#state === "new" ? "not open yet" : "closed"}.`);
  }

  #use(page: PageId, frame: Frame): void {
    if (this.#table.has(frame, WRITEBACK | READAHEAD)) this.#useMarked(page, frame);
    else this.#anonOrder.hit(page);
  }

  /** As {@link #use}, of a page that its policy does not know, or that came before anyone asked. */
  #useMarked(page: PageId, frame: Frame): void {
    if (this.#table.has(frame, WRITEBACK)) this.#table.set(frame, REFERENCED);
    if (this.#table.has(frame, READAHEAD)) this.#swap.noteFirstUse(page, frame);
  }

  /** A frame for a user page, if memory can give one without waiting. */
  #takeFrameNow(): Frame {
    let frame = this.#frames.take("user", this.#owner);
    if (frame === NO_FRAME && this.#reclaim.reclaimNow()) frame = this.#frames.take("user", this.#owner);
    this.#reclaim.wake();
    return frame;
  }

  #firstTouchNow(page: PageId): boolean {
    if (this.#faults.has(page) || this.#state !== "open") return false;
    const frame = this.#takeFrameNow();
    if (frame === NO_FRAME) return false;
    this.#firstTouch(page, frame);
    return true;
  }

  #firstTouch(page: PageId, frame: Frame): void {
    this.#frames.view(frame).fill(0);
    this.#table.map(page, frame, NO_SLOT);
    if (this.#swap.lazyFreed > 0) this.#lists.anon.remove(page); // It left, but what comes now is another.
    this.#lists.anon.admit(page);
    this.#minorFaults++;
  }

  /** Brings a page in from memory. `false`: it takes waiting. */
  #faultNow(page: PageId, slot: SwapSlot): boolean {
    if (this.#faults.has(page) || this.#state !== "open" || !this.#swap.canLoadNow(slot)) return false;
    const frame = this.#takeFrameNow();
    if (frame === NO_FRAME) return false;
    let mapped = false;
    try {
      mapped = this.#count(this.#swap.loadNow(page, slot, frame));
    } finally {
      if (!mapped) this.#frames.give(frame);
    }
    return mapped;
  }

  #count(source: LoadSource | undefined): boolean {
    if (source === undefined) return false;
    if (source === "pool") this.#poolFaults++;
    else if (source === "store") this.#storeFaults++;
    else this.#remoteFaults++;
    this.#pools?.noteLoad(source === "pool" ? "pool" : "device");
    return true;
  }

  /**
   * Waits until the page is worth another look. One fault per page; others join.
   *
   * @param access runs as soon as the page is in memory, before anyone else can have it sent out again. It may not run at
   *   all, so the caller looks whether it did
   */
  #fault(page: PageId, access: () => void): Promise<void> {
    this.#mustBeOpen();
    let fault = this.#faults.get(page);
    if (fault === undefined) {
      const accesses: (() => void)[] = [];
      const done = this.#bringIn(page, accesses).finally(() => this.#faults.delete(page));
      fault = { done, accesses };
      this.#faults.set(page, fault);
    }
    fault.accesses.push(access);
    return this.#stall.during(fault.done);
  }

  async #bringIn(page: PageId, accesses: readonly (() => void)[]): Promise<void> {
    const frame = await this.#takeFrame(isSlot(this.#table.word(page)) ? "swapIn" : "access");
    await this.#fill(page, frame, accesses);
  }

  /**
   * Fills a frame with a page that is not in memory, or gives it back.
   *
   * @param accesses done as soon as it is; if there are none by then, nobody asked for the page
   * @param arrived called after them
   */
  async #fill(page: PageId, frame: Frame, accesses: readonly (() => void)[], arrived?: () => void): Promise<void> {
    // Another look: the page may have been discarded or written to while this waited for memory.
    const word = this.#table.word(page);
    // In one go with the page's arrival: an instant later it may have left again.
    const done = (): void => {
      for (const access of accesses) access();
      arrived?.();
    };
    if (isSlot(word)) {
      let source: LoadSource | undefined;
      try {
        source = await this.#swap.load(page, word, frame, done, accesses.length === 0);
      } finally {
        if (source === undefined) this.#frames.give(frame);
      }
      if (accesses.length > 0) this.#count(source);
      if (source === undefined) done();
      return;
    }
    if (word === 0 && accesses.length > 0) this.#firstTouch(page, frame);
    else this.#frames.give(frame);
    done();
  }

  /**
   * Brings a page in that nobody asked for, so that it can give its slot up; or waits for somebody who is at it.
   *
   * @throws TierError MM_OUT_OF_MEMORY when there is no memory without taking the reserve
   */
  async #bringHome(page: PageId, arrived: () => void): Promise<void> {
    const running = this.#faults.get(page);
    if (running !== undefined) return running.done;
    const frame = await this.#takeFrame("drain");
    if (this.#faults.has(page)) {
      this.#frames.give(frame);
      return;
    }
    const accesses: (() => void)[] = [];
    const done = this.#fill(page, frame, accesses, arrived).finally(() => this.#faults.delete(page));
    this.#faults.set(page, { done, accesses });
    await done;
  }

  /**
   * A frame for a user page, waiting as long as waiting helps.
   *
   * @param use a page that is swapped in has a copy below, which makes it one that can leave: then the reserve may be used after
   *   two rounds that gained nothing, so that what was swapped out can be read even when no other page can leave any more
   * @throws TierError MM_OUT_OF_MEMORY, MM_CLOSED
   */
  async #takeFrame(use: FrameUse): Promise<Frame> {
    for (let rounds = 0; rounds < RECLAIM_ROUNDS_MAX; rounds++) {
      this.#mustBeOpen();
      const frame = this.#frames.take("user", this.#owner);
      if (frame !== NO_FRAME) {
        this.#reclaim.wake();
        return frame;
      }
      if (await this.#reclaim.direct()) rounds = -1;
      else if (use === "swapIn" && rounds > 0) {
        const spare = this.#frames.take("writeback", this.#owner);
        if (spare !== NO_FRAME) return spare;
      }
      // An access goes before whoever keeps slots from being used.
      if (use !== "drain" && rounds === RECLAIM_ROUNDS_MAX - 1 && this.#switch.cancel()) rounds = -1;
    }
    if (use === "drain") throw this.#outOfMemoryError();
    this.#outOfMemory++;
    throw this.#outOfMemoryError();
  }

  #outOfMemoryError(): TierError {
    const spaces = [...this.#spaces].map(({ name, base, pages }) => ({ name, base, pages }));
    const files = [...this.#files].map(({ name, file: { base, pagesMax } }) => ({ name, base, pages: pagesMax }));
    return outOfMemory({
      frames: this.#frames,
      table: this.#table,
      swap: this.#swap,
      fileWriter: this.#cache.writer,
      owners: [...spaces, ...files],
    });
  }

  #relocate(from: Frame, to: Frame): boolean {
    if (this.#table.pageOf(from) === undefined || this.#table.has(from, WRITEBACK)) return false;
    this.#frames.view(to).set(this.#frames.view(from));
    this.#table.move(from, to);
    return true;
  }
}

/** @throws TierError MM_BAD_RANGE */
function pagesOf(what: string, options: { readonly name: string; readonly size: number }): number {
  const pages = Math.ceil(options.size / PAGE_SIZE);
  if (pages >= 1 && pages < 2 ** 30) return pages;
  throw new TierError(
    "MM_BAD_RANGE",
    `${what} ${options.name} has ${options.size} bytes; the size is 1 byte to 4 TiB.`,
    { ...options },
  );
}

/** @throws TierError MM_BAD_RANGE */
function mustCountPages(pages: number): void {
  if (Number.isSafeInteger(pages) && pages >= 0) return;
  throw new TierError("MM_BAD_RANGE", `${String(pages)} is no number of pages; write a whole number of 0 or more.`, {
    pages,
  });
}
