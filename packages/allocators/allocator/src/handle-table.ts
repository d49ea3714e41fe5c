// Handles that do not move when their object does.
//
// A handle is a dense index into a table of pairs of words: where the object is (a record of the pool) and, packed in
// one word, its size and its position there. Moving an object changes its entry; the handle stays. (zsmalloc does the
// same with pointers.) Free entries form a list through the first word and have 0 for the second, which no live object
// has: its size is at least 1.

import { type Accountant, assert } from "@pagetier/base";
import { WORD_MASK, WORD_SHIFT, WordTable } from "./word-table.js";
import type { Handle } from "./zpool.js";

const SIZE_BITS = 13;
/** `handle >>> HANDLE_SHIFT` is the chunk of an entry. */
const HANDLE_SHIFT = WORD_SHIFT - 1;
const SIZE_MASK = (1 << SIZE_BITS) - 1;
/** Positions are below this. */
export const POSITIONS_MAX = 1 << (32 - SIZE_BITS);

/** The live objects of a pool by handle: place (a positive integer), position in it and size. 8 bytes each. */
export class HandleTable {
  // Entry of handle h: words 2 h (place, or the next free handle) and 2 h + 1 (position and size, or 0).
  readonly #words: WordTable;
  #free = 0;
  /** Handles below this one were issued at some time. */
  #limit = 1;
  #live = 0;

  constructor(accountant: Accountant) {
    this.#words = new WordTable(accountant);
  }

  /** Live handles. */
  get live(): number {
    return this.#live;
  }

  /** Handles are 1..limit - 1. */
  get limit(): number {
    return this.#limit;
  }

  /** Bytes held, all of them charged. */
  get bytes(): number {
    return this.#words.bytes;
  }

  /** Sees to it that {@link issue} has an entry. `false` when the budget has no room. */
  reserve(): boolean {
    return this.#free !== 0 || this.#limit * 2 < this.#words.capacity || this.#words.ensure(this.#limit * 2 + 2);
  }

  /** Gives out a handle. The caller has called {@link reserve}. */
  issue(place: number, position: number, size: number): Handle {
    const free = this.#free;
    const handle = free !== 0 ? free : this.#limit++;
    const words = this.#words.chunks[handle >>> HANDLE_SHIFT]!;
    const at = (handle << 1) & WORD_MASK;
    if (free !== 0) this.#free = words[at]!;
    words[at] = place;
    words[at + 1] = (position << SIZE_BITS) | size;
    this.#live++;
    return handle as Handle;
  }

  /** Takes a handle back. */
  retire(handle: Handle): void {
    const words = this.#words.chunks[handle >>> HANDLE_SHIFT]!;
    const at = (handle << 1) & WORD_MASK;
    words[at] = this.#free;
    words[at + 1] = 0;
    this.#free = handle;
    if (--this.#live === 0) this.#restart();
  }

  /** Whether the handle names an object. */
  isLive(handle: number): boolean {
    return handle > 0 && handle < this.#limit && this.#words.get(handle * 2 + 1) !== 0;
  }

  /** Position and size in one word, for {@link sizeIn} and {@link positionIn}. @throws AssertionError for a dead handle */
  detail(handle: Handle): number {
    assert(handle > 0 && handle < this.#limit, "the handle was issued by this pool");
    const detail = this.#words.chunks[handle >>> HANDLE_SHIFT]![((handle << 1) & WORD_MASK) + 1]!;
    assert(detail !== 0, "the handle is live");
    return detail;
  }

  /** The place of a live object. */
  place(handle: Handle): number {
    return this.#words.chunks[handle >>> HANDLE_SHIFT]![(handle << 1) & WORD_MASK]!;
  }

  /** Records that a live object of that size is now elsewhere. */
  move(handle: Handle, place: number, position: number): void {
    const size = this.detail(handle) & SIZE_MASK;
    this.#words.set(handle * 2, place);
    this.#words.set(handle * 2 + 1, (position << SIZE_BITS) | size);
  }

  /** Throws AssertionError unless live and free entries together are all that were issued. O(handles). */
  verify(): void {
    let free = 0;
    for (let handle = this.#free; handle !== 0; handle = this.#words.get(handle * 2)) {
      assert(this.#words.get(handle * 2 + 1) === 0, "a free handle has no object");
      assert(++free < this.#limit, "the list of free handles has an end");
    }
    assert(free + this.#live === this.#limit - 1, "each issued handle is live or free");
  }

  /** Gives all memory back; no handle is live afterwards. */
  release(): void {
    this.#words.release();
    this.#free = 0;
    this.#limit = 1;
    this.#live = 0;
  }

  /** Without live handles the table starts anew, and gives back what it held for many. */
  #restart(): void {
    this.#free = 0;
    this.#limit = 1;
    this.#words.trim();
  }
}

/** The size in a {@link HandleTable.detail}. */
export function sizeIn(detail: number): number {
  return detail & SIZE_MASK;
}

/** The position in a {@link HandleTable.detail}. */
export function positionIn(detail: number): number {
  return detail >>> SIZE_BITS;
}
