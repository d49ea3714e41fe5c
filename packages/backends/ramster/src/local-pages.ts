// Pages of both kinds, wherever they are: tmem finds them; this class has those in this machine's memory.
//
// Persistent pages (swap) and ephemeral ones (files) share one pool and its limit. A put over the limit makes room by dropping the
// coldest ephemeral pages; when there are none left, it is refused. So persistent pages displace ephemeral ones, and never the
// other way round. A put drops the older page of its key before anything can refuse it.

import type { Zpool } from "@pagetier/allocator";
import { assert, TierError } from "@pagetier/base";
import type { CodecChooser, Compressor } from "@pagetier/compressor";
import { type PageFrames, TableBudget } from "@pagetier/frames";
import { ListLru, NO_OBJECT } from "@pagetier/shrinker";
import {
  HOST_FLAG,
  kindOf,
  LOCAL,
  lengthOf,
  MARKER,
  NO_PAGE,
  REMOTE,
  type RemoteKind,
  Tmem,
  type TmemHost,
  ZPAGE_RAW,
  Zpages,
} from "@pagetier/tmem";
import type { RamsterOptions } from "./options.js";

/** The swap store has the same bytes: the page may be dropped. */
export const CLEAN = HOST_FLAG << 1;
/** A copy of the page is on its way to another machine; until it is acknowledged, this one counts. */
export const OUTGOING = HOST_FLAG << 2;
/** A write of the page to the swap store has been submitted. */
export const WRITING = HOST_FLAG << 3;
/** No machine has the page any more. */
export const LOST = HOST_FLAG << 4;

/** Ephemeral pages dropped to make room for one put, at most. */
const EVICTIONS_MAX = 64;
const POOLS_MAX = 1 + 256; // One for swap, and as many file systems as one is likely to mount.

/** Told what becomes of pages that are not in this machine's memory. */
export interface RemoteSide {
  /** A page that another machine has is needed no more. @param wholeObject {@link goneObject} follows */
  gone(page: number, wholeObject: boolean): void;
  goneObject(object: number): void;
}

/** Why puts were refused. */
export interface Refusals {
  limit: number;
  alloc: number;
  tables: number;
  poor: number;
}

export class LocalPages implements TmemHost {
  readonly tmem: Tmem;
  readonly zpages: Zpages;
  /** The pool of all swap areas. */
  readonly swapPool: number;
  readonly persistent: ListLru;
  readonly ephemeral: ListLru;
  readonly refusals: Refusals = { limit: 0, alloc: 0, tables: 0, poor: 0 };
  readonly #frames: PageFrames;
  readonly #pool: Zpool;
  readonly #options: RamsterOptions;
  #remote: RemoteSide | undefined;
  #cleanPages = 0;
  #evictedEphemeral = 0;
  #decompressFail = 0;

  constructor(frames: PageFrames, pool: Zpool, compressor: Compressor | CodecChooser, options: RamsterOptions) {
    this.#frames = frames;
    this.#pool = pool;
    this.#options = options;
    const tables = new TableBudget(frames);
    this.tmem = new Tmem(this, tables, { poolsMax: POOLS_MAX });
    this.persistent = new ListLru(tables);
    this.ephemeral = new ListLru(tables);
    this.zpages = new Zpages(pool, compressor, frames, options);
    this.swapPool = this.tmem.newPool("persistent");
    // The first tables now: the first put comes when memory is short, and could not pay for them.
    if (this.tmem.reserve()) this.persistent.ensure(2);
  }

  connect(remote: RemoteSide): void {
    this.#remote = remote;
  }

  get poolFrames(): number {
    return this.#pool.totalFrames();
  }

