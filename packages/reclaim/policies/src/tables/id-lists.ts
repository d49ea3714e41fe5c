// Doubly linked lists over dense ids, several lists in one table.
//
// Each id has one record of two words, its newer and its older neighbour, so that a step touches one cache line. A list
// is a ring through a record of its own, which saves every test for an end. Record 0 belongs to nobody: a record whose
// words are 0 is linked nowhere. Records 1..15 are the lists, id n has record n + 16.
//
// An id is in at most one list at a time. The table doubles when a larger id comes; 8 bytes per id. Signed words,
// because V8 computes with them as plain integers, where an unsigned one may need a double.

import { type Accountant, assert } from "@pagetier/base";

const RESERVED = 16;
const RECORDS_LEAST = 1024;
const WORDS_PER_RECORD = 2;
const BYTES_PER_RECORD = 4 * WORDS_PER_RECORD;

/** No id: the end of a list. Equals NO_VICTIM of the policy contract. */
export const NO_ID = -1;

export class IdLists {
  readonly #accountant: Accountant;
  readonly #lists: number;
  /** Words 2r and 2r + 1 of record r: its newer and its older neighbour's record. */
  #words: Int32Array;
  #ids: number;

  /**
   * @param lists how many lists, 1..15; they are named 1..lists
   */
  constructor(lists: number, accountant: Accountant) {
    assert(lists >= 1 && lists < RESERVED, "between 1 and 15 lists share a table");
    this.#accountant = accountant;
    this.#lists = lists;
    this.#words = new Int32Array(RESERVED * WORDS_PER_RECORD);
    this.#ids = 0;
    for (let list = 1; list <= lists; list++) {
      this.#words[2 * list] = list;
      this.#words[2 * list + 1] = list;
    }
  }

  /** Ids that have a record: 0..ids - 1. */
  get ids(): number {
    return this.#ids;
  }

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** Makes a record for `id`, and for all below. `false` when the accountant refuses; nothing changed then. */
  ensure(id: number): boolean {
    return id < this.#ids || this.#grow(id);
  }

  /** Whether the id is in a list. */
  isLinked(id: number): boolean {
    return id < this.#ids && this.#words[2 * (id + RESERVED)]! !== 0;
  }

  /** The oldest id of a list, or {@link NO_ID}. */
  oldest(list: number): number {
    const record = this.#words[2 * list]!;
    return record >= RESERVED ? record - RESERVED : NO_ID;
  }

  /** The newest id of a list, or {@link NO_ID}. */
  newest(list: number): number {
    const record = this.#words[2 * list + 1]!;
    return record >= RESERVED ? record - RESERVED : NO_ID;
  }

  /** The next newer id of its list, or {@link NO_ID}. */
  newer(id: number): number {
    const record = this.#words[2 * (id + RESERVED)]!;
    return record >= RESERVED ? record - RESERVED : NO_ID;
  }

  /** The next older id of its list, or {@link NO_ID}. */
  older(id: number): number {
    const record = this.#words[2 * (id + RESERVED) + 1]!;
    return record >= RESERVED ? record - RESERVED : NO_ID;
  }

  /** Puts an id that is linked nowhere at the newest end. */
  addNewest(list: number, id: number): void {
    const words = this.#words;
    const record = id + RESERVED;
    const older = words[2 * list + 1]!;
    words[2 * record] = list;
    words[2 * record + 1] = older;
    words[2 * older] = record;
    words[2 * list + 1] = record;
  }

  /** Puts an id that is linked nowhere into the list of `neighbour`, right on its older side. */
  addOlder(neighbour: number, id: number): void {
    const words = this.#words;
    const record = id + RESERVED;
    const newer = neighbour + RESERVED;
    const older = words[2 * newer + 1]!;
    words[2 * record] = newer;
    words[2 * record + 1] = older;
    words[2 * older] = record;
    words[2 * newer + 1] = record;
  }

  /** Puts an id that is linked nowhere into the list of `neighbour`, right on its newer side. */
  addNewer(neighbour: number, id: number): void {
    const words = this.#words;
    const record = id + RESERVED;
    const older = neighbour + RESERVED;
    const newer = words[2 * older]!;
    words[2 * record] = newer;
    words[2 * record + 1] = older;
    words[2 * older] = record;
    words[2 * newer + 1] = record;
  }

  /** Takes a linked id out of its list. */
  remove(id: number): void {
    const words = this.#words;
    const record = id + RESERVED;
    const newer = words[2 * record]!;
    const older = words[2 * record + 1]!;
    words[2 * newer + 1] = older;
    words[2 * older] = newer;
    words[2 * record] = 0;
    words[2 * record + 1] = 0;
  }

  /** Moves a linked id to the newest end of a list, its own or another. */
  moveToNewest(list: number, id: number): void {
    const words = this.#words;
    const record = id + RESERVED;
    const newer = words[2 * record]!;
    if (newer === list) return; // It is the newest already.
    const older = words[2 * record + 1]!;
    words[2 * newer + 1] = older;
    words[2 * older] = newer;
    const newest = words[2 * list + 1]!;
    words[2 * record] = list;
    words[2 * record + 1] = newest;
    words[2 * newest] = record;
    words[2 * list + 1] = record;
  }

  /** Takes the oldest id out of a list. @returns {@link NO_ID} when the list is empty */
  takeOldest(list: number): number {
    const words = this.#words;
    const record = words[2 * list]!;
    if (record < RESERVED) return NO_ID;
    const newer = words[2 * record]!;
    words[2 * list] = newer;
    words[2 * newer + 1] = list;
    words[2 * record] = 0;
    words[2 * record + 1] = 0;
    return record - RESERVED;
  }

  /** Throws AssertionError unless every list is one ring whose both directions agree. @returns ids in each list, by its number */
  verify(): number[] {
    const counts = [0];
    let linked = 0;
    for (let list = 1; list <= this.#lists; list++) {
      let count = 0;
      let record = list;
      do {
        const newer = this.#words[2 * record]!;
        assert(newer === list || newer >= RESERVED, "a list leads only through ids");
        assert(this.#words[2 * newer + 1] === record, "both directions of a list agree");
        record = newer;
        if (record !== list) count++;
        assert(count <= this.#ids, "a list ends");
      } while (record !== list);
      counts.push(count);
      linked += count;
    }
    for (let id = 0; id < this.#ids; id++) if (this.isLinked(id)) linked--;
    assert(linked === 0, "every linked id is in a list");
    return counts;
  }

  #grow(id: number): boolean {
    assert(Number.isInteger(id) && id >= 0 && id < 2 ** 31 - RESERVED, "an id is a small non-negative integer");
    let records = Math.max(RECORDS_LEAST, (this.#ids + RESERVED) * 2);
    while (records < id + 1 + RESERVED) records *= 2;
    if (!this.#accountant.charge(records * BYTES_PER_RECORD - this.#words.byteLength)) return false;
    const words = new Int32Array(records * WORDS_PER_RECORD);
    words.set(this.#words);
    this.#words = words;
    this.#ids = records - RESERVED;
    return true;
  }
}
