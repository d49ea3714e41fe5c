import { assert, type TierError } from "@pagetier/base";
import type { BackingStore } from "@pagetier/store";
import type { PageId } from "./space.js";

/** What the page cache knows of one open file. Page n of the file is slot n of its store. */
export class CachedFile {
  readonly name: string;
  readonly store: BackingStore;
  /** Names the file to cleancache; never used again for another. */
  readonly key: number;
  /** Number of its first page. */
  readonly base: PageId;
  /** Page numbers it has: the most pages it can grow to. */
  readonly pagesMax: number;
  /** Pages it has now. Whoever waited looks again whether its page still exists. */
  pages: number;
  /** Pages from here to the present end of an earlier, longer file that its store would not forget. */
  undiscardedEnd = 0;
  /** Pages whose frames are dirty, the longest so first, and since when. */
  readonly dirty = new Map<number, number>();
  /** Dirty pages that go with the next cluster. */
  readonly queued = new Set<number>();
  /** Pages on their way to the store, with what becomes of them: one write of a page at a time. */
  readonly writing = new Map<number, FileWrite>();
  /** The page after the last one that was read from the store, and how many were read at once then. */
  readaheadEnd = 0;
  readaheadPages = 0;
  /** The page that cleancache was asked for last, in vain, by an access that did not wait: it need not be asked again. */
  missed = -1;
  /** One bit per page: cleancache was given it, and may have kept it. */
  readonly #put: Uint32Array;

  constructor(name: string, store: BackingStore, key: number, base: PageId, pages: number) {
    this.name = name;
    this.store = store;
    this.key = key;
    this.base = base;
    this.pagesMax = pages;
    this.pages = pages;
    this.#put = new Uint32Array(Math.ceil(pages / 32));
  }

  page(index: number): PageId {
    return (this.base + index) as PageId;
  }

  addressingBytes(): number {
    return this.#put.byteLength;
  }

  /** Whether cleancache may have the page: a hint that spares asking where nobody can have anything. */
  wasPut(index: number): boolean {
    return (this.#put[index >>> 5]! & (1 << (index & 31))) !== 0;
  }

  notePut(index: number): void {
    if (this.missed === index) this.missed = -1;
    this.#put[index >>> 5]! |= 1 << (index & 31);
  }

  noteGone(index: number): void {
    this.#put[index >>> 5]! &= ~(1 << (index & 31));
  }

  noteAllGone(): void {
    this.#put.fill(0);
  }

  /** @param isDirty whether the page is in memory and dirty */
  verify(isDirty: (page: PageId) => boolean): void {
    for (let index = 0; index < this.pagesMax; index++) {
      const dirty = isDirty(this.page(index));
      assert(dirty === this.dirty.has(index), "a file lists exactly its dirty pages");
      assert(!dirty || index < this.pages, "a page beyond the end of its file has no content");
    }
    for (const index of this.queued) assert(!this.writing.has(index), "a page is queued or being written, not both");
  }
}

/** One call of a store that writes pages of a file. */
export interface FileWrite {
  /** Resolves when it has settled; never rejects. */
  readonly done: Promise<void>;
  /** Why pages were not written. */
  readonly errors: ReadonlyMap<number, TierError>;
}
