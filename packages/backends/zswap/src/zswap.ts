// zswap: a compressed cache for pages on their way to swap.
//
// store   the limit first; then a page of one repeated word becomes that word; everything else is compressed, or kept raw
//         when it does not get shorter, and put into the pool. The entry joins the LRU last: until then write-back
//         cannot find it.
// load    decompresses. The copy stays (a clean page that is evicted again costs nothing), or goes with exclusive loads.
//         What was written back as a record answers "remote", and is fetched (record-reader.ts).
// full    a store at the limit is refused and the coldest entries are written back in the background (drain.ts), until the
//         pool has fallen to the threshold; until then stores are refused. The zpage stays until its page is safely on the
//         device. Before that the pool is compacted: frames that only fragmentation holds cost nothing to give up.
//
// Where versions of Linux behave differently there is an option for each difference, and `as` for all of them (options.ts).
// What differs from all of them: the zpage outlives the device write (Linux frees it as soon as the page is in the swap
// cache); the entry records its codec, so that a chooser may take another for each page, and codecs can be changed while
// pages are stored; pages stored raw and same-filled pages exist together.
//
// See Linux 3.14, 6.1, 6.8 and 6.18 mm/zswap.c.

import { ZPOOL, type Zpool } from "@pagetier/allocator";
import {
  assert,
  type Counters,
  createPrng,
  PAGE_SIZE,
  PRNG,
  type Prng,
  SCHEDULER,
  type Scheduler,
} from "@pagetier/base";
import { CODEC_CHOOSER, COMPRESSOR, type CodecChooser, type Compressor, INCOMPRESSIBLE } from "@pagetier/compressor";
import { inject, injectable } from "@pagetier/di";
import { type LimitCheck, PAGE_FRAMES, type PageFrames, PoolLimit } from "@pagetier/frames";
import {
  type Frontswap,
  type FrontswapCopy,
  type FrontswapLoad,
  type StoreOutcome,
  SWAP_WRITEBACK,
  type SwapWriteback,
} from "@pagetier/frontswap";
import { NO_OBJECT, SHRINKERS, type ShrinkControl, type Shrinker, type Shrinkers } from "@pagetier/shrinker";
import { Codecs } from "./codecs.js";
import { Drain } from "./drain.js";
import { CLEAN, LENGTH_MASK, NO_ENTRY, RAW, RECORD, REFERENCED } from "./entries.js";
import { completeOptions, ZSWAP_OPTIONS, type ZswapOptions } from "./options.js";
import { PoolShrinker } from "./pool-shrinker.js";
import { RecordReader } from "./record-reader.js";
import { isSameFilled } from "./same-filled.js";
import { type Insertion, StoredPages } from "./stored-pages.js";
import { WriteBack } from "./write-back.js";

@injectable()
export class Zswap implements Frontswap, Shrinker {
  readonly type = "zswap";
  readonly name: string;
  readonly seeks: number;
  readonly #frames: PageFrames;
  readonly #shrinkers: Shrinkers;
  readonly #options: ZswapOptions;
  readonly #limit: PoolLimit;
  readonly #codecs: Codecs;
  readonly #pages: StoredPages;
  readonly #writeBack: WriteBack;
  readonly #records: RecordReader;
  readonly #drain: Drain;
  readonly #shrinker: PoolShrinker;
  #closed = false;
  #closing: Promise<void> | undefined;
  #stores = 0;
  #loads = 0;
  #invalidates = 0;
  #exclusiveLoads = 0;
  #poolLimitHit = 0;
  #rejectLimit = 0;
  #rejectAllocFail = 0;
  #rejectKmemcacheFail = 0;
  #rejectCompressPoor = 0;
  #rejectCompressFail = 0;
  #duplicateEntry = 0;

