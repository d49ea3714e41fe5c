// Transcendent memory: pools of objects of pages, and the verbs put, get, flush page and flush object.
//
//   pool ── persistent: a page stays until flushed or taken        private: a get may take the page out
//        └─ ephemeral: a page may go at any time                   shared: clients of one uuid; a get leaves it
//     object ── pages that are flushed together: a file, a part of a swap area; lives while it has a page
//       page ── two words which only the host understands (pampd.ts): bytes here, a marker, or bytes elsewhere
//
// Tmem finds and counts; where bytes lie, who may go and what is written where is the host's. The host is called back only to
// read a page and to free what its words stand for; it may look things up meanwhile, and change nothing.
//
// A put drops the older page of its key before anything else can fail, so that a put which fails leaves none. Memory for
// records is asked for before anything changes (`reserve`, Linux' preload); there is no half-made object to take down.
//
// Linux found objects in 256 buckets of trees and pages in a radix tree per object, for its locks; here two hash indexes that
// grow bucket by bucket do it: 32 bytes a page and 4 to 8 of index, 32 an object, all of it charged to the budget.
//
// See Linux 3.10 drivers/staging/zcache/tmem.c.

import { type Accountant, assert, type Counters } from "@pagetier/base";
import { Objects, POOLS_MAX } from "./objects.js";
import { Pages } from "./pages.js";
import { IN_TRANSIT, kindOf, type PampdMeta, REMOTE } from "./pampd.js";

/** `"persistent"`: a page stays until flushed. `"ephemeral"`: it may go at any time. */
export type TmemKind = "persistent" | "ephemeral";

/** No page: what a look-up that found none answers, and a put that got no memory. Never a page. */
export const NO_PAGE = 0;
/** `newPool`: there are as many as there may be. */
export const NO_TMEM_POOL = -1;
/** The highest index that a key can have, the highest object id being 2^53 - 1. */
export const TMEM_INDEX_MAX = 2 ** 32 - 1;

const POOLS_MAX_DEFAULT = 16;

/** What keeps the bytes. */
export interface TmemHost {
  /**
   * Copies the bytes of a page that is not remote out.
   *
   * @returns `false` when they cannot be produced and the page may go: it is removed, and the get misses
   * @throws what a get of a page that must not go is to end in; the page stays
   */
  readPage(page: number, into: Uint8Array): boolean;
  /**
   * Frees what a page's words stand for. The page is in no index any more; its record can be read until this returns.
   *
   * @param wholeObject the page's whole object is going, and {@link freeObject} follows
   */
  freePage(page: number, wholeObject: boolean): void;
  /** An object lost its last page, or went as a whole. Its record can be read until this returns. */
  freeObject?(object: number): void;
}

/**
 * - `"hit"`: the bytes are copied; the page stays.
 * - `"hitExclusive"`: copied, and the page is gone.
 * - `"remote"`: another machine has it, or it is on its way: nothing changed.
 */
export type TmemGet = "hit" | "hitExclusive" | "miss" | "remote";

export interface TmemOptions {
  /** Pools at a time, at most 2048; default 16, as Linux. */
  readonly poolsMax?: number;
}

interface Pool {
  readonly kind: TmemKind;
  /** `undefined` for a private pool. */
  readonly uuid: string | undefined;
  /** Clients that have it open. */
  clients: number;
  pages: number;
}

export class Tmem {
  readonly #host: TmemHost;
  readonly #poolsMax: number;
  readonly #pools: (Pool | undefined)[] = [];
  readonly #objects: Objects;
  readonly #pages: Pages;
  #puts = 0;
  #failedPuts = 0;
  #replaced = 0;
  #taken = 0;
  #removed = 0;
  #destroyed = 0;
  #flushTotal = 0;
  #flushFound = 0;
  #flobjTotal = 0;
  #flobjFound = 0;
  #flobjPages = 0;

