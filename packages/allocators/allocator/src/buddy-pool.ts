// Frames with up to three objects: what zbud and z3fold have in common.
//
// A frame is 64 chunks of 64 bytes. The first chunk is the header's place (as in the kernel; ours lies in a table), 63 are
// for objects: FIRST begins right after the header, LAST ends with the frame, MIDDLE lies between. An object takes whole
// chunks. A frame is one contract group: it comes with its first object and goes with its last.
//
// Layout. One record of eight words per frame, in one table:
//
//   word 0         the frame
//   words 1, 2     next and previous record of the same list (0: none)
//   word 3         the *shape*: chunks of FIRST, MIDDLE and LAST and where MIDDLE starts, a byte each
//   words 4 to 6   handles of FIRST, MIDDLE and LAST (0: none)
//   word 7         the set of lists that the record is in
//
// Everything that an allocator decides follows from the shape: which list the frame waits in (by free chunks) and where
// the next object goes. Frames are found by best fit among the lists, newest first, O(1) by a bit map of the lists. An
// object that leaves no chunk for a neighbour may have a frame for itself, without header: the frame is *headless*. There
// may be several sets of lists, as the kernel has one per processor; one set is current.

import { assert, PAGE_SIZE, TierError } from "@pagetier/base";
import { type Frame, NO_FRAME, type PageFrames } from "@pagetier/frames";
import { HandleTable, positionIn, sizeIn } from "./handle-table.js";
import { ObjectCopier } from "./object-copier.js";
import { WORD_MASK, WORD_SHIFT, WordTable } from "./word-table.js";
import { type Group, type Handle, NO_GROUP, NO_HANDLE, TOO_LARGE, type Zpool, type ZpoolStats } from "./zpool.js";

/** Bytes in a chunk. */
export const CHUNK_BYTES = 64;
const CHUNK_SHIFT = 6;
/** Chunks in a frame, the header's included. */
export const TOTAL_CHUNKS = PAGE_SIZE / CHUNK_BYTES;
/** Chunks of the header. */
export const HEADER_CHUNKS = 1;
/** Chunks for objects: 63. */
export const CHUNKS = TOTAL_CHUNKS - HEADER_CHUNKS;
/** Larger objects leave no chunk for a neighbour: 3968 bytes. */
export const PAIRED_BYTES_MAX = (CHUNKS - 1) * CHUNK_BYTES;

/** An object's place in its frame. */
export type Buddy = 0 | 1 | 2;
export const FIRST = 0 satisfies Buddy;
export const MIDDLE = 1 satisfies Buddy;
export const LAST = 2 satisfies Buddy;

/** Chunks by buddy, and where MIDDLE starts, in one word. See {@link chunksOf}, {@link middleStart}. */
export type Shape = number;
/** The shape of a frame that one object has for itself, header included. */
export const HEADLESS: Shape = 0xff000000;

/** Chunks that an object of `size` bytes takes. */
export function chunksFor(size: number): number {
  return (size + CHUNK_BYTES - 1) >>> CHUNK_SHIFT;
}

/** Chunks of one buddy; 0 when there is none. */
export function chunksOf(shape: Shape, buddy: Buddy): number {
  return (shape >>> (buddy << 3)) & 0xff;
}

/** First chunk of MIDDLE, counted from the frame's start; 0 when there is none. */
export function middleStart(shape: Shape): number {
  return shape >>> 24;
}

/** The shape with another number of chunks for one buddy. */
export function withChunks(shape: Shape, buddy: Buddy, chunks: number): Shape {
  return ((shape & ~(0xff << (buddy << 3))) | (chunks << (buddy << 3))) >>> 0;
}

/** The shape with MIDDLE elsewhere. */
export function withMiddleStart(shape: Shape, start: number): Shape {
  return ((shape & 0xffffff) | (start << 24)) >>> 0;
}

