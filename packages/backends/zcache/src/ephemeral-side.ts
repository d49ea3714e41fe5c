import { assert, type Counters } from "@pagetier/base";
import { type Cleancache, type CleancacheGet, NO_POOL } from "@pagetier/cleancache";
import { isTmemKey, NO_PAGE, NO_TMEM_POOL } from "@pagetier/tmem";
import type { ZcacheOptions } from "./options.js";
import type { Zpages } from "./zpages.js";

/** zcache as cleancache sees it: pages that may go at any time, and are never stale. */
export class EphemeralSide implements Cleancache {
  readonly type = "zcache";
  readonly #zpages: Zpages;
  readonly #options: ZcacheOptions;
  readonly #sharedCounters: () => Counters;
  readonly #onClose: () => void;
  #closed = false;
  #closing: Promise<void> | undefined;
  #puts = 0;
  #succGets = 0;
  #failedGets = 0;
  #takenPages = 0;
  #nonactivePutsIgnored = 0;
  #putToFlush = 0;
  #duplicatePuts = 0;
  #invalidatedPages = 0;
  #lostPages = 0;
  #wantedAgain = 0;

  constructor(zpages: Zpages, options: ZcacheOptions, sharedCounters: () => Counters, onClose: () => void) {
    this.#zpages = zpages;
    this.#options = options;
    this.#sharedCounters = sharedCounters;
    this.#onClose = onClose;
  }

  initFs(): number {
    return this.#open(undefined);
  }

  initSharedFs(uuid: string): number {
    return this.#open(uuid.toLowerCase());
  }

  putPage(pool: number, file: number, index: number, page: Uint8Array, wasActive: boolean): void {
    const { tmem, ghosts } = this.#zpages;
    if (!this.#isFs(pool) || !isTmemKey(file, index)) return;
    this.#puts++;
    // First, whatever becomes of the page: Linux ignored puts without dropping the older page, which then came back.
    if (tmem.flushPage(pool, file, index)) this.#duplicatePuts++;
    ghosts.remove(pool, file, index);
    if (this.#closed || this.#zpages.frozen) {
      this.#putToFlush++;
      return;
    }
    if (this.#options.activeOnly && !wasActive) {
      this.#nonactivePutsIgnored++;
      return;
    }
    this.#zpages.keep("ephemeral", pool, file, index, page, 0);
  }

  getPage(pool: number, file: number, index: number, into: Uint8Array): CleancacheGet {
    const { tmem, ghosts } = this.#zpages;
    if (!this.#isFs(pool)) return "miss";
    const there = tmem.find(pool, file, index) !== NO_PAGE;
    const outcome = there ? tmem.get(pool, file, index, into) : "miss";
    assert(outcome !== "remote", "everything in zcache is local");
    if (outcome === "miss") {
      this.#failedGets++;
      if (there) this.#lostPages++;
      else if (ghosts.remove(pool, file, index)) this.#wantedAgain++;
      return "miss";
    }
    this.#succGets++;
    if (outcome === "hitExclusive") this.#takenPages++;
    else this.#zpages.touch(tmem.find(pool, file, index));
    return "hit";
  }

  async fetch(pool: number, file: number, index: number, into: Uint8Array): Promise<Exclude<CleancacheGet, "remote">> {
    return this.getPage(pool, file, index, into) as Exclude<CleancacheGet, "remote">;
  }

  invalidatePage(pool: number, file: number, index: number): void {
    if (!this.#isFs(pool)) return;
    if (this.#zpages.tmem.flushPage(pool, file, index)) this.#invalidatedPages++;
    else this.#zpages.ghosts.remove(pool, file, index);
  }

  invalidateInode(pool: number, file: number): void {
    if (!this.#isFs(pool)) return;
    this.#invalidatedPages += this.#zpages.tmem.flushObject(pool, file);
    this.#zpages.ghosts.removeObject(pool, file);
  }

  invalidateFs(pool: number): void {
    if (!this.#isFs(pool)) return;
    this.#invalidatedPages += this.#zpages.tmem.destroyPool(pool);
    if (!this.#zpages.tmem.isOpen(pool)) this.#zpages.ghosts.close(pool);
  }

  currPages(): number {
    return this.#zpages.ephemeralPages;
  }

  poolFrames(): number {
    return this.#zpages.ephemeral.frames;
  }

  contentBytes(): number {
    return this.#zpages.ephemeral.zbytes;
  }

  metadataBytes(): number {
    return this.#zpages.memoryBytes("ephemeral");
  }

  addressingBytes(): number {
    return this.#zpages.ghosts.bytes;
  }

  counters(): Counters {
    const { compressPoor, abortedPreload, noRoom } = this.#zpages.refusals.ephemeral;
    const { ephemeral, ephAteTail, evictedEphMarkers, evictedEphPageframes, evictedEphZpages } = this.#zpages;
    const { compactedEphFrames } = this.#zpages;
    return {
      ...this.#sharedCounters(),
      ephPages: this.currPages(),
      ephPuts: this.#puts,
      ephSuccGets: this.#succGets,
      ephFailedGets: this.#failedGets,
      ephTakenPages: this.#takenPages,
      ephDuplicatePuts: this.#duplicatePuts,
      ephInvalidatedPages: this.#invalidatedPages,
      ephLostPages: this.#lostPages,
      ephNonactivePutsIgnored: this.#nonactivePutsIgnored,
      ephPutToFlush: this.#putToFlush,
      ephPageframes: ephemeral.frames,
      ephZpages: ephemeral.zpages,
      ephZbytes: ephemeral.zbytes,
      ephCompressPoor: compressPoor,
      ephAbortedPreload: abortedPreload,
      ephAteTail,
      ephNoRoom: noRoom,
      compactedEphFrames,
      evictedEphPageframes,
      evictedEphZpages,
      evictedEphMarkers,
      evictedEphWantedAgain: this.#wantedAgain,
    };
  }

  verify(): void {
    this.#zpages.verify();
    const { compressPoor, meanCompressPoor, abortedPreload, noRoom } = this.#zpages.refusals.ephemeral;
    const { evictedEphMarkers, evictedEphZpages } = this.#zpages;
    const refused =
      this.#nonactivePutsIgnored + this.#putToFlush + compressPoor + meanCompressPoor + abortedPreload + noRoom;
    const left =
      this.#takenPages +
      this.#duplicatePuts +
      this.#invalidatedPages +
      this.#lostPages +
      evictedEphMarkers +
      evictedEphZpages;
    assert(this.#puts === refused + this.currPages() + left, "every put was not kept, is here, or has left");
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.#onClose();
  }

  #open(uuid: string | undefined): number {
    const pool = this.#zpages.tmem.newPool("ephemeral", uuid);
    if (pool === NO_TMEM_POOL) return NO_POOL;
    this.#zpages.ghosts.open(pool);
    return pool;
  }

  /** Whether the id is a mounted file system's, and not the pool of swap pages. */
  #isFs(pool: number): boolean {
    return pool !== this.#zpages.swap && this.#zpages.tmem.isOpen(pool);
  }
}
