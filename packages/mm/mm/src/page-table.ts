// The page table of all spaces, and the frames' side of it.
//
// Every page of every space has one number (PageId): a space is a range of them. One word per page says where it is:
// 0 = nothing here (an anonymous page reads as zeroes, a page of a file is in its file), a frame number, or a swap slot (tagged, see swap-slot.ts). The reverse direction,
// frame to page, is one record per frame: its page, the slot that holds the same content (or is about to), and flags.
// The words per page are addressing and reported as such; the records per frame are part of what a frame costs.

import { assert, ChunkedBytes, ChunkedWords } from "@pagetier/base";
import { type Frame, NO_FRAME } from "@pagetier/frames";
import type { PageId } from "./space.js";
import { isSlot, NO_SLOT, type SwapSlot } from "./swap-slot.js";

/** Flag of a frame: memory holds the only up-to-date copy. */
export const DIRTY = 1;
/** Flag of a frame: its content is on its way to its slot. */
export const WRITEBACK = 2;
/** Flag of a frame under write-back: it was used meanwhile, so it stays. (Otherwise the policy keeps track of use.) */
export const REFERENCED = 4;
/** Flag of a frame: its page belongs to a file, whose store holds it: clean means droppable, and there is no slot. */
export const FILE = 8;
/** Flag of a file page's frame: it was used again after it came. */
export const ACTIVE = 16;
/** Flag of a frame: its page was read ahead, and nobody has used it. */
export const READAHEAD = 32;
/** Flag of an anonymous page's frame that is not dirty and has no slot: its content may be dropped, unless it is written to before. */
export const LAZYFREE = 64;

export class PageTable {
  readonly #words = new ChunkedWords();
  readonly #pageOf = new ChunkedWords();
  readonly #slotOf = new ChunkedWords();
  readonly #flagsOf = new ChunkedBytes();
  /** Ranges of page numbers that closed spaces gave back. */
  readonly #freeRanges: { base: number; pages: number }[] = [];
  #nextPage = 0;
  #resident = 0;
  #swapped = 0;

  /** Pages in frames. */
  get resident(): number {
    return this.#resident;
  }

  /** Pages that are in no frame but have content. */
  get swapped(): number {
    return this.#swapped;
  }

  addressingBytes(): number {
    return this.#words.bytes;
  }

  /** Numbers for the pages of a new space: `base … base + pages - 1`. */
  reserve(pages: number): PageId {
    const index = this.#freeRanges.findIndex((range) => range.pages >= pages);
    if (index >= 0) {
      const range = this.#freeRanges[index]!;
      const base = range.base;
      range.base += pages;
      range.pages -= pages;
      if (range.pages === 0) this.#freeRanges.splice(index, 1);
      return base as PageId;
    }
    const base = this.#nextPage;
    this.#nextPage += pages;
    this.#words.ensure(this.#nextPage);
    return base as PageId;
  }