  /** @param strong the codec of `writeback: recompressed`, which needs one */
  constructor(
    @inject(PAGE_FRAMES) frames: PageFrames,
    @inject(ZPOOL) pool: Zpool,
    @inject(CODEC_CHOOSER) compressor: Compressor | CodecChooser,
    @inject(SWAP_WRITEBACK) writeback: SwapWriteback,
    @inject(SHRINKERS) shrinkers: Shrinkers,
    @inject(SCHEDULER) scheduler: Scheduler,
    @inject(ZSWAP_OPTIONS) said: Partial<ZswapOptions>,
    @inject(COMPRESSOR, { isOptional: true }) strong?: Compressor,
    @inject(PRNG, { isOptional: true }) prng: Prng = createPrng(0),
  ) {
    const options = asPool(completeOptions(said), pool.type);
    this.#frames = frames;
    this.#shrinkers = shrinkers;
    this.#options = options;
    this.#limit = new PoolLimit(options.maxPoolPercent, options.acceptThresholdPercent, options.limit);
    const isRecompressing = options.writeback === "recompressed";
    assert(!isRecompressing || strong !== undefined, "recompressed write-back has a codec of its own");
    this.#codecs = new Codecs(frames, compressor, isRecompressing ? strong : undefined);
    this.#pages = new StoredPages(frames, pool, this.#codecs, options.lru, prng);
    this.#writeBack = new WriteBack(this.#pages, writeback, options.writeback);
    this.#records = new RecordReader(this.#pages, frames, this.#limit, writeback, options.readaheadPages);
    this.#drain = new Drain({
      pages: this.#pages,
      writeBack: this.#writeBack,
      frames,
      limit: this.#limit,
      scheduler,
      options,
    });
    this.#shrinker = new PoolShrinker(this.#pages, this.#writeBack, options);
    this.name = this.#shrinker.name;
    this.seeks = this.#shrinker.seeks;
    this.#shrinkers.register(this);
  }

  init(_type: number): void {
    // Indexes are made when the first page of an area comes.
  }

  store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    this.#stores++;
    this.#dropOlder(type, offset); // Before anything can refuse: a refused store leaves no older copy.
    if (this.#closed || this.#isFull()) return this.#refuseFull();
    const { chooser } = this.#codecs;
    chooser.input.set(page);
    const clean = copy === "clean" ? CLEAN : 0;
    const { sameFilledPages } = this.#options;
    if (sameFilledPages !== false && isSameFilled(this.#codecs.inputWords)) {
      const low = this.#codecs.inputWords[0]!;
      const high = this.#codecs.inputWords[1]!;
      if (sameFilledPages === true || (low === 0 && high === 0)) {
        return this.#outcomeOf(this.#pages.insertSame(type, offset, low, high, clean));
      }
    }
    const length = chooser.compress();
    const raw = length === INCOMPRESSIBLE || length >= PAGE_SIZE;
    if (raw && !this.#options.storeIncompressible) {
      this.#rejectCompressFail++;
      return "refused";
    }
    const codec = raw ? 0 : this.#codecs.chosen;
    const source = raw ? page : this.#codecs.at(codec).output;
    const flags = clean | REFERENCED | (raw ? RAW : 0);
    return this.#outcomeOf(this.#pages.insert(type, offset, source, raw ? PAGE_SIZE : length, codec, flags));
  }

  load(type: number, offset: number, into: Uint8Array): FrontswapLoad {
    const { entries } = this.#pages;
    const entry = entries.find(type, offset);
    if (entry === NO_ENTRY) return entries.below > 0 && entries.isBelow(type, offset) ? "remote" : "miss";
    this.#loads++;
    this.#shrinker.noteLoad();
    this.#pages.fill(entry, into);
    const isBelowToo = entries.has(entry, RECORD);
    if (isBelowToo) this.#records.noteLoad(entry);
    if (!this.#options.exclusiveLoads) return "hit";
    this.#exclusiveLoads++;
    this.#pages.drop(entry, true);
    return isBelowToo ? "hit" : "hitExclusive"; // With its record the page is clean: memory holds no only copy.
  }

  async fetch(type: number, offset: number, into: Uint8Array): Promise<Exclude<FrontswapLoad, "remote">> {
    if (this.#pages.entries.isBelow(type, offset)) {
      this.#shrinker.noteDeviceRead();
      return this.#records.read(type, offset, into);
    }
    const outcome = this.load(type, offset, into);
    assert(outcome !== "remote", "what does not lie below is here");
    return outcome;
  }

  markClean(type: number, offset: number): void {
    const entry = this.#pages.entries.find(type, offset);
    if (entry !== NO_ENTRY) this.#pages.markClean(entry);
  }

  invalidatePage(type: number, offset: number): void {
    this.#records.noteGone(type, offset);
    const { entries } = this.#pages;
    const entry = entries.find(type, offset);
    if (entry !== NO_ENTRY) {
      this.#invalidates++;
      this.#pages.drop(entry);
    } else if (entries.isBelow(type, offset)) this.#pages.forgetBelow(type, offset);
  }

  invalidateArea(type: number): void {
    const { entries } = this.#pages;
    for (let entry = 1; entry < entries.end; entry++) {
      if (entries.isLive(entry) && entries.typeOf(entry) === type) this.invalidatePage(type, entries.offsetOf(entry));
    }
    for (const offset of entries.belowIn(type)) this.invalidatePage(type, offset);
  }

  noteDeviceRead(): void {
    this.#shrinker.noteDeviceRead();
  }

  shrink(pages: number): number {
    const mayWrite = this.#options.poolFull !== "drop-clean";
    let gone = 0;
    for (let looks = pages; looks > 0; looks--) {
      const entry = this.#pages.coldest;
      if (entry === NO_OBJECT) break;
      const eviction = this.#writeBack.evict(entry, mayWrite, false);
      if (eviction === "dropped" || eviction === "submitted") gone++;
      else if (eviction === "noMemory") break;
    }
    return gone;
  }

  currPages(): number {
    return this.#pages.entries.live + this.#pages.entries.below;
  }

  recordPages(): number {
    return this.#pages.entries.below;
  }

  storedBytes(type: number, offset: number): number {
    const { entries } = this.#pages;
    const entry = entries.find(type, offset);
    return entry === NO_ENTRY ? -1 : entries.metaOf(entry) & LENGTH_MASK;
  }

  poolFrames(): number {
    return this.#pages.pool.totalFrames();
  }

  contentBytes(): number {
    return this.#pages.contentBytes;
  }

  metadataBytes(): number {
    return this.#pages.metadataBytes;
  }

  addressingBytes(): number {
    return this.#pages.entries.indexBytes;
  }

  /**
   * Compresses with another codec, or another choice of codecs, from now on. What is stored keeps its own; codecs that
   * nothing stored needs are let go.
   *
   * @throws TierError ZSWAP_NO_ROOM when the codecs' buffers do not fit the budget
   */
  changeCompressor(compressor: Compressor | CodecChooser): void {
    this.#codecs.change(compressor);
  }

  /** Starts writing back until the pool is at the threshold, unless that is under way. */
  shrinkToThreshold(): void {
    if (!this.#closed) this.#drain.start();
  }

  countObjects(control: ShrinkControl): number {
    return this.#shrinker.countObjects(control);
  }

  scanObjects(control: ShrinkControl): number {
    return this.#shrinker.scanObjects(control);
  }

  counters(): Counters {
    return {
      ...this.#pages.counters(),
      stores: this.#stores,
      loads: this.#loads,
      exclusiveLoads: this.#exclusiveLoads,
      invalidates: this.#invalidates,
      duplicateEntry: this.#duplicateEntry,
      ...this.#writeBack.counters(),
      ...this.#records.counters(),
      poolLimitHit: this.#poolLimitHit,
      compactedFrames: this.#drain.compactedFrames,
      ...this.#shrinker.counters(),
      rejectLimit: this.#rejectLimit,
      rejectAllocFail: this.#rejectAllocFail,
      rejectKmemcacheFail: this.#rejectKmemcacheFail,
      rejectCompressPoor: this.#rejectCompressPoor,
      rejectCompressFail: this.#rejectCompressFail,
    };
  }

  verify(): void {
    this.#pages.verify();
    const refused =
      this.#rejectLimit +
      this.#rejectAllocFail +
      this.#rejectKmemcacheFail +
      this.#rejectCompressPoor +
      this.#rejectCompressFail;
    const left = this.#invalidates + this.#duplicateEntry + this.#exclusiveLoads + this.#writeBack.left;
    assert(
      this.#stores + this.#records.readaheadPages === refused + this.#pages.entries.live + left,
      "every page that came was refused, is stored, or has left",
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.#shrinkers.unregister(this);
    await this.#drain.close();
    await this.#writeBack.flush();
  }

  #dropOlder(type: number, offset: number): void {
    this.#records.noteGone(type, offset);
    const { entries } = this.#pages;
    const old = entries.find(type, offset);
    if (old !== NO_ENTRY) {
      this.#duplicateEntry++;
      this.#pages.drop(old);
    } else if (entries.below > 0 && entries.isBelow(type, offset)) this.#pages.forgetBelow(type, offset);
  }

  #isFull(): boolean {
    let check = this.#checkLimit();
    if (check === "accept") return false;
    // Frames that only fragmentation holds are given up before anything is refused.
    if (this.#drain.compact() > 0) check = this.#checkLimit();
    if (check === "limit") this.#poolLimitHit++;
    // Linux 3.14 makes room at once, and then stores even if the pool is still too large.
    if (check === "limit" && this.#options.limit === "3.14" && this.#options.poolFull !== "refuse") {
      return !this.#drain.reclaimOne();
    }
    return check !== "accept";
  }

  #checkLimit(): LimitCheck {
    return this.#limit.check(this.#pages.pool.totalFrames(), this.#frames.total);
  }

  #refuseFull(): StoreOutcome {
    this.#rejectLimit++;
    if (this.#options.limit !== "3.14") this.shrinkToThreshold();
    return "refused";
  }

  #outcomeOf(insertion: Insertion): StoreOutcome {
    switch (insertion) {
      case "stored":
        this.#shrinker.noteStore();
        return "stored";
      case "tooLarge":
        this.#rejectCompressPoor++;
        return "refused";
      case "noFrame":
        this.#rejectAllocFail++;
        return "refused";
      case "noEntry":
        this.#rejectKmemcacheFail++;
        return "refused";
    }
  }
}

/** In Linux before 6.2 zsmalloc could not evict: no key in front of a zpage, and a full pool refuses. */
function asPool(options: ZswapOptions, pool: string): ZswapOptions {
  if (pool !== "zsmalloc" || (options.as !== "3.14" && options.as !== "6.1")) return options;
  return { ...options, lru: "entry", poolFull: options.poolFull === "writeback-lru" ? "refuse" : options.poolFull };
}
