// The owner's books: what other machines hold for it, in which life of theirs, and what they may hold that nobody needs.
//
// A book is a page of tmem's tables (found by pool, object and index) and four words more:
//
//   sequence, low 32 bits
//   sequence, high 16 bits   ·  holders: places that acknowledged the last put
//   strays: places that may hold something older  ·  doubts: places where an operation went unanswered and may come yet
//   lives: in which life each holder acknowledged, as a number of a list
//
// With the index that is 52 to 56 bytes for a page that is away, charged to the budget.

import { type Accountant, assert, ChunkedWords } from "@pagetier/base";
import { Objects, POOLS_MAX } from "./objects.js";
import { Pages } from "./pages.js";
import type { RemoteKey, RemoteKind } from "./remote-memory.js";

/** No book: what looking for a key without one answers. */
export const NO_BOOK = 0;

const WORDS = 4;
const SEQUENCE_LOW = 0;
const HIGH_AND_HOLDERS = 1;
const STRAYS_AND_DOUBTS = 2;
const LIVES = 3;

const HALF = 0xffff;
const PERSISTENT = 1;
const EPHEMERAL = 2;

/** In which life of theirs the holders of a page acknowledged it. */
export interface Lives {
  readonly byPlace: readonly (string | undefined)[];
  /** The lives as one name, the generation of the contract. */
  readonly generation: string;
}

const NO_LIVES: Lives = { byPlace: [], generation: "" };

export class RemoteBooks {
  readonly #objects: Objects;
  readonly #pages: Pages;
  readonly #words: ChunkedWords;
  /** Pools of the contract are any numbers; those of the tables are few. */
  readonly #poolNumbers = new Map<number, number>();
  readonly #pools: number[] = [];
  readonly #lives: Lives[] = [NO_LIVES];
  readonly #livesNumbers = new Map<string, number>();

  constructor(accountant: Accountant) {
    this.#objects = new Objects(POOLS_MAX, accountant);
    this.#pages = new Pages(this.#objects, accountant);
    this.#words = new ChunkedWords(accountant);
  }

  /** Books that exist. */
  get count(): number {
    return this.#pages.live;
  }

  /** Bytes held, all of them charged. */
  get bytes(): number {
    return this.#objects.bytes + this.#pages.bytes + this.#words.bytes;
  }

  find({ pool, object, index }: RemoteKey): number {
    const found = this.#objectOf(pool, object);
    return found === 0 ? NO_BOOK : this.#pages.find(found, index);
  }

