import type { Branded } from "@pagetier/base";
import type { Advice } from "./advice.js";

/** Where a page's bytes are now. */
export interface PageLocation {
  /** `"none"`: never written, reads as zeroes. `"resident"`: in a frame. `"pool"`: compressed. `"remote"`: another machine. `"store"`: a swap store. */
  readonly tier: "none" | "resident" | "pool" | "remote" | "store";
  /** Name of the backend or store that holds it; empty for `"none"` and `"resident"`. */
  readonly backend: string;
  /** Bytes it takes there: `PAGE_SIZE` when resident or in a store. */
  readonly bytes: number;
  /** For resident pages: whether another tier holds the same bytes, so that eviction costs nothing. */
  readonly copyBelow: boolean;
}

/**
 * Anonymous memory, addressed by page and byte, larger than the budget. Starts as zeroes.
 *
 * Ranges lie inside one page: `offset + bytes.length ≤ PAGE_SIZE`. `page` is 0..pages - 1. Errors: `MM_BAD_BYTES`, `MM_BAD_RANGE`,
 * `MM_CLOSED`, `MM_OUT_OF_MEMORY` (the access was not done, everything else is as it was), `FRONTSWAP_LOST`, `STORE_IO`,
 * `STORE_CORRUPT` (this page cannot be read; others can).
 */
export interface AnonSpace extends AsyncDisposable {
  readonly name: string;
  readonly pages: number;
  /** Copies bytes of a page out. Always completes, from whatever tier. */
  read(page: number, offset: number, into: Uint8Array): Promise<void>;
  /** Copies bytes into a page. Always completes. */
  write(page: number, offset: number, from: Uint8Array): Promise<void>;
  /** As {@link read}, if memory can serve it: resident, or in a local pool. `false`: nothing was copied or started; call `read`. */
  readNow(page: number, offset: number, into: Uint8Array): boolean;
  /** As {@link write}, if memory can serve it. */
  writeNow(page: number, offset: number, from: Uint8Array): boolean;
  /** Forgets pages: they read as zeroes, and every tier lets go of them. */
  discard(page: number, count?: number): void;
  /**
   * Says how a range of pages will be used, or takes them out of use: see {@link Advice}. Resolves when it has been carried out; there is
   * no need to wait for it.
   *
   * @throws TierError MM_BAD_RANGE, MM_BAD_ADVICE, MM_CLOSED
   */
  advise(page: number, count: number, advice: Advice): Promise<void>;
  where(page: number): PageLocation;
  /** Forgets all pages and the space. Idempotent. */
  close(): Promise<void>;
}

/** How a file space is closed. */
export interface CloseOptions {
  /** Lets go of what was not written back yet, as if it had never been written. Default `false`. */
  readonly discard?: boolean;
}

/**
 * A file through the page cache, addressed by page and byte, larger than the budget. What is written lies in memory until
 * reclaim, the background writer, {@link fsync} or {@link close} writes it back; clean pages may leave at any time.
 *
 * Ranges, pages and errors are those of {@link AnonSpace}; there is nothing to lose but what was not written back.
 * A failed read rejects that access (`STORE_IO`, `STORE_CORRUPT`) and later ones try again. A page whose write-back failed
 * stays in memory, and is written again with the next opportunity. An access to a page that {@link truncate} cuts off while
 * it waits rejects with `MM_BAD_RANGE`.
 *
 * A store belongs to one space at a time: what others write to it meanwhile, this one need not see.
 */
export interface FileSpace extends AsyncDisposable {
  readonly name: string;
  /** Pages that the file has now. */
  readonly pages: number;
  /** Bytes that the file has now; the rest of its last page counts as zeroes. */
  readonly size: number;
  /** Copies bytes of a page out. Always completes, from wherever. */
  read(page: number, offset: number, into: Uint8Array): Promise<void>;
  /**
   * Copies bytes into a page. Waits while a fifth of memory is dirty file pages, and may then be overtaken by accesses to
   * the same page that need not wait. Rejects with the store's error if none of them can be written back.
   */
  write(page: number, offset: number, from: Uint8Array): Promise<void>;
  /** As {@link read}, if memory can serve it: resident, or in a local cleancache. `false`: nothing was copied or started; call `read`. */
  readNow(page: number, offset: number, into: Uint8Array): boolean;
  /** As {@link write}, if memory can serve it and not too much of it is dirty. */
  writeNow(page: number, offset: number, from: Uint8Array): boolean;
  /** Writes back every page that is dirty now, and has the store make it durable. @throws TierError STORE_IO, STORE_NO_SPACE */
  fsync(): Promise<void>;
  /**
   * Gives the file another length, up to the size it was opened with. Pages beyond it are gone, for memory, cleancache
   * and the store; pages that it gains read as zeroes.
   *
   * @throws TierError MM_BAD_RANGE; STORE_IO when the store would not forget pages: the file is shorter then, but not longer
   */
  truncate(pages: number): Promise<void>;
  /**
   * Says how a range of pages will be used, or takes them out of use: see {@link Advice}. Resolves when it has been carried out; there is
   * no need to wait for it.
   *
   * @throws TierError MM_BAD_RANGE, MM_BAD_ADVICE (`"free"` is for anonymous memory), MM_CLOSED
   */
  advise(page: number, count: number, advice: Advice): Promise<void>;
  /** Where a page is now. `"store"` does not tell whether cleancache has a copy too. */
  where(page: number): PageLocation;
  /**
   * Waits for accesses, writes back as {@link fsync} does, lets go of all pages and closes the store. Idempotent. If write-back
   * fails the space stays open, so that nothing is lost: close it again, or with `discard`.
   */
  close(options?: CloseOptions): Promise<void>;
}

/** A page of any space, as the core numbers them: dense, so that policies and tables are arrays. */
export type PageId = Branded<number, "@pagetier/mm/PageId">;