  get maxFrames(): number {
    return Math.floor((this.#frames.total * this.#options.maxPoolPercent) / 100);
  }

  /** Persistent pages here of which the swap store has a copy. */
  get cleanPages(): number {
    return this.#cleanPages;
  }

  get evictedEphemeral(): number {
    return this.#evictedEphemeral;
  }

  get decompressFail(): number {
    return this.#decompressFail;
  }

  get metadataBytes(): number {
    const lists = this.persistent.memoryBytes() + this.ephemeral.memoryBytes();
    return this.#pool.metadataBytes() + this.tmem.bytes + lists + this.zpages.bytes;
  }

  /** Puts a page. @returns whether it was taken; if not, no older one of its key is left either */
  put(kind: RemoteKind, pool: number, oid: number, index: number, page: Uint8Array, flags: number): boolean {
    this.drop(pool, oid, index);
    if (!this.#hasRoom()) return this.#refuse("limit");
    let refusal = this.zpages.store(page, flags);
    for (let count = 0; refusal === "noMemory" && count < EVICTIONS_MAX && this.evictEphemeral(); count++) {
      refusal = this.zpages.store(page, flags);
    }
    if (refusal !== undefined) return this.#refuse(refusal === "poor" ? "poor" : "alloc");
    const { word, meta } = this.zpages;
    const list = this.listOf(kind);
    const added = list.ensure(this.tmem.end + 1) ? this.tmem.put(pool, oid, index, word, meta) : NO_PAGE;
    if (added === NO_PAGE) {
      this.zpages.free(word, meta);
      return this.#refuse("tables");
    }
    if ((flags & CLEAN) !== 0) this.#cleanPages++;
    if (kindOf(meta) === LOCAL) list.add(added);
    return true;
  }

  /** Drops a page, if there is one. */
  drop(pool: number, oid: number, index: number): boolean {
    return this.tmem.find(pool, oid, index) !== NO_PAGE && this.tmem.flushPage(pool, oid, index);
  }

  /** Copies a page of this machine's memory out. @throws what {@link TmemHost.readPage} does */
  fill(page: number, into: Uint8Array): void {
    try {
      this.zpages.read(this.tmem.wordOf(page), this.tmem.metaOf(page), into);
    } catch (error) {
      this.#decompressFail++;
      throw error;
    }
    this.listOf(this.kindOf(page)).moveToNewest(page);
  }

  /** Drops the coldest ephemeral page that is here. @returns whether there was one */
  evictEphemeral(): boolean {
    const page = this.ephemeral.oldest;
    if (page === NO_OBJECT) return false;
    this.#evictedEphemeral++;
    this.tmem.remove(page);
    return true;
  }

  listOf(kind: RemoteKind): ListLru {
    return kind === "persistent" ? this.persistent : this.ephemeral;
  }

  kindOf(page: number): RemoteKind {
    return this.tmem.kindOf(this.tmem.poolOf(page));
  }

  has(page: number, flag: number): boolean {
    return (this.tmem.metaOf(page) & flag) !== 0;
  }

  setFlag(page: number, flag: number): void {
    if (flag === CLEAN && !this.has(page, CLEAN)) this.#cleanPages++;
    this.tmem.setMeta(page, (this.tmem.metaOf(page) | flag) >>> 0);
  }

  clearFlag(page: number, flag: number): void {
    this.tmem.setMeta(page, (this.tmem.metaOf(page) & ~flag) >>> 0);
  }

  /** Another machine has a page from now on: what it took here is free. @param life the word for tmem */
  moveOut(page: number, generation: number, life: number): void {
    const word = this.tmem.wordOf(page);
    const meta = this.tmem.metaOf(page);
    const isClean = (meta & CLEAN) !== 0;
    const remoteMeta = this.zpages.remoteMeta(meta, isClean ? CLEAN : 0);
    const replaced = this.tmem.replace(page, generation, life, remoteMeta);
    assert(replaced, "a page that moves out is still the one that was sent");
    this.zpages.free(word, meta);
    if (isClean) this.#cleanPages--;
  }

  /** A page that another machine has comes here. @returns whether there was room */
  moveIn(page: number, generation: number, bytes: Uint8Array): boolean {
    const meta = this.tmem.metaOf(page);
    if (!this.zpages.copyIn(bytes, meta, meta & CLEAN)) return false;
    const list = this.listOf(this.kindOf(page));
    const replaced = this.tmem.replace(page, generation, this.zpages.word, this.zpages.meta);
    assert(replaced, "a page that comes home is still the one that was fetched");
    if ((meta & CLEAN) !== 0) this.#cleanPages++;
    list.add(page);
    return true;
  }

  // ── What tmem asks its host ─────────────────────────────────────────────────────────────────────────────────────

  readPage(page: number, into: Uint8Array): boolean {
    try {
      this.fill(page, into);
      return true;
    } catch (error) {
      if (this.kindOf(page) === "ephemeral" && TierError.is(error)) return false;
      throw error;
    }
  }

  freePage(page: number, wholeObject: boolean): void {
    const meta = this.tmem.metaOf(page);
    if (kindOf(meta) === REMOTE) {
      this.#remote?.gone(page, wholeObject);
      return;
    }
    this.listOf(this.kindOf(page)).delete(page);
    if ((meta & CLEAN) !== 0) this.#cleanPages--;
    this.zpages.free(this.tmem.wordOf(page), meta);
  }

  freeObject(object: number): void {
    this.#remote?.goneObject(object);
  }

  /** Throws AssertionError at the first broken invariant. @returns pages here and elsewhere, by kind */
  verify(): Record<"local" | "remote", Record<RemoteKind, number>> {
    this.#pool.verify();
    this.tmem.verify();
    this.persistent.verify();
    this.ephemeral.verify();
    const count = { local: { persistent: 0, ephemeral: 0 }, remote: { persistent: 0, ephemeral: 0 } };
    const sums = { clean: 0, compressed: 0, raw: 0, markers: 0, listed: 0, outside: 0 };
    for (let page = 1; page < this.tmem.end; page++) {
      if (!this.tmem.isLive(page)) continue;
      const meta = this.tmem.metaOf(page);
      const kind = this.kindOf(page);
      count[kindOf(meta) === REMOTE ? "remote" : "local"][kind]++;
      if (kindOf(meta) === REMOTE) continue;
      if ((meta & CLEAN) !== 0) sums.clean++;
      if (kindOf(meta) === MARKER) {
        sums.markers++;
        continue;
      }
      this.zpages.verifyPage(this.tmem.wordOf(page), meta);
      if (this.listOf(kind).has(page)) sums.listed++;
      else sums.outside++;
      if ((meta & ZPAGE_RAW) !== 0) sums.raw += lengthOf(meta);
      else sums.compressed += lengthOf(meta);
      assert(
        this.listOf(kind).has(page) || (meta & (OUTGOING | WRITING)) !== 0,
        "a page that may leave is on its list",
      );
    }
    assert(sums.clean === this.#cleanPages, "cleanPages counts them");
    assert(sums.markers === this.zpages.sameFilledPages, "sameFilledPages counts the markers");
    assert(sums.compressed === this.zpages.compressedBytes, "compressedBytes sums the compressed lengths");
    assert(sums.raw === this.zpages.rawBytes, "rawBytes sums the raw lengths");
    assert(sums.listed === this.persistent.size + this.ephemeral.size, "a list holds pages that are here, each once");
    return count;
  }

  #refuse(reason: keyof Refusals): false {
    this.refusals[reason]++;
    return false;
  }

  #hasRoom(): boolean {
    for (let count = 0; this.#pool.totalFrames() >= this.maxFrames; count++) {
      if (count === EVICTIONS_MAX || !this.evictEphemeral()) return false;
    }
    return true;
  }
}
