// The list that a shrinker walks: objects in order of age, oldest first.
//
// Objects are dense ids. Each has one record of two words, its older and its newer neighbour, in a table that grows by
// chunks; adding, deleting and moving are a few writes, allocate nothing, and ask nobody. Adding what is in the list
// and deleting what is not change nothing, so owners need no flag of their own. 8 bytes per id.
//
// A walk goes from the oldest object on and asks the owner about each (the isolate protocol of Linux). It counts its
// budget down before it asks, so that no answer can make it run for ever.
//
// Source: Linux 6.18 mm/list_lru.c and include/linux/list_lru.h, for one node and one memcg; without threads no answer
// says whether a lock was dropped, but RETRY and REMOVED_RETRY still mean "the list may have changed under you".

import { type Accountant, assert, ChunkedWords } from "@pagetier/base";

/** The walker takes the object out of the list and goes on. */
export const LRU_REMOVED = 0;
/** As {@link LRU_REMOVED}, but the callback changed other places of the list, or took the object out itself: start again at the oldest. */
export const LRU_REMOVED_RETRY = 1;
/** Spared: the walker moves the object to the newest end and goes on. */
export const LRU_ROTATE = 2;
/** Left where it is; the walker goes on. */
export const LRU_SKIP = 3;
/** Left where it is, but the callback changed other places of the list, or took the object out itself: start again at the oldest. */
export const LRU_RETRY = 4;
/** The walk ends here; the object stays unless the callback took it out. */
export const LRU_STOP = 5;

/** What the callback of a walk answers. */
export type LruStatus =
  | typeof LRU_REMOVED
  | typeof LRU_REMOVED_RETRY
  | typeof LRU_ROTATE
  | typeof LRU_SKIP
  | typeof LRU_RETRY
  | typeof LRU_STOP;

/**
 * Decides about one object of a walk. Made once by the list's owner, not per walk. Where it answers REMOVED, ROTATE or
 * SKIP it has left the object in the list.
 */
export type LruCallback = (id: number) => LruStatus;

/** No object: what the ends of a list answer. Never an id. */
export const NO_OBJECT = -1;

// A record's words are a neighbour's id + 2; 1 says "none on this side", 0 in both says "not in the list".
const END = 1;
const FIRST = 2;

export class ListLru {
  /** Words 2n and 2n + 1 of id n: its older and its newer neighbour. */
  readonly #links: ChunkedWords;
  #oldest = END;
  #newest = END;
  #size = 0;
  #walked = 0;

  constructor(accountant?: Accountant) {
    this.#links = new ChunkedWords(accountant);
  }

  /** Objects in the list. */
  get size(): number {
    return this.#size;
  }

  /** Objects that the last walk asked about. */
  get walked(): number {
    return this.#walked;
  }

  /** Makes ids 0..ids - 1 addable. `false` when the accountant refuses; nothing changed then. */
  ensure(ids: number): boolean {
    return 2 * ids <= this.#links.capacity || this.#links.ensure(2 * ids);
  }

  has(id: number): boolean {
    return 2 * id < this.#links.capacity && this.#links.get(2 * id) !== 0;
  }

  /** The oldest object, where a walk begins, or {@link NO_OBJECT}. (The kernel's head.) */
  get oldest(): number {
    return this.#oldest === END ? NO_OBJECT : this.#oldest - FIRST;
  }

  /** The newest object, or {@link NO_OBJECT}. (The kernel's tail.) */
  get newest(): number {
    return this.#newest === END ? NO_OBJECT : this.#newest - FIRST;
  }

  /** The next newer object of one in the list, or {@link NO_OBJECT}. */
  newer(id: number): number {
    const word = this.#links.get(2 * id + 1);
    return word === END ? NO_OBJECT : word - FIRST;
  }

  /** The next older object of one in the list, or {@link NO_OBJECT}. */
  older(id: number): number {
    const word = this.#links.get(2 * id);
    return word === END ? NO_OBJECT : word - FIRST;
  }

