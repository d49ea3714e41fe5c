// Linear hashing: an index that grows by one bucket at a time, so that no store ever pays for all the others.
//
// Records are somebody else's: fixed numbers of words in a table, linked through one of their words. The index holds
// only the heads of the chains. With n buckets in use and L the power of two at or below n, a hash belongs to bucket
// hash mod 2L if there is one, else to hash mod L; growing splits the next bucket in order. As many buckets as records keeps
// chains at about one record. Where the budget has no room for more buckets chains just get longer.
//
// Source: W. Litwin, Linear hashing: a new tool for file and table addressing, 1980.

import { type Accountant, assert, ChunkedWords } from "@pagetier/base";

const BUCKETS_MIN = 64;

export class HashIndex {
  readonly #heads: ChunkedWords;
  readonly #records: ChunkedWords;
  readonly #recordWords: number;
  readonly #link: number;
  readonly #hashOf: (id: number) => number;
  #buckets = BUCKETS_MIN;
  /** The power of two at or below {@link #buckets}. */
  #low = BUCKETS_MIN;
  #count = 0;

  /**
   * @param records where the records are, `recordWords` words each; 0 is no record
   * @param link which word of a record is the index's
   * @param hashOf hash of a record's key, 32 bits
   */
  constructor(
    records: ChunkedWords,
    recordWords: number,
    link: number,
    hashOf: (id: number) => number,
    accountant: Accountant,
  ) {
    this.#heads = new ChunkedWords(accountant);
    this.#records = records;
    this.#recordWords = recordWords;
    this.#link = link;
    this.#hashOf = hashOf;
  }

  /** Bytes held, all of them charged. */
  get bytes(): number {
    return this.#heads.bytes;
  }

  /** Takes the first buckets; must have answered `true` before anything is looked up or added. */
  prepare(): boolean {
    return this.#heads.ensure(BUCKETS_MIN);
  }

  /** The first record that may have this hash, 0: none. Others follow by {@link next}. */
  first(hash: number): number {
    return this.#heads.get(this.#bucketOf(hash));
  }

  next(id: number): number {
    return this.#records.get(id * this.#recordWords + this.#link);
  }

  /** Adds a record, which is not in the index. */
  add(id: number): void {
    this.#count++;
    if (this.#count > this.#buckets && this.#heads.ensure(this.#buckets + 1)) this.#split();
    const bucket = this.#bucketOf(this.#hashOf(id));
    this.#setNext(id, this.#heads.get(bucket));
    this.#heads.set(bucket, id);
  }

  /** Takes a record out, which is in the index. */
  delete(id: number): void {
    const bucket = this.#bucketOf(this.#hashOf(id));
    let before = 0;
    for (let other = this.#heads.get(bucket); other !== id; other = this.next(other)) {
      assert(other !== 0, "a record that leaves the index was in it");
      before = other;
    }
    if (before === 0) this.#heads.set(bucket, this.next(id));
    else this.#setNext(before, this.next(id));
    this.#count--;
  }

  /** Throws AssertionError unless every record lies in its bucket. O(records + buckets). */
  verify(): void {
    let count = 0;
    for (let bucket = 0; bucket < Math.min(this.#buckets, this.#heads.capacity); bucket++) {
      for (let id = this.#heads.get(bucket); id !== 0; id = this.next(id)) {
        assert(this.#bucketOf(this.#hashOf(id)) === bucket, "a record lies in the bucket of its hash");
        assert(++count <= this.#count, "a chain ends");
      }
    }
    assert(count === this.#count, "the index counts its records");
  }

  #bucketOf(hash: number): number {
    const bucket = hash & (2 * this.#low - 1);
    return bucket < this.#buckets ? bucket : hash & (this.#low - 1);
  }

  /** Deals the records of the next bucket in order out to it and a new one. */
  #split(): void {
    const from = this.#buckets - this.#low;
    const to = this.#buckets++;
    let stay = 0;
    let move = 0;
    for (let id = this.#heads.get(from), next = 0; id !== 0; id = next) {
      next = this.next(id);
      if ((this.#hashOf(id) & this.#low) !== 0) {
        this.#setNext(id, move);
        move = id;
      } else {
        this.#setNext(id, stay);
        stay = id;
      }
    }
    this.#heads.set(from, stay);
    this.#heads.set(to, move);
    if (this.#buckets === 2 * this.#low) this.#low = this.#buckets;
  }

  #setNext(id: number, next: number): void {
    this.#records.set(id * this.#recordWords + this.#link, next);
  }
}

/** A 32-bit hash of two words. */
export function hashWords(a: number, b: number): number {
  let hash = Math.imul(a ^ (a >>> 16), 0x9e3779b1) ^ Math.imul(b ^ (b >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