/** The shape with an object put at an empty place; MIDDLE begins where FIRST ends. */
function filled(shape: Shape, buddy: Buddy, chunks: number): Shape {
  const start = buddy === MIDDLE ? (HEADER_CHUNKS + chunksOf(shape, FIRST)) << 24 : 0;
  return (shape | start | (chunks << (buddy << 3))) >>> 0;
}

/** The shape without one object. 0: none is left. */
function vacated(shape: Shape, buddy: Buddy): Shape {
  if (shape === HEADLESS) return 0;
  return (buddy === MIDDLE ? shape & 0xff00ff : shape & ~(0xff << (buddy << 3))) >>> 0;
}

const FRAME = 0;
const NEXT = 1;
const PREVIOUS = 2;
const SHAPE = 3;
const HANDLES = 4;
const SET = 7;
const RECORD_SHIFT = 3;
const RECORD_WORDS = 1 << RECORD_SHIFT;
/** `page >>> PAGES_SHIFT` is the chunk of a record. */
const PAGES_SHIFT = WORD_SHIFT - RECORD_SHIFT;
const BUDDIES = [FIRST, MIDDLE, LAST] as const;

/** The list of frames that take no further object; lists below are named by free chunks. */
export const FULL_LIST = TOTAL_CHUNKS;
const LISTS = FULL_LIST + 1;
/** What the pool itself holds beside tables, roughly. */
const POOL_BYTES = 4096;

export interface BuddyPoolOptions {
  readonly type: string;
  readonly maxSize: number;
  /** Sets of lists, 1 and more. */
  readonly listSets: number;
}

/** A pool of frames with up to three objects each. Subclasses say where objects go, and whether they move. */
export abstract class BuddyPool implements Zpool {
  readonly type: string;
  readonly maxSize: number;
  readonly #frames: PageFrames;
  readonly #owner: number;
  readonly #copier: ObjectCopier;
  readonly #handles: HandleTable;
  /** Records of frames. The first is left out, so that 0 is no page. */
  readonly #pages: WordTable;
  /** Record by frame; 0 for frames of others. */
  readonly #pageByFrame: WordTable;
  /** First free record; free records are linked through NEXT. */
  #freePage = 0;
  /** Records below this one were used at some time. */
  #pagesLimit = 1;
  /** First page by set and list. */
  readonly #heads: Uint32Array;
  /** Lists by free chunks that are not empty, by set, one bit each: 0 to 31, 32 to 63. */
  readonly #lowLists: Uint32Array;
  readonly #highLists: Uint32Array;
  readonly #sets: number;
  #currentSet = 0;
  readonly #fixedBytes: number;
  #framesHeld = 0;
  #storedBytes = 0;
  // What #locate found: the object's size, its frame and its offset there.
  #atSize = 0;
  #atFrame: Frame = NO_FRAME;
  #atOffset = 0;

