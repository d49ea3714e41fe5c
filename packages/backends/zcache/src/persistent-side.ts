import { assert, type Counters } from "@pagetier/base";
import type { Frontswap, FrontswapCopy, FrontswapLoad, StoreOutcome } from "@pagetier/frontswap";
import { isTmemKey, lengthOf, NO_PAGE, SWAP_OBJECTS, swapIndex, swapOid } from "@pagetier/tmem";
import type { ZcacheOptions } from "./options.js";
import type { WriteBack } from "./write-back.js";
import { CLEAN, type Zpages } from "./zpages.js";

/** zcache as frontswap sees it: pages that stay until they are invalidated, taken or safe on the device. */
export class PersistentSide implements Frontswap {
  readonly type = "zcache";
  readonly #zpages: Zpages;
  readonly #writeBack: WriteBack;
  readonly #options: ZcacheOptions;
  readonly #sharedCounters: () => Counters;
  readonly #onClose: () => void;
  #closed = false;
  #closing: Promise<void> | undefined;
  #stores = 0;
  #loads = 0;
  #exclusiveLoads = 0;
  #invalidates = 0;
  #duplicateEntry = 0;
  #lostCleanPages = 0;
  #rejectLimit = 0;
  #poolLimitHit = 0;
  #putToFlush = 0;

  constructor(
    zpages: Zpages,
    writeBack: WriteBack,
    options: ZcacheOptions,
    sharedCounters: () => Counters,
    onClose: () => void,
  ) {
    this.#zpages = zpages;
    this.#writeBack = writeBack;
    this.#options = options;
    this.#sharedCounters = sharedCounters;
    this.#onClose = onClose;
  }

  init(_type: number): void {
    // An object is made with its first page.
  }

  store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome {
    const zpages = this.#zpages;
    const oid = swapOid(type, offset);
    const index = swapIndex(offset);
    if (!isTmemKey(oid, index)) return "refused";
    this.#stores++;
    if (zpages.tmem.flushPage(zpages.swap, oid, index)) this.#duplicateEntry++; // Before anything can refuse.
    if (zpages.frozen) {
      this.#putToFlush++;
      return "refused";
    }
    if (this.#closed || this.#isFull()) return this.#refuseFull();
    const kept = zpages.keep("persistent", zpages.swap, oid, index, page, copy === "clean" ? CLEAN : 0);
    if (kept !== NO_PAGE) return "stored";
    if (zpages.frames >= zpages.framesMax) this.#startWriteBack();
    return "refused";
  }

  load(type: number, offset: number, into: Uint8Array): FrontswapLoad {
    const { tmem, swap } = this.#zpages;
    const oid = swapOid(type, offset);
    const index = swapIndex(offset);
    const page = tmem.find(swap, oid, index);
    if (page === NO_PAGE) return "miss";
    const outcome = tmem.get(swap, oid, index, into, this.#options.exclusiveLoads);
    assert(outcome !== "remote", "everything in zcache is local");
    if (outcome === "miss") {
      this.#lostCleanPages++;
      return outcome;
    }
    this.#loads++;
    if (outcome === "hitExclusive") this.#exclusiveLoads++;
    else this.#zpages.touch(page);
    return outcome;
  }

  async fetch(type: number, offset: number, into: Uint8Array): Promise<Exclude<FrontswapLoad, "remote">> {
    return this.load(type, offset, into) as Exclude<FrontswapLoad, "remote">;
  }

  markClean(type: number, offset: number): void {
    const { tmem, swap } = this.#zpages;
    const page = tmem.find(swap, swapOid(type, offset), swapIndex(offset));
    if (page === NO_PAGE || (tmem.metaOf(page) & CLEAN) !== 0) return;
    tmem.setMeta(page, (tmem.metaOf(page) | CLEAN) >>> 0);
    this.#zpages.cleanPages++;
  }

  invalidatePage(type: number, offset: number): void {
    const { tmem, swap } = this.#zpages;
    if (tmem.flushPage(swap, swapOid(type, offset), swapIndex(offset))) this.#invalidates++;
  }

  invalidateArea(type: number): void {
    const { tmem, swap } = this.#zpages;
    for (let part = 0; part < SWAP_OBJECTS; part++) {
      this.#invalidates += tmem.flushObject(swap, swapOid(type, part));
    }
  }

  shrink(pages: number): number {
    const { dropped, submitted } = this.#writeBack.send(pages, true, false);
    return dropped + submitted;
  }

  currPages(): number {
    return this.#zpages.tmem.pagesIn(this.#zpages.swap);
  }

  storedBytes(type: number, offset: number): number {
    const { tmem, swap } = this.#zpages;
    const page = tmem.find(swap, swapOid(type, offset), swapIndex(offset));
    return page === NO_PAGE ? -1 : lengthOf(tmem.metaOf(page));
  }

  poolFrames(): number {
    return this.#zpages.persistent.frames;
  }

  contentBytes(): number {
    return this.#zpages.persistent.zbytes;
  }

  metadataBytes(): number {
    return this.#zpages.memoryBytes("persistent");
  }

  addressingBytes(): number {
    return 0;
  }

  counters(): Counters {
    const { compressPoor, meanCompressPoor, abortedPreload, noRoom } = this.#zpages.refusals.persistent;
    const { persistent } = this.#zpages;
    return {
      ...this.#sharedCounters(),
      storedPages: this.currPages(),
      stores: this.#stores,
      loads: this.#loads,
      exclusiveLoads: this.#exclusiveLoads,
      invalidates: this.#invalidates,
      duplicateEntry: this.#duplicateEntry,
      lostCleanPages: this.#lostCleanPages,
      writtenBackPages: this.#writeBack.writtenBackPages,
      outstandingWritebackPages: this.#writeBack.outstandingWritebackPages,
      droppedCleanPages: this.#writeBack.droppedCleanPages,
      rejectReclaimFail: this.#writeBack.failed,
      rejectLimit: this.#rejectLimit,
      poolLimitHit: this.#poolLimitHit,
      persPutToFlush: this.#putToFlush,
      persPageframes: persistent.frames,
      persZpages: persistent.zpages,
      persZbytes: persistent.zbytes,
      persCompressPoor: compressPoor,
      persMeanCompressPoor: meanCompressPoor,
      persAbortedPreload: abortedPreload,
      persNoRoom: noRoom,
    };
  }

  verify(): void {
    this.#zpages.verify();
    const { compressPoor, meanCompressPoor, abortedPreload, noRoom } = this.#zpages.refusals.persistent;
    const refused = this.#rejectLimit + this.#putToFlush + compressPoor + meanCompressPoor + abortedPreload + noRoom;
    const left =
      this.#invalidates +
      this.#duplicateEntry +
      this.#exclusiveLoads +
      this.#lostCleanPages +
      this.#writeBack.writtenBackPages +
      this.#writeBack.droppedCleanPages;
    assert(this.#stores === refused + this.currPages() + left, "every store was refused, is stored, or has left");
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.#onClose();
    await this.#writeBack.close();
  }

  #isFull(): boolean {
    const check = this.#zpages.isFull();
    if (check === "limit") this.#poolLimitHit++;
    return check !== "accept";
  }

  #refuseFull(): StoreOutcome {
    this.#rejectLimit++;
    this.#startWriteBack();
    return "refused";
  }

  #startWriteBack(): void {
    if (!this.#closed && this.#options.poolFull !== "refuse") this.#writeBack.start();
  }
}
