// zswap: a compressed cache for pages on their way to swap.
//
// store   the limit first; then a page of one repeated word becomes that word; everything else is compressed, or kept raw
//         when it does not get shorter, and put into the pool. The entry joins the LRU last: until then write-back
//         cannot find it.
// load    decompresses. The copy stays (a clean page that is evicted again costs nothing), or goes with exclusive loads.
// full    a store at the limit is refused and the coldest entries are written back in the background, until the pool has
//         fallen to the threshold; until then stores are refused. The zpage stays until its page is safely on the device.
//         Before that the pool is compacted: frames that only fragmentation holds cost nothing to give up.
//
// What differs from Linux: the zpage outlives the device write (Linux frees it as soon as the page is in the swap
// cache); the entry records its codec, so that a chooser may take another for each page, and codecs can be changed while
// pages are stored; pages stored raw and same-filled pages exist together, which no single kernel version had.
//
// See Linux 6.1 and 6.18 mm/zswap.c.

import { type Handle, NO_HANDLE, TOO_LARGE, ZPOOL, type Zpool } from "@pagetier/allocator";
import { assert, type Counters, PAGE_SIZE, SCHEDULER, type Scheduler, TierError } from "@pagetier/base";
import {
  CODEC_CHOOSER,
  type CodecChooser,
  type Compressor,
  chooserOf,
  compressorCorrupt,
  INCOMPRESSIBLE,
} from "@pagetier/compressor";
import { inject, injectable } from "@pagetier/di";
import { PAGE_FRAMES, type PageFrames } from "@pagetier/frames";
import {
  type Frontswap,
  type FrontswapCopy,
  type FrontswapLoad,
  frontswapLost,
  type StoreOutcome,
  SWAP_WRITEBACK,
  type SwapWriteback,
} from "@pagetier/frontswap";
import {
  DEFAULT_SEEKS,
  ListLru,
  NO_OBJECT,
  SHRINK_STOP,
  SHRINKERS,
  type ShrinkControl,
  type Shrinker,
  type Shrinkers,
} from "@pagetier/shrinker";
import {
  CLEAN,
  CODEC_SHIFT,
  Entries,
  IN_FLIGHT,
  LENGTH_MASK,
  NO_ENTRY,
  RAW,
  REFERENCED,
  SAME_FILLED,
  TWO_WORDS,
} from "./entries.js";
import { ZSWAP_OPTIONS, type ZswapOptions } from "./options.js";
import { PoolLimit } from "./pool-limit.js";
import { TableBudget } from "./table-budget.js";

/** Failed write-backs in a row after which the background worker gives up (Linux: MAX_RECLAIM_RETRIES). */
const FAILURES_MAX = 16;
/** Entries written back, and frames freed by compaction, between two looks at the limit. */
const BATCH = 32;
/** Below this priority MM is about to run out of memory, and the pool gives way even if the shrinker is off. */
const EMERGENCY_PRIORITY = 2;
const CODECS_MAX = 256;

/** What became of one attempt to write an entry back. */
type Eviction = "dropped" | "submitted" | "busy" | "noMemory" | "failed";

@injectable()
export class Zswap implements Frontswap, Shrinker {
  readonly type = "zswap";
  readonly name = "zswap";
  readonly seeks = DEFAULT_SEEKS;
  readonly #frames: PageFrames;
  readonly #pool: Zpool;
  readonly #writeback: SwapWriteback;
  readonly #shrinkers: Shrinkers;
  readonly #scheduler: Scheduler;
  readonly #options: ZswapOptions;
  readonly #limit: PoolLimit;
  readonly #entries: Entries;
  readonly #lru: ListLru;
  /** Codecs by the number that entries record; a number is free when no entry needs its codec any more. */
  readonly #codecs: (Compressor | undefined)[] = [];
  /** What compresses: one codec, or a choice of several. */
  #chooser: CodecChooser;
  /** The numbers of its codecs. */
  #numbers: readonly number[] = [];
  /** What it holds beside them. */
  #chooserBytes = 0;
  /** Its input as words, for the search of same-filled pages. */
  #inputWords: Uint32Array;
  /** The same bytes as one page. */
  #inputPage: Uint8Array;
  #codecBytes = 0;
  #closed = false;
  #closing: Promise<void> | undefined;
  #worker: Promise<void> | undefined;

