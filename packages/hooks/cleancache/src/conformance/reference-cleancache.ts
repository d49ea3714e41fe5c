// The contract in the plainest way: one Map of pages, oldest first, under a key of pool, file and index. It forgets the
// oldest page when it is full. It can filter puts, share pools, and lend pages out to another machine.

import { type Counters, PAGE_SIZE } from "@pagetier/base";
import { type Cleancache, type CleancacheGet, NO_POOL } from "../cleancache.js";

export interface ReferenceCleancacheOptions {
  /** Pages kept. Default 16. */
  readonly pagesMax?: number;
  /** Pools at a time. Default 16. */
  readonly poolsMax?: number;
  /** Keeps only pages that were on the active list. Default false. */
  readonly activeOnly?: boolean;
  /** `reclaim` lends pages to another machine instead of dropping them. Default false. */
  readonly remote?: boolean;
}

/** A kept page. Its identity is its generation: a new put makes a new entry. */
export interface ReferencePage {
  readonly pool: number;
  readonly file: number;
  readonly index: number;
  readonly bytes: Uint8Array;
  away: boolean;
}

/** A small cleancache backend that keeps every rule of the contract. For tests of what stands on cleancache. */
export class ReferenceCleancache implements Cleancache {
  readonly type: string = "reference";
  protected readonly pages = new Map<string, ReferencePage>();
  protected readonly options: Required<ReferenceCleancacheOptions>;
  /** Uuid of each pool; the empty string for private ones, `undefined` for ids that are free. */
  protected readonly pools: (string | undefined)[] = [];
  #puts = 0;
  #droppedPuts = 0;
  #forgotten = 0;

  constructor(options: ReferenceCleancacheOptions = {}) {
    this.options = { pagesMax: 16, poolsMax: 16, activeOnly: false, remote: false, ...options };
  }

  initFs(): number {
    return this.#addPool("");
  }

  initSharedFs(uuid: string): number {
    const existing = this.pools.indexOf(uuid);
    return existing >= 0 ? existing : this.#addPool(uuid);
  }

  putPage(pool: number, file: number, index: number, page: Uint8Array, wasActive: boolean): void {
    if (index > 0xffffffff || this.pools[pool] === undefined) return;
    this.pages.delete(keyOf(pool, file, index)); // Whatever becomes of the new one.
    this.#puts++;
    if (this.options.activeOnly && !wasActive) {
      this.#droppedPuts++;
      return;
    }
    while (this.pages.size >= this.options.pagesMax) this.#forgetOldest();
    this.pages.set(keyOf(pool, file, index), { pool, file, index, bytes: page.slice(), away: false });
  }

  getPage(pool: number, file: number, index: number, into: Uint8Array): CleancacheGet {
    const page = this.pages.get(keyOf(pool, file, index));
    if (page === undefined) return "miss";
    if (page.away) return "remote";
    this.fill(page, into);
    return "hit";
  }

  async fetch(pool: number, file: number, index: number, into: Uint8Array): Promise<Exclude<CleancacheGet, "remote">> {
    const page = this.pages.get(keyOf(pool, file, index));
    if (page === undefined) return "miss";
    await this.transfer();
    if (this.pages.get(keyOf(pool, file, index)) !== page) return "miss"; // Invalidated or put again meanwhile.
    this.fill(page, into);
    return "hit";
  }

  invalidatePage(pool: number, file: number, index: number): void {
    this.pages.delete(keyOf(pool, file, index));
  }

  invalidateInode(pool: number, file: number): void {
    this.#forgetWhere((page) => page.pool === pool && page.file === file);
  }

  invalidateFs(pool: number): void {
    this.#forgetWhere((page) => page.pool === pool);
    this.pools[pool] = undefined;
  }

  currPages(): number {
    return this.pages.size;
  }

  poolFrames(): number {
    return this.#local();
  }

  contentBytes(): number {
    return this.#local() * PAGE_SIZE;
  }

  metadataBytes(): number {
    return 0;
  }

  addressingBytes(): number {
    return 0;
  }

  counters(): Counters {
    return {
      pages: this.pages.size,
      puts: this.#puts,
      droppedPuts: this.#droppedPuts,
      forgotten: this.#forgotten,
    };
  }

  verify(): void {
    if (this.pages.size > this.options.pagesMax) throw new Error("more pages than allowed");
    for (const [key, page] of this.pages) {
      if (key !== keyOf(page.pool, page.file, page.index)) throw new Error("a page lies under another key");
      if (this.pools[page.pool] === undefined) throw new Error("a page outlived its pool");
    }
  }

  async close(): Promise<void> {
    this.pages.clear();
  }

  /** Forgets, or lends out, the oldest pages. */
  reclaim(pages: number): void {
    for (const page of [...this.pages.values()].slice(0, pages)) {
      if (this.options.remote) page.away = true;
      else this.#forgetOldest();
    }
  }

  protected fill(page: ReferencePage, into: Uint8Array): void {
    into.set(page.bytes);
    if (this.pools[page.pool] === "") this.pages.delete(keyOf(page.pool, page.file, page.index)); // Exclusive.
  }

  /** Waits for the other machine. */
  protected transfer(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Pages in this machine's memory. */
  #local(): number {
    let local = 0;
    for (const page of this.pages.values()) if (!page.away) local++;
    return local;
  }

  #addPool(uuid: string): number {
    const free = this.pools.indexOf(undefined);
    const pool = free >= 0 ? free : this.pools.length;
    if (pool >= this.options.poolsMax) return NO_POOL;
    this.pools[pool] = uuid;
    return pool;
  }

  #forgetOldest(): void {
    for (const key of this.pages.keys()) {
      this.pages.delete(key);
      this.#forgotten++;
      return;
    }
  }

  #forgetWhere(matches: (page: ReferencePage) => boolean): void {
    for (const [key, page] of this.pages) if (matches(page)) this.pages.delete(key);
  }
}

export function keyOf(pool: number, file: number, index: number): string {
  return `${pool}:${file}:${index}`;
}
