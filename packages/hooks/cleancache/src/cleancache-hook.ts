import type { Counters } from "@pagetier/base";
import type { Cleancache, CleancacheGet } from "./cleancache.js";

/** The highest index in a file that a key can name. Pages beyond it are never kept. */
export const INDEX_MAX = 2 ** 32 - 1;

/**
 * The page cache's side of the hook: which file systems are mounted, and which pool of the backend is theirs. Its pool ids
 * are its own, valid from `initFs` to `invalidateFs` whether or not there is a backend yet.
 */
export interface CleancacheHook {
  /** Adds the backend, late or early: file systems mounted before get their pools now. There is one backend. */
  register(backend: Cleancache): void;
  /** A file system is mounted. @returns pool id ≥ 0 */
  initFs(): number;
  /** As {@link initFs}, for a file system that several clients mount under one uuid (32 hex digits). */
  initSharedFs(uuid: string): number;
  /** A clean, up-to-date page leaves the page cache. */
  putPage(pool: number, file: number, index: number, page: Uint8Array, wasActive: boolean): void;
  /** Asked just before the page would be read from the file's store. */
  getPage(pool: number, file: number, index: number, into: Uint8Array): CleancacheGet;
  /** As {@link getPage} after `"remote"`. A miss when the key was put or invalidated meanwhile. */
  fetch(pool: number, file: number, index: number, into: Uint8Array): Promise<Exclude<CleancacheGet, "remote">>;
  invalidatePage(pool: number, file: number, index: number): void;
  /** Drops every page of the file: truncate, direct I/O (before and after), deletion. */
  invalidateInode(pool: number, file: number): void;
  /** Unmounted. The id is dead afterwards and may be given out again. */
  invalidateFs(pool: number): void;
  /** Whoever is behind the hook. */
  readonly backend: Cleancache | undefined;
  counters(): Counters;
  verify(): void;
  close(): Promise<void>;
}

/** Where the page cache finds the hook. (A tsyringe token.) */
export const CLEANCACHE_REGISTRY: unique symbol = Symbol.for("@pagetier/cleancache/CleancacheRegistry") as never;
