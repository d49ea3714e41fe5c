import type { Branded } from "@pagetier/base";

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
 * Ranges lie inside one page: `offset + bytes.length ≤ PAGE_SIZE`. `page` is 0..pages - 1. Errors: `MM_BAD_RANGE`,
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
  where(page: number): PageLocation;
  /** Forgets all pages and the space. Idempotent. */
  close(): Promise<void>;
}

/** A page of any space, as the core numbers them: dense, so that policies and tables are arrays. */
export type PageId = Branded<number, "@pagetier/mm/PageId">;