  constructor(host: TmemHost, accountant: Accountant, options: TmemOptions = {}) {
    this.#host = host;
    this.#poolsMax = options.poolsMax ?? POOLS_MAX_DEFAULT;
    assert(this.#poolsMax >= 1 && this.#poolsMax <= POOLS_MAX, "a tmem has 1 to 2048 pools");
    this.#objects = new Objects(this.#poolsMax, accountant);
    this.#pages = new Pages(this.#objects, accountant);
  }

  // ── Pools ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Opens a pool: a new one, or with a `uuid` the one that other clients of this uuid have open.
   *
   * @returns its id; {@link NO_TMEM_POOL} when there are too many, or the shared one is of the other kind
   */
  newPool(kind: TmemKind, uuid?: string): number {
    if (uuid !== undefined) {
      const shared = this.#pools.findIndex((pool) => pool?.uuid === uuid);
      if (shared >= 0) {
        const pool = this.#pools[shared]!;
        if (pool.kind !== kind) return NO_TMEM_POOL;
        pool.clients++;
        return shared;
      }
    }
    const free = this.#pools.indexOf(undefined);
    const id = free >= 0 ? free : this.#pools.length;
    if (id >= this.#poolsMax) return NO_TMEM_POOL;
    this.#pools[id] = { kind, uuid, clients: 1, pages: 0 };
    return id;
  }

  /** Closes a pool. With its last client all its pages go, and its id may be given out again. @returns pages that went */
  destroyPool(pool: number): number {
    const description = this.#poolOf(pool);
    if (--description.clients > 0) return 0;
    let pages = 0;
    for (let object = this.#objects.firstOf(pool); object !== 0; object = this.#objects.firstOf(pool)) {
      pages += this.#dropObject(object);
    }
    this.#destroyed += pages;
    this.#pools[pool] = undefined;
    return pages;
  }

  isOpen(pool: number): boolean {
    return this.#pools[pool] !== undefined;
  }

  kindOf(pool: number): TmemKind {
    return this.#poolOf(pool).kind;
  }

  isShared(pool: number): boolean {
    return this.#poolOf(pool).uuid !== undefined;
  }

  /** Pages of a pool. */
  pagesIn(pool: number): number {
    return this.#poolOf(pool).pages;
  }

  // ── Verbs ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Sees to it that the next put gets its records. `false` when the budget has no room; nothing changed then. */
  reserve(): boolean {
    return this.#objects.reserve() && this.#pages.reserve();
  }

  /**
   * Puts a page in place of an older one of its key, which goes whatever happens.
   *
   * @param word the host's word, and what it says of the page: see {@link pampdMeta}
   * @returns the page's number, dense from 1; {@link NO_PAGE} when there is no memory for its record or the key cannot be
   *   named (oid beyond 2^53 - 1, index beyond 2^32 - 1): what the word stands for is the caller's to free then
   */
  put(pool: number, oid: number, index: number, word: number, meta: PampdMeta): number {
    const description = this.#poolOf(pool);
    this.#puts++;
    const old = this.find(pool, oid, index);
    if (old !== NO_PAGE) {
      this.#replaced++;
      this.#drop(old);
    }
    if (!isTmemKey(oid, index) || !this.reserve()) {
      this.#failedPuts++;
      return NO_PAGE;
    }
    let object = this.#objects.find(pool, oid);
    if (object === 0) object = this.#objects.add(pool, oid);
    description.pages++;
    return this.#pages.add(object, index, word, meta);
  }

  /**
   * Copies a page out.
   *
   * @param take whether a hit removes the page; default: yes in a private ephemeral pool, else no
   * @throws what {@link TmemHost.readPage} throws
   */
  get(pool: number, oid: number, index: number, into: Uint8Array, take?: boolean): TmemGet {
    const page = this.find(pool, oid, index);
    if (page === NO_PAGE) return "miss";
    const meta = this.metaOf(page);
    if (kindOf(meta) === REMOTE || (meta & IN_TRANSIT) !== 0) return "remote";
    if (!this.#host.readPage(page, into)) {
      this.remove(page);
      return "miss";
    }
    if (!(take ?? this.takesOnGet(pool))) return "hit";
    this.take(page);
    return "hitExclusive";
  }

  /** Drops a page. @returns whether there was one */
  flushPage(pool: number, oid: number, index: number): boolean {
    this.#flushTotal++;
    const page = this.find(pool, oid, index);
    if (page === NO_PAGE) return false;
    this.#flushFound++;
    this.#drop(page);
    return true;
  }

  /** Drops all pages of an object. @returns how many there were */
  flushObject(pool: number, oid: number): number {
    this.#flobjTotal++;
    const object = isTmemKey(oid, 0) && this.isOpen(pool) ? this.#objects.find(pool, oid) : 0;
    if (object === 0) return 0;
    const pages = this.#dropObject(object);
    this.#flobjFound++;
    this.#flobjPages += pages;
    return pages;
  }

  /** Whether a get takes the page out where it is not told: in private ephemeral pools. */
  takesOnGet(pool: number): boolean {
    const { kind, uuid } = this.#poolOf(pool);
    return kind === "ephemeral" && uuid === undefined;
  }

  // ── Pages ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The page of a key, or {@link NO_PAGE}. */
  find(pool: number, oid: number, index: number): number {
    if (!isTmemKey(oid, index) || !this.isOpen(pool)) return NO_PAGE;
    const object = this.#objects.find(pool, oid);
    return object === 0 ? NO_PAGE : this.#pages.find(object, index);
  }

  /** A page was handed over whole (a get that took it): drops it. */
  take(page: number): void {
    this.#taken++;
    this.#drop(page);
  }

  /** The host gives a page up: evicted, written back, lost. */
  remove(page: number): void {
    this.#removed++;
    this.#drop(page);
  }

  /**
   * Makes a page stand for something else: sent to another machine, brought home. What it stood for is the caller's to free.
   *
   * @param generation the page's, from when the work began
   * @returns `false` when the page has gone since, or is another one: nothing changed
   */
  replace(page: number, generation: number, word: number, meta: PampdMeta): boolean {
    if (!this.isCurrent(page, generation)) return false;
    this.#pages.replace(page, word, meta);
    return true;
  }

  /** Changes a page's meta word in place (flags, in transit): it stays the page that it is. */
  setMeta(page: number, meta: PampdMeta): void {
    this.#pages.set(page, this.wordOf(page), meta);
  }

  /** Whether the number still names the page that had this generation. */
  isCurrent(page: number, generation: number): boolean {
    return this.isLive(page) && this.generationOf(page) === generation;
  }

  isLive(page: number): boolean {
    return this.#pages.isLive(page);
  }

  wordOf(page: number): number {
    return this.#pages.wordOf(page);
  }

  metaOf(page: number): PampdMeta {
    return this.#pages.metaOf(page);
  }

  generationOf(page: number): number {
    return this.#pages.generationOf(page);
  }

  indexOf(page: number): number {
    return this.#pages.indexOf(page);
  }

  oidOf(page: number): number {
    return this.#objects.oidOf(this.#pages.objectOf(page));
  }

  poolOf(page: number): number {
    return this.#objects.poolOf(this.#pages.objectOf(page));
  }

  /** The next page of the same object, or {@link NO_PAGE}. */
  nextOf(page: number): number {
    return this.#pages.nextOf(page);
  }

  /** Pages of all pools. */
  get pages(): number {
    return this.#pages.live;
  }

  /** One past the highest page number ever given out. */
  get end(): number {
    return this.#pages.end;
  }

  // ── Objects ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The object of a page: a number, dense from 1, until its last page goes. */
  objectOf(page: number): number {
    return this.#pages.objectOf(page);
  }

  /** The object of that name, 0: it has no page. */
  findObject(pool: number, oid: number): number {
    return isTmemKey(oid, 0) && this.isOpen(pool) ? this.#objects.find(pool, oid) : 0;
  }

  firstPageOf(object: number): number {
    return this.#objects.firstPageOf(object);
  }

  /** Pages of an object. */
  pagesOf(object: number): number {
    return this.#objects.pagesOf(object);
  }

  /** Pool and id of an object. */
  nameOf(object: number): { readonly pool: number; readonly oid: number } {
    return { pool: this.#objects.poolOf(object), oid: this.#objects.oidOf(object) };
  }

  /** The host's own word about an object, 0 when it is new: who holds its remote pages. */
  extraOf(object: number): number {
    return this.#objects.extraOf(object);
  }

  setExtra(object: number, word: number): void {
    this.#objects.setExtra(object, word);
  }

  // ── Books ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Bytes of all tables, charged to the accountant. */
  get bytes(): number {
    return this.#objects.bytes + this.#pages.bytes;
  }

  counters(): Counters {
    return {
      pages: this.pages,
      objects: this.#objects.live,
      puts: this.#puts,
      failedPuts: this.#failedPuts,
      replacedPages: this.#replaced,
      takenPages: this.#taken,
      removedPages: this.#removed,
      destroyedPages: this.#destroyed,
      flushTotal: this.#flushTotal,
      flushFound: this.#flushFound,
      flobjTotal: this.#flobjTotal,
      flobjFound: this.#flobjFound,
      flobjPages: this.#flobjPages,
    };
  }

  /** Throws AssertionError at the first broken invariant. O(pages + objects). */
  verify(): void {
    const pagesByPool = this.#objects.verify();
    this.#pages.verify();
    for (const [id, pool] of this.#pools.entries()) {
      assert((pool?.pages ?? 0) === (pagesByPool.get(id) ?? 0), "a pool counts its pages, and none outlives its pool");
    }
    const gone = this.#replaced + this.#taken + this.#removed + this.#destroyed + this.#flushFound + this.#flobjPages;
    assert(this.#puts === this.#failedPuts + this.pages + gone, "every put failed, is here, or has gone in one way");
  }

  #poolOf(pool: number): Pool {
    const description = this.#pools[pool];
    assert(description !== undefined, "the pool is open");
    return description;
  }

  #drop(page: number): void {
    const object = this.#unlink(page);
    this.#host.freePage(page, false);
    this.#pages.free(page);
    if (this.#objects.pagesOf(object) > 0) return;
    this.#host.freeObject?.(object);
    this.#objects.remove(object);
  }

  #dropObject(object: number): number {
    const pages = this.#objects.pagesOf(object);
    for (let left = pages; left > 0; left--) {
      const page = this.#objects.firstPageOf(object);
      this.#unlink(page);
      this.#host.freePage(page, true);
      this.#pages.free(page);
    }
    this.#host.freeObject?.(object);
    this.#objects.remove(object);
    return pages;
  }

  #unlink(page: number): number {
    const object = this.#pages.objectOf(page);
    this.#pools[this.#objects.poolOf(object)]!.pages--;
    this.#pages.unlink(page);
    return object;
  }
}

/** Whether a page can be named so: oid 0..2^53 - 1, index 0..2^32 - 1. */
export function isTmemKey(oid: number, index: number): boolean {
  return index >= 0 && index <= TMEM_INDEX_MAX && Number.isSafeInteger(oid) && oid >= 0 && Number.isInteger(index);
}