  /**
   * Adds an object at the newest end.
   *
   * @param id covered by {@link ensure}
   * @returns `false` when it is in the list already; it stays where it is then
   */
  add(id: number): boolean {
    assert(2 * id < this.#links.capacity, "an id that is added was ensured");
    if (this.#links.get(2 * id) !== 0) return false;
    this.#link(id);
    this.#size++;
    return true;
  }

  /** Takes an object out. @returns `false` when it is not in the list */
  delete(id: number): boolean {
    if (!this.has(id)) return false;
    this.#unlink(id);
    this.#links.set(2 * id, 0);
    this.#links.set(2 * id + 1, 0);
    this.#size--;
    return true;
  }

  /** Makes an object the newest. @returns `false` when it is not in the list */
  moveToNewest(id: number): boolean {
    if (!this.has(id)) return false;
    if (this.#newest === id + FIRST) return true;
    this.#unlink(id);
    this.#link(id);
    return true;
  }

  /**
   * Asks `callback` about objects, oldest first, until it stops, the list ends, or the budget is used up. A budget that
   * exceeds the list meets objects that were rotated again.
   *
   * @param nrToWalk how many times to ask, at most
   * @returns objects removed
   */
  walk(callback: LruCallback, nrToWalk: number): number {
    let removed = 0;
    let left = nrToWalk;
    let word = this.#oldest;
    while (word !== END && left > 0) {
      left--;
      const id = word - FIRST;
      const status = callback(id);
      if (status === LRU_STOP) break;
      if (status === LRU_RETRY) {
        word = this.#oldest;
        continue;
      }
      if (status === LRU_REMOVED_RETRY) {
        this.delete(id);
        removed++;
        word = this.#oldest;
        continue;
      }
      assert(this.has(id), "an object that the callback did not claim to have removed is in the list");
      word = this.#links.get(2 * id + 1);
      if (status === LRU_REMOVED) {
        this.delete(id);
        removed++;
      } else if (status === LRU_ROTATE) {
        this.moveToNewest(id);
      }
    }
    this.#walked = nrToWalk - left;
    return removed;
  }

  /** Bytes of tables. */
  memoryBytes(): number {
    return this.#links.bytes;
  }

  /** Gives all tables back; the list is empty afterwards. */
  release(): void {
    this.#links.release();
    this.#oldest = END;
    this.#newest = END;
    this.#size = 0;
  }

  /** Walks the list both ways; throws AssertionError at the first broken invariant. O(ids). */
  verify(): void {
    let count = 0;
    let older = END;
    for (let word = this.#oldest; word !== END; word = this.#links.get(2 * (word - FIRST) + 1)) {
      assert(word >= FIRST, "a list leads only through objects");
      assert(this.#links.get(2 * (word - FIRST)) === older, "both directions of a list agree");
      older = word;
      assert(++count <= this.#size, "a list ends");
    }
    assert(older === this.#newest, "the newest object is the last");
    assert(count === this.#size, "size counts the objects");
    let linked = 0;
    for (let index = 0; index < this.#links.capacity; index += 2) if (this.#links.get(index) !== 0) linked++;
    assert(linked === this.#size, "every linked object is in the list");
  }

  #link(id: number): void {
    const word = id + FIRST;
    this.#links.set(2 * id, this.#newest);
    this.#links.set(2 * id + 1, END);
    if (this.#newest === END) this.#oldest = word;
    else this.#links.set(2 * (this.#newest - FIRST) + 1, word);
    this.#newest = word;
  }

  #unlink(id: number): void {
    const older = this.#links.get(2 * id);
    const newer = this.#links.get(2 * id + 1);
    if (older === END) this.#oldest = newer;
    else this.#links.set(2 * (older - FIRST) + 1, newer);
    if (newer === END) this.#newest = older;
    else this.#links.set(2 * (newer - FIRST), older);
  }
}