  /** Opens a book for a key that has none, {@link NO_BOOK} when the budget has no room. */
  add({ pool, object, index }: RemoteKey): number {
    if (!this.#objects.reserve() || !this.#pages.reserve()) return NO_BOOK;
    if (!this.#words.ensure((this.#pages.end + 1) * WORDS)) return NO_BOOK;
    const number = this.#poolNumber(pool);
    const found = this.#objects.find(number, object) || this.#objects.add(number, object);
    const book = this.#pages.add(found, index, 0, EPHEMERAL);
    for (let word = 0; word < WORDS; word++) this.#set(book, word, 0);
    return book;
  }

  remove(book: number): void {
    const object = this.#pages.objectOf(book);
    this.#pages.unlink(book);
    this.#pages.free(book);
    if (this.#objects.pagesOf(object) === 0) this.#objects.remove(object);
  }

  keyOf(book: number): RemoteKey {
    const object = this.#pages.objectOf(book);
    return {
      pool: this.#pools[this.#objects.poolOf(object)]!,
      object: this.#objects.oidOf(object),
      index: this.#pages.indexOf(book),
    };
  }

  /** Books of an object, as they are now. */
  ofObject(pool: number, object: number): number[] {
    const books: number[] = [];
    const found = this.#objectOf(pool, object);
    if (found === 0) return books;
    for (let book = this.#objects.firstPageOf(found); book !== 0; book = this.#pages.nextOf(book)) books.push(book);
    return books;
  }

  *all(): Generator<number> {
    for (let book = 1; book < this.#pages.end; book++) if (this.#pages.isLive(book)) yield book;
  }

  isLive(book: number): boolean {
    return this.#pages.isLive(book);
  }

  kindOf(book: number): RemoteKind {
    return this.#pages.metaOf(book) === PERSISTENT ? "persistent" : "ephemeral";
  }

  setKind(book: number, kind: RemoteKind): void {
    this.#pages.set(book, 0, kind === "persistent" ? PERSISTENT : EPHEMERAL);
  }

  sequenceOf(book: number): number {
    return (this.#get(book, HIGH_AND_HOLDERS) >>> 16) * 2 ** 32 + this.#get(book, SEQUENCE_LOW);
  }

  setSequence(book: number, sequence: number): void {
    this.#set(book, SEQUENCE_LOW, sequence % 2 ** 32);
    this.#set(book, HIGH_AND_HOLDERS, ((Math.floor(sequence / 2 ** 32) << 16) | this.holdersOf(book)) >>> 0);
  }

  /** Places that acknowledged, as bits. */
  holdersOf(book: number): number {
    return this.#get(book, HIGH_AND_HOLDERS) & HALF;
  }

  livesOf(book: number): Lives {
    return this.#lives[this.#get(book, LIVES)]!;
  }

  setHolders(book: number, holders: number, byPlace: readonly (string | undefined)[]): void {
    const high = this.#get(book, HIGH_AND_HOLDERS) & ~HALF;
    this.#set(book, HIGH_AND_HOLDERS, (high | holders) >>> 0);
    this.#set(book, LIVES, holders === 0 ? 0 : this.#livesNumber(byPlace));
  }

  straysOf(book: number): number {
    return this.#get(book, STRAYS_AND_DOUBTS) & HALF;
  }

  setStrays(book: number, strays: number): void {
    this.#set(book, STRAYS_AND_DOUBTS, ((this.#get(book, STRAYS_AND_DOUBTS) & ~HALF) | strays) >>> 0);
  }

  doubtsOf(book: number): number {
    return this.#get(book, STRAYS_AND_DOUBTS) >>> 16;
  }

  setDoubts(book: number, doubts: number): void {
    this.#set(book, STRAYS_AND_DOUBTS, ((doubts << 16) | this.straysOf(book)) >>> 0);
  }

  /** Throws AssertionError at the first broken invariant. O(books). */
  verify(): void {
    this.#objects.verify();
    this.#pages.verify();
    for (const book of this.all()) {
      assert(this.find(this.keyOf(book)) === book, "a book lies under its key");
      assert((this.holdersOf(book) & this.straysOf(book)) === 0, "a place is a holder or a stray");
      const { byPlace } = this.livesOf(book);
      for (let place = 0; place < 16; place++) {
        const holds = (this.holdersOf(book) & (1 << place)) !== 0;
        assert(holds === (byPlace[place] !== undefined), "each holder has a life, and nobody else");
      }
    }
  }

  #objectOf(pool: number, object: number): number {
    const number = this.#poolNumbers.get(pool);
    return number === undefined ? 0 : this.#objects.find(number, object);
  }

  #poolNumber(pool: number): number {
    let number = this.#poolNumbers.get(pool);
    if (number === undefined) {
      number = this.#pools.push(pool) - 1;
      assert(number < POOLS_MAX, "an owner has at most 2048 pools");
      this.#poolNumbers.set(pool, number);
    }
    return number;
  }

  #livesNumber(byPlace: readonly (string | undefined)[]): number {
    const name = byPlace.map((life) => life ?? "").join("|");
    let number = this.#livesNumbers.get(name);
    if (number === undefined) {
      const lives = byPlace.filter((life) => life !== undefined);
      number = this.#lives.push({ byPlace: [...byPlace], generation: lives.sort().join("+") }) - 1;
      this.#livesNumbers.set(name, number);
    }
    return number;
  }

  #get(book: number, word: number): number {
    return this.#words.get(book * WORDS + word);
  }

  #set(book: number, word: number, value: number): void {
    this.#words.set(book * WORDS + word, value);
  }
}
