// The pages of tmem: what is kept of each, found by object and index.
//
// Words of a record: object; index in it; the index's link; next and previous page of the object; the host's word; the meta word
// (pampd.ts), 0 for a record that is free; generation. The generation grows whenever the number is given out again or what it
// stands for is replaced, so that work which waited can tell a page from its successor. 32 bytes a page, as much as the handle that
// Linux' zcache put in front of each zpage.

import { type Accountant, assert } from "@pagetier/base";
import { HashIndex, hashWords } from "./hash-index.js";
import type { Objects } from "./objects.js";
import { RECORD_WORDS, Records } from "./records.js";

const OBJECT = 0;
const INDEX = 1;
const LINK = 2;
const NEXT = 3;
const PREVIOUS = 4;
const WORD = 5;
const META = 6;
const GENERATION = 7;

export class Pages {
  readonly #objects: Objects;
  readonly #records: Records;
  readonly #index: HashIndex;

  constructor(objects: Objects, accountant: Accountant) {
    this.#objects = objects;
    this.#records = new Records(accountant);
    const keyHash = (page: number): number => hashWords(this.objectOf(page), this.indexOf(page));
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

  find(object: number, index: number): number {
    let page = this.#index.first(hashWords(object, index));
    while (page !== 0 && !(this.objectOf(page) === object && this.indexOf(page) === index))
      page = this.#index.next(page);
    return page;
  }

  /** Adds a page, which the object does not have. The caller has reserved it. */
  add(object: number, index: number, word: number, meta: number): number {
    const page = this.#records.allocate();
    const next = this.#objects.firstPageOf(object);
    this.#records.set(page, OBJECT, object);
    this.#records.set(page, INDEX, index);
    this.#records.set(page, NEXT, next);
    this.#records.set(page, PREVIOUS, 0);
    if (next !== 0) this.#records.set(next, PREVIOUS, page);
    this.#objects.noteFirstPage(object, page, 1);
    this.#records.set(page, GENERATION, (this.generationOf(page) + 1) >>> 0);
    this.#index.add(page);
    this.set(page, word, meta);
    return page;
  }

  /** Takes a page out of its object and the index; {@link free} is what its record waits for. */
  unlink(page: number): void {
    const object = this.objectOf(page);
    const next = this.nextOf(page);
    const previous = this.#records.get(page, PREVIOUS);
    if (next !== 0) this.#records.set(next, PREVIOUS, previous);
    if (previous !== 0) this.#records.set(previous, NEXT, next);
    this.#objects.noteFirstPage(object, previous === 0 ? next : this.#objects.firstPageOf(object), -1);
    this.#index.delete(page);
  }

  /** Gives the record of an unlinked page back. */
  free(page: number): void {
    this.#records.set(page, META, 0);
    this.#records.free(page);
  }

  isLive(page: number): boolean {
    return page > 0 && page < this.#records.end && this.metaOf(page) !== 0;
  }

  objectOf(page: number): number {
    return this.#records.get(page, OBJECT);
  }

  indexOf(page: number): number {
    return this.#records.get(page, INDEX);
  }

  /** The next page of the object, 0: it was the last. */
  nextOf(page: number): number {
    return this.#records.get(page, NEXT);
  }

  wordOf(page: number): number {
    return this.#records.get(page, WORD);
  }

  metaOf(page: number): number {
    return this.#records.get(page, META);
  }

  generationOf(page: number): number {
    return this.#records.get(page, GENERATION);
  }

  set(page: number, word: number, meta: number): void {
    assert(meta !== 0, "a page has a kind");
    this.#records.set(page, WORD, word);
    this.#records.set(page, META, meta);
  }

  /** As {@link set}; who remembers the page's generation learns that it is another now. */
  replace(page: number, word: number, meta: number): void {
    this.set(page, word, meta);
    this.#records.set(page, GENERATION, (this.generationOf(page) + 1) >>> 0);
  }

  /** Throws AssertionError at the first broken invariant. O(pages). */
  verify(): void {
    if (this.#records.bytes > 0) this.#index.verify();
    let live = 0;
    for (let page = 1; page < this.#records.end; page++) {
      if (!this.isLive(page)) continue;
      live++;
      assert(this.#objects.isLive(this.objectOf(page)), "a page's object lives");
      assert(this.find(this.objectOf(page), this.indexOf(page)) === page, "the index leads to each page");
    }
    assert(live === this.#records.live, "every record that is not free is a page");
    let listed = 0;
    for (let object = 1; object < this.#objects.end; object++) {
      if (!this.#objects.isLive(object)) continue;
      let count = 0;
      let previous = 0;
      for (let page = this.#objects.firstPageOf(object); page !== 0; page = this.nextOf(page)) {
        assert(this.objectOf(page) === object, "a page is listed in its object");
        assert(this.#records.get(page, PREVIOUS) === previous, "an object's list is linked both ways");
        previous = page;
        assert(++count <= this.#objects.pagesOf(object), "an object's list ends");
      }
      assert(count === this.#objects.pagesOf(object), "an object counts its pages");
      listed += count;
    }
    assert(listed === live, "every page is listed in its object");
  }
}
