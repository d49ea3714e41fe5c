import type { Counters, InjectedPluginDescriptor } from "@pagetier/base";

/** Version of this contract; plugins state the one they were written for. */
export const CLEANCACHE_CONTRACT = 2;

/** `initFs`: the backend has no room for another file system. Never a pool id. */
export const NO_POOL = -1;

/**
 * - `"hit"`: the page is filled with the bytes last put. In a private pool the copy is gone (exclusive).
 * - `"miss"`: not here. It stays a miss until the next put of the key.
 * - `"remote"`: on another machine: call {@link Cleancache.fetch}.
 */
export type CleancacheGet = "hit" | "miss" | "remote";

/**
 * A backend for clean pages on their way out of the page cache. It may forget any page at any time; it must never return
 * bytes older than the last put or invalidate.
 *
 * A key is (pool, file, index): pool as given by `initFs`, file an integer 0..2^53 - 1 that names the file for its whole
 * life and is not reused without `invalidateInode`, index the page in the file, 0..2^32 - 1.
 *
 * Coherency: after put–put, get answers the second bytes or misses; after a miss, get misses until the next put; after
 * an invalidate, get misses. A put that the backend does not keep still drops the older copy.
 *
 * @see Linux 3.14 mm/cleancache.c; Documentation/vm/cleancache.txt
 */
export interface Cleancache {
  /** Name as recipes write it, e.g. `"zcache"`. */
  readonly type: string;
  /** A file system that opted in was mounted. @returns pool id ≥ 0, or {@link NO_POOL} */
  initFs(): number;
  /** As {@link initFs}, for a pool that every client with the same uuid (32 hex digits) shares; a get does not remove. */
  initSharedFs(uuid: string): number;
  /** A clean, up-to-date page leaves the page cache. `wasActive` tells whether it was ever on the active list: a filter may refuse others. */
  putPage(pool: number, file: number, index: number, page: Uint8Array, wasActive: boolean): void;
  /** Asked just before the page would be read from the file's store. */
  getPage(pool: number, file: number, index: number, into: Uint8Array): CleancacheGet;
  /** As {@link getPage} after `"remote"`. Answers `"miss"` when the key was invalidated meanwhile. */
  fetch(pool: number, file: number, index: number, into: Uint8Array): Promise<Exclude<CleancacheGet, "remote">>;
  invalidatePage(pool: number, file: number, index: number): void;
  /** Drops every page of the file. */
  invalidateInode(pool: number, file: number): void;
  /** Unmounted: drops the pool. Its id may be given out again. */
  invalidateFs(pool: number): void;
  /** Pages held, of all pools. */
  currPages(): number;
  /** Frames of the budget that the backend's ephemeral pages take. */
  poolFrames(): number;
  /** Bytes of their content: compressed and raw lengths. */
  contentBytes(): number;
  /** Tables and buffers beside the frames, as charged to the budget, in bytes. */
  metadataBytes(): number;
  /** Bytes of what is kept about pages that are not held: outside the budget. */
  addressingBytes(): number;
  counters(): Counters;
  /** Throws AssertionError at the first broken invariant. */
  verify(): void;
  close(): Promise<void>;
}

export type CleancachePlugin<Options> = InjectedPluginDescriptor<Options, Cleancache>;

/** Where a composition root finds cleancache backends. (A tsyringe token.) */
export const CLEANCACHE: unique symbol = Symbol.for("@pagetier/cleancache/Cleancache") as never;