  #sameFilledPages = 0;
  #incompressiblePages = 0;
  #cleanPages = 0;
  #compressedBytes = 0;
  #rawBytes = 0;
  #stores = 0;
  #loads = 0;
  #invalidates = 0;
  #exclusiveLoads = 0;
  #poolLimitHit = 0;
  #compactedFrames = 0;
  #writtenBackPages = 0;
  #droppedCleanPages = 0;
  #rejectLimit = 0;
  #rejectReclaimFail = 0;
  #rejectAllocFail = 0;
  #rejectKmemcacheFail = 0;
  #rejectCompressPoor = 0;
  #decompressFail = 0;
  #duplicateEntry = 0;

  constructor(
    @inject(PAGE_FRAMES) frames: PageFrames,
    @inject(ZPOOL) pool: Zpool,
    @inject(CODEC_CHOOSER) compressor: Compressor | CodecChooser,
    @inject(SWAP_WRITEBACK) writeback: SwapWriteback,
    @inject(SHRINKERS) shrinkers: Shrinkers,
    @inject(SCHEDULER) scheduler: Scheduler,
    @inject(ZSWAP_OPTIONS) options: ZswapOptions,
  ) {
    this.#frames = frames;
    this.#pool = pool;
    this.#writeback = writeback;
    this.#shrinkers = shrinkers;
    this.#scheduler = scheduler;
    this.#options = options;
    this.#limit = new PoolLimit(options.maxPoolPercent, options.acceptThresholdPercent);
    const tables = new TableBudget(frames);
    this.#entries = new Entries(tables);
    this.#lru = new ListLru(tables);
    // The first tables now: the first store comes when memory is short, and could not pay for them.
    if (this.#entries.prepare()) this.#lru.ensure(2);
    this.#chooser = chooserOf(compressor);
    this.#addCodecs(this.#chooser);
    this.#inputPage = pageOf(this.#chooser);
    this.#inputWords = wordsOf(this.#chooser);
    this.#shrinkers.register(this);
  }

  init(_type: number): void {
    // Indexes are made when the first page of an area comes.
  }

  store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    this.#stores++;
    const old = this.#entries.find(type, offset);
    if (old !== NO_ENTRY) {
      this.#duplicateEntry++;
      this.#drop(old); // Before anything can refuse: a refused store leaves no older copy.
    }
    if (this.#closed || this.#isFull()) return this.#refuseFull();
    const chooser = this.#chooser;
    chooser.input.set(page);
    const clean = copy === "clean" ? CLEAN : 0;
    if (this.#options.sameFilledPages && this.#isSameFilled()) return this.#storeSameFilled(type, offset, clean);
    const length = chooser.compress();
    const raw = length === INCOMPRESSIBLE || length >= PAGE_SIZE;
    if (raw && !this.#options.storeIncompressible) {
      this.#rejectCompressPoor++;
      return "refused";
    }
    const stored = raw ? PAGE_SIZE : length;
    const handle = this.#pool.malloc(stored);
    if (handle === TOO_LARGE) {
      this.#rejectCompressPoor++;
      return "refused";
    }
    if (handle === NO_HANDLE) {
      this.#rejectAllocFail++;
      return "refused";
    }
    const entry = this.#allocate();
    if (entry === NO_ENTRY) {
      this.#pool.free(handle);
      this.#rejectKmemcacheFail++;
      return "refused";
    }
    const codec = raw ? 0 : this.#numbers[chooser.chosen]!;
    this.#pool.write(handle, raw ? page : this.#codecs[codec]!.output, 0, stored);
    this.#entries.publish(entry, type, offset, handle, stored, codec, clean | REFERENCED | (raw ? RAW : 0));
    if (raw) {
      this.#incompressiblePages++;
      this.#rawBytes += stored;
    } else this.#compressedBytes += stored;
    if (clean !== 0) this.#cleanPages++;
    this.#lru.add(entry); // Last: from now on write-back may find it.
    return "stored";
  }

  load(type: number, offset: number, into: Uint8Array): FrontswapLoad {
    const entry = this.#entries.find(type, offset);
    if (entry === NO_ENTRY) return "miss";
    this.#loads++;
    this.#fill(entry, into);
    if (!this.#options.exclusiveLoads) return "hit";
    this.#exclusiveLoads++;
    this.#drop(entry);
    return "hitExclusive";
  }

  async fetch(type: number, offset: number, into: Uint8Array): Promise<Exclude<FrontswapLoad, "remote">> {
    const outcome = this.load(type, offset, into);
    assert(outcome !== "remote", "everything in zswap is local");
    return outcome;
  }

  markClean(type: number, offset: number): void {
    const entry = this.#entries.find(type, offset);
    if (entry === NO_ENTRY || this.#entries.has(entry, CLEAN)) return;
    this.#entries.set(entry, CLEAN);
    this.#cleanPages++;
  }

  invalidatePage(type: number, offset: number): void {
    const entry = this.#entries.find(type, offset);
    if (entry === NO_ENTRY) return;
    this.#invalidates++;
    this.#drop(entry);
  }

  invalidateArea(type: number): void {
    for (let entry = 1; entry < this.#entries.end; entry++) {
      if (!this.#entries.isLive(entry) || this.#entries.typeOf(entry) !== type) continue;
      this.#invalidates++;
      this.#drop(entry);
    }
  }

  shrink(pages: number): number {
    const mayWrite = this.#options.poolFull !== "drop-clean";
    let gone = 0;
    // An entry that was used is spared once, so the oldest may have to be looked at twice.
    for (let looks = 2 * pages; looks > 0 && gone < pages; looks--) {
      const entry = this.#lru.oldest;
      if (entry === NO_OBJECT) break;
      const eviction = this.#evict(entry, mayWrite, true);
      if (eviction === "dropped" || eviction === "submitted") gone++;
      else if (eviction === "noMemory") break;
    }
    return gone;
  }

  currPages(): number {
    return this.#entries.live;
  }

  storedBytes(type: number, offset: number): number {
    const entry = this.#entries.find(type, offset);
    return entry === NO_ENTRY ? -1 : this.#entries.lengthOf(entry);
  }

  poolFrames(): number {
    return this.#pool.totalFrames();
  }

  contentBytes(): number {
    return this.#compressedBytes + this.#rawBytes;
  }

  metadataBytes(): number {
    return this.#pool.metadataBytes() + this.#entries.bytes + this.#lru.memoryBytes() + this.#codecBytes;
  }

  addressingBytes(): number {
    return this.#entries.indexBytes;
  }

  /**
   * Compresses with another codec, or another choice of codecs, from now on. What is stored keeps its own; codecs that
   * nothing stored needs are let go. O(pages).
   *
   * @throws TierError ZSWAP_NO_ROOM when the codecs' buffers do not fit the budget
   */
  changeCompressor(compressor: Compressor | CodecChooser): void {
    const chooser = chooserOf(compressor);
    this.#dropCodecs();
    this.#addCodecs(chooser);
    this.#chooser = chooser;
    this.#inputPage = pageOf(chooser);
    this.#inputWords = wordsOf(chooser);
  }

  /** Starts writing back until the pool is at the threshold, unless that is under way. */
  shrinkToThreshold(): void {
    if (this.#worker !== undefined || this.#closed || this.#options.poolFull === "refuse") return;
    this.#worker = this.#drain().finally(() => {
      this.#worker = undefined;
    });
  }

  countObjects(control: ShrinkControl): number {
    if (this.#entries.live === 0) return 0;
    if (!this.#options.shrinker && control.priority >= EMERGENCY_PRIORITY) return 0;
    const freeable = this.#mayWriteBack(control) ? this.#lru.size : this.#cleanPages;
    // The better the pages compress, the less freeing one of them gains: offer fewer (Linux: freeable × backing / stored).
    // Never more than there are: half-empty zspages can hold more frames than pages.
    return Math.min(freeable, Math.floor((freeable * this.#pool.totalFrames()) / this.#entries.live));
  }

  scanObjects(control: ShrinkControl): number {
    const frames = this.#pool.totalFrames();
    let dropped = 0;
    let scanned = 0;
    const mayIo = this.#mayWriteBack(control);
    while (scanned < control.nrToScan) {
      const entry = this.#lru.oldest;
      if (entry === NO_OBJECT) break;
      scanned++;
      const eviction = this.#evict(entry, mayIo, true);
      if (eviction === "dropped") dropped++;
      else if (eviction === "submitted") control.submitted++;
      else if (eviction === "noMemory") break;
    }
    control.nrScanned = scanned;
    control.framesFreed += Math.max(0, frames - this.#pool.totalFrames());
    return scanned === 0 || (dropped === 0 && control.submitted === 0) ? SHRINK_STOP : dropped;
  }

  counters(): Counters {
    return {
      storedPages: this.#entries.live,
      sameFilledPages: this.#sameFilledPages,
      incompressiblePages: this.#incompressiblePages,
      cleanPages: this.#cleanPages,
      compressedBytes: this.#compressedBytes,
      rawBytes: this.#rawBytes,
      poolPages: this.#pool.totalFrames(),
      stores: this.#stores,
      loads: this.#loads,
      exclusiveLoads: this.#exclusiveLoads,
      invalidates: this.#invalidates,
      duplicateEntry: this.#duplicateEntry,
      writtenBackPages: this.#writtenBackPages,
      droppedCleanPages: this.#droppedCleanPages,
      poolLimitHit: this.#poolLimitHit,
      compactedFrames: this.#compactedFrames,
      rejectLimit: this.#rejectLimit,
      rejectReclaimFail: this.#rejectReclaimFail,
      rejectAllocFail: this.#rejectAllocFail,
      rejectKmemcacheFail: this.#rejectKmemcacheFail,
      rejectCompressPoor: this.#rejectCompressPoor,
      decompressFail: this.#decompressFail,
    };
  }

  verify(): void {
    this.#pool.verify();
    this.#lru.verify();
    let live = 0;
    let sameFilled = 0;
    let raw = 0;
    let clean = 0;
    let compressedBytes = 0;
    let rawBytes = 0;
    for (let entry = 1; entry < this.#entries.end; entry++) {
      if (!this.#entries.isLive(entry)) continue;
      live++;
      assert(
        this.#entries.find(this.#entries.typeOf(entry), this.#entries.offsetOf(entry)) === entry,
        "the index leads to each entry",
      );
      if (this.#entries.has(entry, CLEAN)) clean++;
      if (this.#entries.has(entry, SAME_FILLED)) {
        sameFilled++;
        continue;
      }
      const length = this.#entries.lengthOf(entry);
      assert(
        this.#pool.sizeOf(this.#entries.payload(entry) as Handle) === length,
        "the pool holds what the entry says",
      );
      if (this.#entries.has(entry, RAW)) {
        raw++;
        rawBytes += length;
      } else compressedBytes += length;
    }
    assert(live === this.#entries.live, "storedPages counts the entries");
    assert(live - sameFilled === this.#lru.size, "every entry with a zpage is on the LRU");
    assert(sameFilled === this.#sameFilledPages, "sameFilledPages counts them");
    assert(raw === this.#incompressiblePages, "incompressiblePages counts them");
    assert(clean === this.#cleanPages, "cleanPages counts them");
    assert(compressedBytes === this.#compressedBytes, "compressedBytes sums the compressed lengths");
    assert(rawBytes === this.#rawBytes, "rawBytes sums the raw lengths");
    const refused = this.#rejectLimit + this.#rejectAllocFail + this.#rejectKmemcacheFail + this.#rejectCompressPoor;
    const left =
      this.#invalidates +
      this.#duplicateEntry +
      this.#exclusiveLoads +
      this.#writtenBackPages +
      this.#droppedCleanPages;
    assert(this.#stores === refused + live + left, "every store was refused, is stored, or has left");
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.#shrinkers.unregister(this);
    await this.#worker;
    await this.#writeback.flush();
  }

  /** Under pressure a pool writes back whatever it does when it is full, except that one of clean copies drops them. */
  #mayWriteBack({ mayIo }: ShrinkControl): boolean {
    return mayIo && this.#options.poolFull !== "drop-clean";
  }

  #addCodecs(chooser: CodecChooser): void {
    const bytes = chooser.memoryBytes();
    if (!this.#frames.charge(bytes)) {
      throw new TierError(
        "ZSWAP_NO_ROOM",
        `the buffers of compressor ${chooser.type} (${bytes} bytes) do not fit a memory of ${this.#frames.budgetBytes} bytes; give more memory.`,
        { compressor: chooser.type, bytes, budgetBytes: this.#frames.budgetBytes },
      );
    }
    this.#frames.uncharge(this.#chooserBytes); // What the last chooser held beside its codecs is needed no more.
    this.#codecBytes += bytes - this.#chooserBytes;
    this.#chooserBytes = bytes;
    for (const codec of chooser.codecs) this.#chooserBytes -= codec.memoryBytes();
    this.#numbers = chooser.codecs.map((codec) => this.#numberFor(codec));
  }

  #numberFor(codec: Compressor): number {
    const free = this.#codecs.indexOf(undefined);
    const number = free < 0 ? this.#codecs.length : free;
    assert(number < CODECS_MAX, "the pages stored at one time have at most 256 codecs");
    this.#codecs[number] = codec;
    return number;
  }

  /** Lets go of codecs that no stored page needs; the present ones stay. */
  #dropCodecs(): void {
    const needed = new Set(this.#numbers);
    for (let entry = 1; entry < this.#entries.end; entry++) {
      const isCompressed = this.#entries.isLive(entry) && !this.#entries.has(entry, SAME_FILLED | RAW);
      if (isCompressed) needed.add(this.#entries.metaOf(entry) >>> CODEC_SHIFT);
    }
    for (const [number, codec] of this.#codecs.entries()) {
      if (codec === undefined || needed.has(number)) continue;
      this.#frames.uncharge(codec.memoryBytes());
      this.#codecBytes -= codec.memoryBytes();
      this.#codecs[number] = undefined;
    }
  }

  #isFull(): boolean {
    let check = this.#limit.check(this.#pool.totalFrames(), this.#frames.total);
    if (check === "accept") return false;
    // Frames that only fragmentation holds are given up before anything is refused.
    if (this.#compact() > 0) check = this.#limit.check(this.#pool.totalFrames(), this.#frames.total);
    if (check === "limit") this.#poolLimitHit++;
    return check !== "accept";
  }

  #compact(): number {
    const freed = this.#pool.compact(BATCH);
    this.#compactedFrames += freed;
    return freed;
  }

  #refuseFull(): StoreOutcome {
    this.#rejectLimit++;
    this.shrinkToThreshold();
    return "refused";
  }

  /** Whether the page in the codec's input is one repeated 8-byte word. The last word is looked at first: most pages end there. */
  #isSameFilled(): boolean {
    const words = this.#inputWords;
    const low = words[0]!;
    const high = words[1]!;
    if (words[words.length - 2] !== low || words[words.length - 1] !== high) return false;
    for (let index = 2; index < words.length; index += 2)
      if (words[index] !== low || words[index + 1] !== high) return false;
    return true;
  }

  #storeSameFilled(type: number, offset: number, clean: number): StoreOutcome {
    const low = this.#inputWords[0]!;
    const high = this.#inputWords[1]!;
    const entry = this.#allocate();
    if (entry !== NO_ENTRY && (high === low || this.#entries.ensureHigh(entry))) {
      if (entry !== NO_ENTRY && high !== low) this.#entries.setPayloadHigh(entry, high);
      const kind = SAME_FILLED | (high === low ? 0 : TWO_WORDS);
      this.#entries.publish(entry, type, offset, low, 0, 0, clean | kind);
      this.#sameFilledPages++;
      if (clean !== 0) this.#cleanPages++;
      return "stored";
    }
    if (entry !== NO_ENTRY) this.#entries.abandon(entry);
    this.#rejectKmemcacheFail++;
    return "refused";
  }

  #allocate(): number {
    const entry = this.#entries.allocate();
    if (entry === NO_ENTRY || this.#lru.ensure(entry + 1)) return entry;
    this.#entries.abandon(entry);
    return NO_ENTRY;
  }

  /** Copies an entry's page out. @throws TierError FRONTSWAP_LOST */
  #fill(entry: number, into: Uint8Array): void {
    const meta = this.#entries.metaOf(entry);
    if ((meta & SAME_FILLED) !== 0) {
      this.#fillSame(entry, into);
      return;
    }
    const handle = this.#entries.payload(entry) as Handle;
    if ((meta & RAW) !== 0) {
      this.#pool.read(handle, into, 0);
      return;
    }
    const compressor = this.#codecs[meta >>> CODEC_SHIFT]!;
    const start = this.#pool.readAround(handle, compressor.input);
    const length = meta & LENGTH_MASK;
    try {
      const restored = compressor.decompress(start, length);
      if (restored !== PAGE_SIZE) throw compressorCorrupt(compressor.type, `they give ${restored} bytes`, length);
    } catch (error) {
      this.#decompressFail++;
      throw frontswapLost(this.type, this.#entries.typeOf(entry), this.#entries.offsetOf(entry), error);
    }
    into.set(compressor.output);
  }

  #fillSame(entry: number, into: Uint8Array): void {
    const low = this.#entries.payload(entry);
    const high = this.#entries.has(entry, TWO_WORDS) ? this.#entries.payloadHigh(entry) : low;
    if (low === high && low === Math.imul(low & 0xff, 0x01010101) >>> 0) {
      into.fill(low & 0xff);
      return;
    }
    const words = this.#inputWords;
    for (let index = 0; index < words.length; index += 2) {
      words[index] = low;
      words[index + 1] = high;
    }
    into.set(this.#inputPage);
  }

  /** Removes an entry and its zpage. */
  #drop(entry: number): void {
    if (this.#entries.has(entry, CLEAN)) this.#cleanPages--;
    if (this.#entries.has(entry, SAME_FILLED)) this.#sameFilledPages--;
    else {
      const length = this.#entries.lengthOf(entry);
      if (this.#entries.has(entry, RAW)) {
        this.#incompressiblePages--;
        this.#rawBytes -= length;
      } else this.#compressedBytes -= length;
      this.#lru.delete(entry);
      this.#pool.free(this.#entries.payload(entry) as Handle);
    }
    this.#entries.remove(entry);
  }

  /** Writes the coldest entries back until the pool is at its threshold, or nothing helps any more. */
  async #drain(): Promise<void> {
    let failures = 0;
    await this.#scheduler.turn();
    while (!this.#closed && failures < FAILURES_MAX && this.#isAboveThreshold()) {
      if (this.#compact() > 0) continue;
      const before = this.#writtenBackPages + this.#droppedCleanPages;
      let submitted = 0;
      // Zpages stay until their writes have settled, so what is on its way out counts here: no more leaves than must.
      let leavingBytes = 0;
      for (let count = 0; count < BATCH && this.#isAboveThreshold(leavingBytes); count++) {
        const entry = this.#lru.oldest;
        if (entry === NO_OBJECT) break;
        const length = this.#entries.lengthOf(entry);
        const eviction = this.#evict(entry, this.#options.poolFull === "writeback-lru", false);
        if (eviction === "submitted") {
          submitted++;
          leavingBytes += length;
        }
        if (eviction === "noMemory") break;
      }
      if (submitted > 0) await this.#writeback.flush();
      else await this.#scheduler.turn();
      if (this.#writtenBackPages + this.#droppedCleanPages === before) failures++;
      else failures = 0;
    }
  }

  /** @param leavingBytes zpages that will be gone soon */
  #isAboveThreshold(leavingBytes = 0): boolean {
    const leaving = Math.floor(leavingBytes / PAGE_SIZE);
    return this.#pool.totalFrames() - leaving > this.#limit.thresholdFrames(this.#frames.total);
  }

  /**
   * Tries to move the LRU's oldest entry out. Whatever happens, it is not the oldest one afterwards (or it is gone).
   *
   * @param secondChance whether a referenced entry is spared once: under pressure yes (Linux 6.18's shrinker), at the limit no
   */
  #evict(entry: number, mayIo: boolean, secondChance: boolean): Eviction {
    this.#lru.moveToNewest(entry);
    if (this.#entries.has(entry, CLEAN)) {
      this.#droppedCleanPages++;
      this.#drop(entry);
      return "dropped";
    }
    if (!mayIo || this.#entries.has(entry, IN_FLIGHT)) return "busy";
    if (secondChance && this.#entries.has(entry, REFERENCED)) {
      this.#entries.clear(entry, REFERENCED);
      return "busy";
    }
    return this.#writeBack(entry);
  }

  #writeBack(entry: number): Eviction {
    const generation = this.#entries.generationOf(entry);
    const type = this.#entries.typeOf(entry);
    const offset = this.#entries.offsetOf(entry);
    const claim = this.#writeback.claim(type, offset);
    if (claim === "noMemory") return "noMemory";
    if (claim === "exists") return "busy";
    // The slot may have been given back and taken again while the claim was made.
    if (this.#entries.find(type, offset) !== entry || this.#entries.generationOf(entry) !== generation) {
      this.#writeback.release(claim);
      return "failed";
    }
    try {
      this.#fill(entry, claim.page);
    } catch (error) {
      this.#writeback.release(claim);
      this.#rejectReclaimFail++;
      if (!TierError.is(error, "FRONTSWAP_LOST")) throw error;
      return "failed";
    }
    this.#entries.set(entry, IN_FLIGHT);
    this.#writeback.submit(claim, (outcome) => {
      if (this.#entries.find(type, offset) !== entry || this.#entries.generationOf(entry) !== generation) return false;
      this.#entries.clear(entry, IN_FLIGHT);
      if (outcome === "failed") {
        this.#rejectReclaimFail++;
        return false;
      }
      this.#writtenBackPages++;
      this.#drop(entry);
      return true;
    });
    return "submitted";
  }
}

function pageOf({ input }: CodecChooser): Uint8Array {
  return input.subarray(0, PAGE_SIZE);
}

function wordsOf({ input }: CodecChooser): Uint32Array {
  const { buffer, byteOffset } = input;
  assert(byteOffset % 4 === 0, "a codec's input is aligned to words");
  return new Uint32Array(buffer, byteOffset, PAGE_SIZE / 4);
}