  /** @throws TierError ZPOOL_NO_MEMORY when the budget has no room for the buffers */
  protected constructor(frames: PageFrames, options: BuddyPoolOptions) {
    this.type = options.type;
    this.maxSize = options.maxSize;
    this.#sets = options.listSets;
    this.#heads = new Uint32Array(LISTS * this.#sets);
    this.#lowLists = new Uint32Array(this.#sets);
    this.#highLists = new Uint32Array(this.#sets);
    this.#fixedBytes = POOL_BYTES + this.#heads.byteLength;
    this.#frames = frames;
    this.#copier = new ObjectCopier(frames);
    if (!frames.charge(this.#fixedBytes)) {
      this.#copier.release();
      throw new TierError(
        "ZPOOL_NO_MEMORY",
        `${options.type} needs ${this.#fixedBytes} bytes for its tables and the memory of ${frames.budgetBytes} bytes has no room left; give the stack more memory.`,
        { type: options.type, neededBytes: this.#fixedBytes, budgetBytes: frames.budgetBytes },
      );
    }
    this.#handles = new HandleTable(frames);
    this.#pages = new WordTable(frames);
    this.#pageByFrame = new WordTable(frames);
    this.#owner = frames.register({ name: options.type, relocate: (from, to) => this.#relocate(from, to) });
  }

  /** Chooses the place of an object of `chunks` in a frame that has room for it. */
  protected abstract buddyFor(shape: Shape, chunks: number): Buddy;
  /** The largest number of chunks that a further object may have, or {@link FULL_LIST}. The shape is not headless. */
  protected abstract listFor(shape: Shape): number;
  /** Called after an object was freed, while the page is on no list; may move objects within it. */
  protected tidy(_page: number): void {}

  malloc(size: number): Handle {
    assert(Number.isInteger(size) && size >= 1 && size <= PAGE_SIZE, "a size is 1 to PAGE_SIZE bytes");
    if (size > this.maxSize) return TOO_LARGE;
    if (!this.#handles.reserve()) return NO_HANDLE;
    const headless = size > PAIRED_BYTES_MAX;
    const chunks = chunksFor(size);
    let page = headless ? 0 : this.unlinkFitting(chunks);
    if (page === 0) page = this.#makePage();
    if (page === 0) return NO_HANDLE;
    const words = this.#pages.chunks[page >>> PAGES_SHIFT]!;
    const at = (page << RECORD_SHIFT) & WORD_MASK;
    let buddy: Buddy = FIRST;
    let list = FULL_LIST;
    if (headless) words[at + SHAPE] = HEADLESS;
    else {
      const before = words[at + SHAPE]!;
      buddy = this.buddyFor(before, chunks);
      const shape = filled(before, buddy, chunks);
      words[at + SHAPE] = shape;
      list = this.listFor(shape);
    }
    const handle = this.#handles.issue(page, buddy, size);
    words[at + HANDLES + buddy] = handle;
    this.#linkTo(page, list);
    this.#storedBytes += size;
    return handle;
  }

  free(handle: Handle): void {
    const detail = this.#handles.detail(handle);
    const page = this.#handles.place(handle);
    const buddy = positionIn(detail) as Buddy;
    this.#storedBytes -= sizeIn(detail);
    this.#handles.retire(handle);
    const words = this.#pages.chunks[page >>> PAGES_SHIFT]!;
    const at = (page << RECORD_SHIFT) & WORD_MASK;
    const before = words[at + SHAPE]!;
    const shape = vacated(before, buddy);
    this.#unlinkFrom(page, before === HEADLESS ? FULL_LIST : this.listFor(before));
    words[at + HANDLES + buddy] = NO_HANDLE;
    words[at + SHAPE] = shape;
    if (shape === 0) {
      this.#dissolve(page);
      return;
    }
    this.tidy(page);
    this.link(page);
  }

  write(handle: Handle, source: Uint8Array, start: number, length: number): void {
    this.#locate(handle);
    assert(length >= 1 && length <= this.#atSize, "the bytes fit the object");
    const room = chunksFor(this.#atSize) * CHUNK_BYTES;
    this.#copier.write(source, start, length, this.#atFrame, NO_FRAME, this.#atOffset, room);
  }

  read(handle: Handle, target: Uint8Array, start: number): number {
    this.#locate(handle);
    this.#copier.read(this.#atFrame, NO_FRAME, this.#atOffset, this.#atSize, target, start);
    return this.#atSize;
  }

  readAround(handle: Handle, target: Uint8Array): number {
    this.#locate(handle);
    this.#copier.readAround(this.#atFrame, NO_FRAME, target);
    return this.#atOffset;
  }

  sizeOf(handle: Handle): number {
    return sizeIn(this.#handles.detail(handle));
  }

  totalFrames(): number {
    return this.#framesHeld;
  }

  metadataBytes(): number {
    return this.#fixedBytes + this.#copier.bytes + this.#handles.bytes + this.#pages.bytes + this.#pageByFrame.bytes;
  }

  groupOf(handle: Handle): Group {
    this.#handles.detail(handle); // Asserts that it is live.
    return this.#handles.place(handle) as Group;
  }

  groupHandles(group: Group, into: Uint32Array): number {
    if (!this.#isLive(group)) return 0;
    let count = 0;
    for (const buddy of BUDDIES) {
      const handle = this.#word(group, HANDLES + buddy);
      if (handle === NO_HANDLE) continue;
      if (count < into.length) into[count] = handle;
      count++;
    }
    return count;
  }

  groupFrames(group: Group): number {
    return this.#isLive(group) ? 1 : 0;
  }

  /** Moves nothing; pools whose objects can move override it. */
  compact(_budgetFrames: number): number {
    return 0;
  }

  stats(): ZpoolStats {
    let roundingBytes = -this.#storedBytes;
    let partialBytes = 0;
    let overheadBytes = 0;
    for (let head = 0; head < this.#heads.length; head++) {
      for (let page = this.#heads[head]!; page !== 0; page = this.#word(page, NEXT)) {
        const shape = this.#word(page, SHAPE);
        if (shape === HEADLESS) {
          roundingBytes += PAGE_SIZE;
          continue;
        }
        let used = 0;
        for (const buddy of BUDDIES) used += chunksOf(shape, buddy);
        roundingBytes += used * CHUNK_BYTES;
        overheadBytes += HEADER_CHUNKS * CHUNK_BYTES;
        if (head % LISTS === FULL_LIST) overheadBytes += (CHUNKS - used) * CHUNK_BYTES;
        else partialBytes += (CHUNKS - used) * CHUNK_BYTES;
      }
    }
    return {
      frames: this.#framesHeld,
      objects: this.#handles.live,
      storedBytes: this.#storedBytes,
      roundingBytes,
      partialBytes,
      overheadBytes,
      metadataBytes: this.metadataBytes(),
      classes: [],
    };
  }

  verify(): void {
    let pages = 0;
    let objects = 0;
    let storedBytes = 0;
    for (let head = 0; head < this.#heads.length; head++) {
      const list = head % LISTS;
      const set = Math.floor(head / LISTS);
      if (list < FULL_LIST) {
        const marked = ((list < 32 ? this.#lowLists : this.#highLists)[set]! & (1 << (list & 31))) !== 0;
        assert(marked === (this.#heads[head] !== 0), "exactly the lists with pages are marked");
      }
      let previous = 0;
      for (let page = this.#heads[head]!; page !== 0; page = this.#word(page, NEXT)) {
        assert(this.#word(page, PREVIOUS) === previous, "a list is linked both ways");
        assert(this.#listOf(page) === list, "a page is listed by its free chunks");
        assert(this.#word(page, SET) === set, "a page knows its set of lists");
        assert(this.#pageByFrame.get(this.#word(page, FRAME)) === page, "a page's frame leads back to it");
        storedBytes += this.#verifyShape(page);
        for (const buddy of BUDDIES) if (this.#word(page, HANDLES + buddy) !== NO_HANDLE) objects++;
        previous = page;
        pages++;
      }
    }
    assert(pages === this.#framesHeld, "each frame has one page on one list");
    assert(objects === this.#handles.live, "each live handle has one place");
    assert(storedBytes === this.#storedBytes, "stored bytes are the sum of the sizes");
    let mapped = 0;
    for (let frame = 0; frame < this.#pageByFrame.capacity; frame++) if (this.#pageByFrame.get(frame) !== 0) mapped++;
    assert(mapped === pages, "exactly the frames held lead to a page");
    this.#handles.verify();
  }

  destroy(): void {
    for (const head of this.#heads) {
      for (let page = head; page !== 0; page = this.#word(page, NEXT)) {
        this.#frames.give(this.#word(page, FRAME) as Frame);
      }
    }
    this.#heads.fill(0);
    this.#framesHeld = 0;
    this.#handles.release();
    this.#pages.release();
    this.#pageByFrame.release();
    this.#copier.release();
    this.#frames.uncharge(this.#fixedBytes);
  }

  /** The shape of a page. */
  protected shapeOf(page: number): Shape {
    return this.#word(page, SHAPE);
  }

  /** First page of a list; 0: none. */
  protected headOf(set: number, list: number): number {
    return this.#heads[set * LISTS + list]!;
  }

  /** The page after this one in its list; 0: none. */
  protected nextOf(page: number): number {
    return this.#word(page, NEXT);
  }

  /** Makes a set of lists the current one: pages are listed there from now on, and looked for there first. */
  protected useLists(set: number): void {
    this.#currentSet = set;
  }

  /**
   * Takes a page with enough free chunks off its list: of the current set the newest with the fewest; if there is none, of
   * the other sets one that fits exactly. 0: none.
   */
  protected unlinkFitting(chunks: number): number {
    const page = this.unlinkFittingOf(this.#currentSet, chunks);
    if (page !== 0 || this.#sets === 1) return page;
    for (let set = 0; set < this.#sets; set++) {
      const exact = this.#heads[set * LISTS + chunks]!;
      if (exact === 0) continue;
      this.#unlinkFrom(exact, chunks);
      return exact;
    }
    return 0;
  }

  /** As {@link unlinkFitting}, in one set. */
  protected unlinkFittingOf(set: number, chunks: number): number {
    let list: number;
    const low = chunks < 32 ? this.#lowLists[set]! & (-1 << chunks) : 0;
    if (low !== 0) list = 31 - Math.clz32(low & -low);
    else {
      const high = chunks <= 32 ? this.#highLists[set]! : this.#highLists[set]! & (-1 << (chunks - 32));
      if (high === 0) return 0;
      list = 63 - Math.clz32(high & -high);
    }
    const page = this.#heads[set * LISTS + list]!;
    this.#unlinkFrom(page, list);
    return page;
  }

  /** Takes a page off its list. */
  protected unlink(page: number): void {
    this.#unlinkFrom(page, this.#listOf(page));
  }

  /** Puts a page on the list of its shape in the current set. */
  protected link(page: number): void {
    this.#linkTo(page, this.#listOf(page));
  }

  /** Moves MIDDLE within its frame, to begin at chunk `start`. The page is on no list. */
  protected slideMiddle(page: number, start: number): void {
    const shape = this.shapeOf(page);
    const from = middleStart(shape) << CHUNK_SHIFT;
    const length = chunksOf(shape, MIDDLE) << CHUNK_SHIFT;
    const frame = this.#word(page, FRAME) as Frame;
    this.#frames.copy(frame, from, frame, start << CHUNK_SHIFT, length); // The ranges may overlap.
    this.#setWord(page, SHAPE, withMiddleStart(shape, start));
  }

  /** Makes MIDDLE, which begins right after the header, FIRST. The page is on no list. */
  protected renameMiddle(page: number): void {
    const shape = this.shapeOf(page);
    const handle = this.#word(page, HANDLES + MIDDLE) as Handle;
    const chunks = chunksOf(shape, MIDDLE);
    assert(chunksOf(shape, FIRST) === 0 && middleStart(shape) === HEADER_CHUNKS, "the place of FIRST is free");
    this.#setWord(page, SHAPE, withMiddleStart(withChunks(withChunks(shape, MIDDLE, 0), FIRST, chunks), 0));
    this.#setWord(page, HANDLES + MIDDLE, NO_HANDLE);
    this.#setWord(page, HANDLES + FIRST, handle);
    this.#handles.move(handle, page, FIRST);
  }

  /** Moves the only object of a page into another, which has room; both are on no list. Gives the first page's frame back. */
  protected moveOut(page: number, target: number): void {
    const buddy = BUDDIES.find((each) => this.#word(page, HANDLES + each) !== NO_HANDLE)!;
    const handle = this.#word(page, HANDLES + buddy) as Handle;
    const chunks = chunksOf(this.shapeOf(page), buddy);
    this.#locate(handle);
    const frame = this.#atFrame;
    const offset = this.#atOffset;
    const shape = this.shapeOf(target);
    const place = this.buddyFor(shape, chunks);
    this.#setWord(target, SHAPE, filled(shape, place, chunks));
    this.#setWord(target, HANDLES + place, handle);
    this.#handles.move(handle, target, place);
    this.#locate(handle);
    this.#frames.copy(frame, offset, this.#atFrame, this.#atOffset, this.#atSize);
    this.#dissolve(page);
  }

  #word(page: number, word: number): number {
    return this.#pages.chunks[page >>> PAGES_SHIFT]![((page << RECORD_SHIFT) & WORD_MASK) + word]!;
  }

  #setWord(page: number, word: number, value: number): void {
    this.#pages.chunks[page >>> PAGES_SHIFT]![((page << RECORD_SHIFT) & WORD_MASK) + word] = value;
  }

  #listOf(page: number): number {
    const shape = this.shapeOf(page);
    return shape === HEADLESS ? FULL_LIST : this.listFor(shape);
  }

  /** Only a live page's frame leads back to it; anything else at that place of the table does not. */
  #isLive(group: Group): boolean {
    if (group <= NO_GROUP || group >= this.#pagesLimit) return false;
    const frame = this.#word(group, FRAME);
    return frame !== NO_FRAME && frame < this.#pageByFrame.capacity && this.#pageByFrame.get(frame) === group;
  }

  #linkTo(page: number, list: number): void {
    const set = this.#currentSet;
    const place = set * LISTS + list;
    const next = this.#heads[place]!;
    const words = this.#pages.chunks[page >>> PAGES_SHIFT]!;
    const at = (page << RECORD_SHIFT) & WORD_MASK;
    words[at + NEXT] = next;
    words[at + PREVIOUS] = 0;
    words[at + SET] = set;
    if (next !== 0) this.#setWord(next, PREVIOUS, page);
    this.#heads[place] = page;
    if (list < 32) this.#lowLists[set]! |= 1 << list;
    else if (list < FULL_LIST) this.#highLists[set]! |= 1 << (list - 32);
  }

  #unlinkFrom(page: number, list: number): void {
    const words = this.#pages.chunks[page >>> PAGES_SHIFT]!;
    const at = (page << RECORD_SHIFT) & WORD_MASK;
    const next = words[at + NEXT]!;
    const previous = words[at + PREVIOUS]!;
    if (next !== 0) this.#setWord(next, PREVIOUS, previous);
    if (previous !== 0) {
      this.#setWord(previous, NEXT, next);
      return;
    }
    const set = words[at + SET]!;
    this.#heads[set * LISTS + list] = next;
    if (next !== 0) return;
    if (list < 32) this.#lowLists[set]! &= ~(1 << list);
    else if (list < FULL_LIST) this.#highLists[set]! &= ~(1 << (list - 32));
  }

  /** Finds where an object lies: sets the fields `#at…`. */
  #locate(handle: Handle): void {
    const detail = this.#handles.detail(handle);
    const page = this.#handles.place(handle);
    const shape = this.shapeOf(page);
    const buddy = positionIn(detail);
    this.#atSize = sizeIn(detail);
    this.#atFrame = this.#word(page, FRAME) as Frame;
    if (shape === HEADLESS) this.#atOffset = 0;
    else if (buddy === FIRST) this.#atOffset = HEADER_CHUNKS << CHUNK_SHIFT;
    else if (buddy === MIDDLE) this.#atOffset = middleStart(shape) << CHUNK_SHIFT;
    else this.#atOffset = (TOTAL_CHUNKS - chunksOf(shape, LAST)) << CHUNK_SHIFT;
  }

  /** Makes a page without objects, on no list. 0 when a frame or the tables cannot be had; nothing is taken then. */
  #makePage(): number {
    const frame = this.#frames.take("reclaim", this.#owner);
    if (frame === NO_FRAME) return 0;
    const page = this.#freePage !== 0 ? this.#freePage : this.#pagesLimit;
    const words = (page + 1) * RECORD_WORDS;
    const covered = frame < this.#pageByFrame.capacity || this.#pageByFrame.ensure(frame + 1);
    if (!covered || (words > this.#pages.capacity && !this.#pages.ensure(words))) {
      this.#frames.give(frame);
      return 0;
    }
    if (page === this.#freePage) this.#freePage = this.#word(page, NEXT);
    else this.#pagesLimit++;
    this.#setWord(page, FRAME, frame);
    this.#setWord(page, SHAPE, 0);
    for (const buddy of BUDDIES) this.#setWord(page, HANDLES + buddy, NO_HANDLE);
    this.#pageByFrame.set(frame, page);
    this.#framesHeld++;
    return page;
  }

  /** Gives the frame and the record of an unlisted page back. */
  #dissolve(page: number): void {
    const frame = this.#word(page, FRAME) as Frame;
    this.#pageByFrame.set(frame, 0);
    this.#frames.give(frame);
    this.#setWord(page, FRAME, NO_FRAME);
    this.#setWord(page, NEXT, this.#freePage);
    this.#freePage = page;
    if (--this.#framesHeld > 0) return;
    // Without pages the tables start anew, and give back what they held for many.
    this.#freePage = 0;
    this.#pagesLimit = 1;
    this.#pages.trim();
    this.#pageByFrame.trim();
  }

  /** {@link FrameOwner.relocate}: any frame can move, because objects are found through their page's record. */
  #relocate(from: Frame, to: Frame): boolean {
    if (to >= this.#pageByFrame.capacity && !this.#pageByFrame.ensure(to + 1)) return false;
    const page = this.#pageByFrame.get(from);
    assert(page !== 0, "a frame of this pool belongs to a page");
    this.#frames.copy(from, 0, to, 0, PAGE_SIZE);
    this.#setWord(page, FRAME, to);
    this.#pageByFrame.set(from, 0);
    this.#pageByFrame.set(to, page);
    return true;
  }

  /** @returns the sum of the sizes of the page's objects */
  #verifyShape(page: number): number {
    const shape = this.shapeOf(page);
    let storedBytes = 0;
    let end = shape === HEADLESS ? 0 : HEADER_CHUNKS;
    for (const buddy of BUDDIES) {
      const handle = this.#word(page, HANDLES + buddy) as Handle;
      const chunks = shape === HEADLESS && buddy === FIRST ? TOTAL_CHUNKS : chunksOf(shape, buddy);
      assert((handle === NO_HANDLE) === (chunks === 0), "exactly the objects of a page take chunks");
      if (handle === NO_HANDLE) continue;
      assert(this.#handles.isLive(handle), "a place names a live handle");
      const detail = this.#handles.detail(handle);
      assert(this.#handles.place(handle) === page, "a handle leads to its page");
      assert(positionIn(detail) === buddy, "a handle leads to its place");
      assert(shape === HEADLESS || chunksFor(sizeIn(detail)) === chunks, "an object takes the chunks of its size");
      this.#locate(handle);
      assert(this.#atOffset >= end * CHUNK_BYTES, "objects do not overlap");
      end = this.#atOffset / CHUNK_BYTES + chunks;
      assert(end <= TOTAL_CHUNKS, "objects end within their frame");
      storedBytes += sizeIn(detail);
    }
    assert(storedBytes > 0, "a page without objects is dissolved");
    assert(chunksOf(shape, MIDDLE) > 0 || shape === HEADLESS || middleStart(shape) === 0, "no MIDDLE starts nowhere");
    return storedBytes;
  }
}