  /** Gives a space's numbers back; none of its pages has content any more. Ranges side by side become one. */
  release(base: PageId, pages: number): void {
    const next = this.#freeRanges.findIndex((range) => range.base > base);
    const index = next < 0 ? this.#freeRanges.length : next;
    this.#freeRanges.splice(index, 0, { base, pages });
    for (let left = index; left >= 0 && left >= index - 1; left--) {
      const range = this.#freeRanges[left]!;
      const right = this.#freeRanges[left + 1];
      if (right === undefined || range.base + range.pages !== right.base) continue;
      range.pages += right.pages;
      this.#freeRanges.splice(left + 1, 1);
    }
    const last = this.#freeRanges.at(-1)!;
    if (last.base + last.pages !== this.#nextPage) return;
    this.#nextPage = last.base;
    this.#freeRanges.pop();
  }

  /** The page's word: 0, a frame, or a slot. */
  word(page: PageId): number {
    return this.#words.get(page);
  }

  /** The page's frame, or {@link NO_FRAME} when it is not resident. */
  frame(page: PageId): Frame {
    const word = this.#words.get(page);
    return (isSlot(word) ? NO_FRAME : word) as Frame;
  }

  pageOf(frame: Frame): PageId | undefined {
    if (frame >= this.#pageOf.capacity) return undefined;
    const page = this.#pageOf.get(frame) - 1;
    return page < 0 ? undefined : (page as PageId);
  }

  /** Calls `visit` for every page in a frame. O(frames). */
  eachResident(visit: (page: PageId) => void): void {
    for (let frame = 0; frame < this.#pageOf.capacity; frame++) {
      const page = this.#pageOf.get(frame) - 1;
      if (page >= 0) visit(page as PageId);
    }
  }

  slotOf(frame: Frame): SwapSlot {
    return this.#slotOf.get(frame) as SwapSlot;
  }

  setSlot(frame: Frame, slot: SwapSlot): void {
    this.#slotOf.set(frame, slot);
  }

  has(frame: Frame, flag: number): boolean {
    return (this.#flagsOf.get(frame) & flag) !== 0;
  }

  set(frame: Frame, flag: number): void {
    this.#flagsOf.set(frame, this.#flagsOf.get(frame) | flag);
  }

  clear(frame: Frame, flag: number): void {
    this.#flagsOf.set(frame, this.#flagsOf.get(frame) & ~flag);
  }

  /** Puts a page into a frame. @param slot where the same content lies below memory, or {@link NO_SLOT} when the page is dirty */
  map(page: PageId, frame: Frame, slot: SwapSlot): void {
    const word = this.#words.get(page);
    assert(word === 0 || isSlot(word), "a page that is mapped was not resident");
    if (word !== 0) this.#swapped--;
    this.#resident++;
    this.#words.set(page, frame);
    if (frame >= this.#pageOf.capacity) {
      this.#pageOf.ensure(frame + 1);
      this.#slotOf.ensure(frame + 1);
      this.#flagsOf.ensure(frame + 1);
    }
    this.#pageOf.set(frame, page + 1);
    this.#slotOf.set(frame, slot);
    this.#flagsOf.set(frame, slot === NO_SLOT ? DIRTY : 0);
  }

  /** Puts a clean page of a file into a frame. @param flags {@link READAHEAD}, or 0 */
  mapFile(page: PageId, frame: Frame, flags: number): void {
    this.map(page, frame, NO_SLOT);
    this.#flagsOf.set(frame, FILE | flags);
  }

  /** Takes a page out of its frame; `slot` holds its content, or {@link NO_SLOT} when it has none any more. @returns the frame, now unused */
  unmap(page: PageId, slot: SwapSlot): Frame {
    const frame = this.#words.get(page) as Frame;
    assert(frame !== NO_FRAME && !isSlot(frame), "a page that is unmapped was resident");
    this.#resident--;
    if (slot !== NO_SLOT) this.#swapped++;
    this.#words.set(page, slot);
    this.#pageOf.set(frame, 0);
    this.#slotOf.set(frame, NO_SLOT);
    this.#flagsOf.set(frame, 0);
    return frame;
  }

  /** Forgets the content of a page that is swapped out. */
  clearSlot(page: PageId): void {
    assert(isSlot(this.#words.get(page)), "the page was swapped out");
    this.#words.set(page, 0);
    this.#swapped--;
  }

  /** Records that a page lies in another frame. */
  move(from: Frame, to: Frame): void {
    const page = this.pageOf(from);
    assert(page !== undefined, "a frame that moves holds a page");
    const slot = this.slotOf(from);
    this.#words.set(page, to);
    this.#pageOf.ensure(to + 1);
    this.#slotOf.ensure(to + 1);
    this.#flagsOf.ensure(to + 1);
    this.#pageOf.set(to, page + 1);
    this.#slotOf.set(to, slot);
    this.#flagsOf.set(to, this.#flagsOf.get(from));
    this.#pageOf.set(from, 0);
    this.#slotOf.set(from, NO_SLOT);
    this.#flagsOf.set(from, 0);
  }

  /**
   * @param isResident whether the policy knows the page as resident
   * @param isFile whether the page belongs to a file
   */
  verify(isResident: (page: PageId) => boolean, isFile: (page: PageId) => boolean = () => false): void {
    let resident = 0;
    let swapped = 0;
    for (let page = 0 as PageId; page < this.#nextPage; page++) {
      const word = this.#words.get(page);
      if (word === 0) continue;
      if (isSlot(word)) {
        swapped++;
        assert(!isResident(page), "the policy knows no page that is swapped out");
        assert(!isFile(page), "a page of a file is in memory or in its file");
        continue;
      }
      resident++;
      const frame = word as Frame;
      assert(this.#pageOf.get(frame) === page + 1, "a frame's record names its page");
      assert(
        isResident(page) !== this.has(frame, WRITEBACK),
        "the policy knows every resident page that is not being written",
      );
      const file = this.has(frame, FILE);
      assert(file === isFile(page), "a frame knows whose kind of page it holds");
      assert(
        file || this.has(frame, DIRTY | LAZYFREE) || this.slotOf(frame) !== NO_SLOT,
        "a clean page has a copy below, or is nobody's concern",
      );
      assert(
        !this.has(frame, LAZYFREE) || (!this.has(frame, DIRTY | WRITEBACK) && this.slotOf(frame) === NO_SLOT),
        "a page that may be dropped has no copy and no writer",
      );
      assert(!file || this.slotOf(frame) === NO_SLOT, "a page of a file has no slot");
    }
    assert(resident === this.#resident, "resident counts the pages in frames");
    assert(swapped === this.#swapped, "swapped counts the pages in slots");
  }
}
