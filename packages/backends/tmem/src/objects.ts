// The objects of tmem: what groups pages that are flushed together.
//
// Words of a record: the lower half of the object's id; pool and upper half; the index's link; first page; number of pages;
// the host's own word; next and previous object of the pool. An object lives while it has a page.

import { type Accountant, assert } from "@pagetier/base";
import { HashIndex, hashWords } from "./hash-index.js";
import { RECORD_WORDS, Records } from "./records.js";

const OID_LOW = 0;
const POOL_AND_HIGH = 1;
const LINK = 2;
const FIRST_PAGE = 3;
const PAGES = 4;
const EXTRA = 5;
const NEXT = 6;
const PREVIOUS = 7;

const HIGH_BITS = 21;
const HIGH_MASK = (1 << HIGH_BITS) - 1;
const LOW_VALUES = 2 ** 32;
/** Pools that a key has room for. */
export const POOLS_MAX = 1 << (32 - HIGH_BITS);

export class Objects {
  readonly #records: Records;
  readonly #index: HashIndex;
  /** First object by pool. */
  readonly #firstByPool: Uint32Array;

  constructor(poolsMax: number, accountant: Accountant) {
    this.#firstByPool = new Uint32Array(poolsMax);
    this.#records = new Records(accountant);
    const keyHash = (object: number): number =>
      hashWords(this.#records.get(object, OID_LOW), this.#records.get(object, POOL_AND_HIGH));
    this.#index = new HashIndex(this.#records.words, RECORD_WORDS, LINK, keyHash, accountant);
  }

  get live(): number {
    return this.#records.live;
  }

  get end(): number {
    return this.#records.end;
  }

  get bytes(): number {
    return this.#records.bytes + this.#index.bytes;
  }

  reserve(): boolean {
    return this.#index.prepare() && this.#records.reserve();
  }

  /** The object of that name, 0: it has no page. */
  find(pool: number, oid: number): number {
    if (this.#records.live === 0) return 0;
    const low = oid % LOW_VALUES;
    const second = secondWord(pool, oid);
    let object = this.#index.first(hashWords(low, second));
    while (object !== 0 && !(this.#records.get(object, OID_LOW) === low && this.#second(object) === second)) {
      object = this.#index.next(object);
    }
    return object;
  }

  /** Makes an object, which must get its first page before anything else happens. The caller has reserved it. */
  add(pool: number, oid: number): number {
    const object = this.#records.allocate();
    this.#records.set(object, OID_LOW, oid % LOW_VALUES);
    this.#records.set(object, POOL_AND_HIGH, secondWord(pool, oid));
    this.#records.set(object, FIRST_PAGE, 0);
    this.#records.set(object, PAGES, 0);
    this.#records.set(object, EXTRA, 0);
    const next = this.#firstByPool[pool]!;
    this.#records.set(object, NEXT, next);
    this.#records.set(object, PREVIOUS, 0);
    if (next !== 0) this.#records.set(next, PREVIOUS, object);
    this.#firstByPool[pool] = object;
    this.#index.add(object);
    return object;
  }

  /** Takes an object without pages away. */
  remove(object: number): void {
    assert(this.pagesOf(object) === 0, "an object that goes has no page");
    const next = this.#records.get(object, NEXT);
    const previous = this.#records.get(object, PREVIOUS);
    if (next !== 0) this.#records.set(next, PREVIOUS, previous);
    if (previous !== 0) this.#records.set(previous, NEXT, next);
    else this.#firstByPool[this.poolOf(object)] = next;
    this.#index.delete(object);
    this.#records.free(object);
  }

  isLive(object: number): boolean {
    return object > 0 && object < this.#records.end && this.#records.get(object, PAGES) !== 0;
  }

  /** An object of the pool, 0: it has none. */
  firstOf(pool: number): number {
    return this.#firstByPool[pool]!;
  }

  poolOf(object: number): number {
    return this.#second(object) >>> HIGH_BITS;
  }

  oidOf(object: number): number {
    return (this.#second(object) & HIGH_MASK) * LOW_VALUES + this.#records.get(object, OID_LOW);
  }

  firstPageOf(object: number): number {
    return this.#records.get(object, FIRST_PAGE);
  }

  /** Notes that the object's list of pages begins elsewhere and has `change` pages more. */
  noteFirstPage(object: number, page: number, change: number): void {
    this.#records.set(object, FIRST_PAGE, page);
    this.#records.set(object, PAGES, this.pagesOf(object) + change);
  }

  pagesOf(object: number): number {
    return this.#records.get(object, PAGES);
  }

  extraOf(object: number): number {
    return this.#records.get(object, EXTRA);
  }

  setExtra(object: number, word: number): void {
    this.#records.set(object, EXTRA, word);
  }

  /** Throws AssertionError at the first broken invariant. @returns pages of all objects, by pool */
  verify(): Map<number, number> {
    if (this.#records.bytes > 0) this.#index.verify();
    const pages = new Map<number, number>();
    let count = 0;
    for (const [pool, first] of this.#firstByPool.entries()) {
      let previous = 0;
      for (let object = first; object !== 0; object = this.#records.get(object, NEXT)) {
        assert(this.poolOf(object) === pool, "an object is listed in its pool");
        assert(this.#records.get(object, PREVIOUS) === previous, "a pool's list is linked both ways");
        assert(this.pagesOf(object) > 0, "an object has a page");
        assert(this.find(pool, this.oidOf(object)) === object, "the index leads to each object");
        pages.set(pool, (pages.get(pool) ?? 0) + this.pagesOf(object));
        previous = object;
        assert(++count <= this.#records.live, "a pool's list ends");
      }
    }
    assert(count === this.#records.live, "every object is listed in a pool");
    return pages;
  }

  #second(object: number): number {
    return this.#records.get(object, POOL_AND_HIGH);
  }
}

function secondWord(pool: number, oid: number): number {
  return ((pool << HIGH_BITS) | Math.floor(oid / LOW_VALUES)) >>> 0;
}
