// Remote memory from its owner's side, whatever the machines are that hold the pages.
//
// Order. Operations of a key go out one after the other, each when the one before has settled; those of different keys do not
// wait for each other. What went unanswered may still be carried out, so holders compare sequences too, and a flush after an
// unanswered put leaves a tombstone.
//
// Books (remote-books.ts). A place that acknowledged the last put is a holder. One that may have something else of the key is a
// stray, until a flush there was answered. A get asks holders only, and takes nothing but the parcel of the last put. So it makes
// no difference whether a holder lost its memory, was replaced by a copy that is behind, or has come back from before.
//
// A book is closed when nobody holds anything of its key. What is remembered of closed ones is the highest sequence among them:
// the owner numbers all its operations in one rising order, so what comes with a lower one is late.

import { type Accountant, assert, type Counters, PAGE_SIZE } from "@pagetier/base";
import { hashWords } from "./hash-index.js";
import type { HolderFlush, HolderPut, HolderSilent, Holders } from "./holders.js";
import { isPage, openParcel, sealParcel } from "./parcel.js";
import { NO_BOOK, RemoteBooks } from "./remote-books.js";
import {
  type RemoteAcknowledgement,
  type RemoteFound,
  type RemoteKey,
  type RemoteKind,
  type RemoteMemory,
  remoteFull,
  remoteLost,
  remoteNotAcknowledged,
  remoteUnreachable,
} from "./remote-memory.js";

const CLOSED: HolderSilent = { said: "silent", sent: true, cause: new Error("the remote memory is closed") };

/** What a put has come to so far. */
interface Collected {
  copies: number;
  holders: number;
  silent: HolderSilent | undefined;
  readonly lives: (string | undefined)[];
}

export class RemoteOwner implements RemoteMemory {
  readonly type: string;
  readonly #holders: Holders;
  readonly #books: RemoteBooks;
  /** The last operation of each key that is under way. */
  readonly #busy = new Map<number, Promise<void>>();
  /** Books with strays that nobody is at work on. */
  readonly #untidy = new Set<number>();
  /** What is told to operations under way when everything ends. */
  readonly #waiting = new Set<(answer: HolderSilent) => void>();
  readonly #pages = { persistent: 0, ephemeral: 0 };
  #target: number | undefined;
  #closed = false;
  #floor = 0;
  #puts = 0;
  #gets = 0;
  #flushes = 0;
  #forgotten = 0;
  #acknowledged = 0;
  #full = 0;
  #notAcknowledged = 0;
  #unreachable = 0;
  #hits = 0;
  #misses = 0;
  #lost = 0;
  #lostCopies = 0;
  #damaged = 0;
  #swept = 0;
  #sentBytes = 0;
  #receivedBytes = 0;

  constructor(holders: Holders, accountant: Accountant) {
    this.type = holders.type;
    this.#holders = holders;
    this.#books = new RemoteBooks(accountant);
  }

  open(): Promise<void> {
    return this.#holders.open();
  }

  /** New pages go to this place first; `undefined` (the default): objects are dealt to all. Pages that lie elsewhere stay there. */
  retarget(place: number | undefined): void {
    this.#target = place;
  }

  async put(
    key: RemoteKey,
    kind: RemoteKind,
    sequence: number,
    bytes: Uint8Array,
    copies: number,
  ): Promise<RemoteAcknowledgement> {
    assert(copies >= 1, "a put asks for one copy or more");
    assert(sequence >= 1, "operations are numbered from 1");
    this.#puts++;
    const parcel = sealParcel(key, kind, sequence, bytes);
    const book = this.#bookFor(key, sequence);
    if (book === NO_BOOK) {
      this.#full++;
      throw remoteFull(key, "the memory budget has no room for a record of it");
    }
    if (!this.#retire(book, sequence)) throw this.#overtaken(key, copies);
    this.#books.setKind(book, kind);
    return this.#inOrder(book, async () => {
      const collected: Collected = { copies: 0, holders: 0, silent: undefined, lives: [] };
      for (const place of this.#placesFor(key)) {
        if (collected.copies >= copies || this.#books.sequenceOf(book) !== sequence) break;
        await this.#putAt(place, book, key, kind, parcel, sequence, copies, collected);
      }
      if (this.#books.sequenceOf(book) !== sequence) throw this.#overtaken(key, copies);
      if (collected.copies >= copies) return this.#acknowledge(book, collected);
      if (collected.copies > 0) {
        this.#notAcknowledged++;
        throw remoteNotAcknowledged(key, collected.copies, copies);
      }
      if (collected.silent !== undefined) {
        this.#unreachable++;
        throw remoteUnreachable(key, reasonOf(collected.silent, "the put was not answered"), collected.silent.cause);
      }
      this.#full++;
      throw remoteFull(key, "no machine has room for it");
    });
  }

  async get(key: RemoteKey, kind: RemoteKind, expected: string, into: Uint8Array): Promise<RemoteFound | undefined> {
    assert(into.length >= PAGE_SIZE, "a page has room for PAGE_SIZE bytes");
    this.#gets++;
    const book = this.#books.find(key);
    let silent: HolderSilent | undefined;
    let reason = "no machine holds it any more";
    if (book !== NO_BOOK) {
      const sequence = this.#books.sequenceOf(book);
      const { byPlace } = this.#books.livesOf(book);
      const meant = expected.split("+");
      for (const [place, life] of byPlace.entries()) {
        if (life === undefined || !meant.includes(life)) continue; // It acknowledged another put than the caller means.
        const answer = await this.#answer(this.#holders.get(place, key, kind, sequence));
        if (answer.said === "silent") {
          silent = answer;
          continue;
        }
        const length = answer.said === "found" ? openParcel(answer.parcel, key, sequence, into) : 0;
        if (length > 0) return this.#found(length, expected, book, key, sequence);
        reason = this.#whyNot(answer, life);
        if (this.#isCurrent(book, key, sequence)) this.#forget(book, place, answer.said === "found");
      }
    }
    if (silent !== undefined) {
      this.#unreachable++;
      throw remoteUnreachable(key, reasonOf(silent, "the get was not answered"), silent.cause);
    }
    if (kind === "ephemeral") {
      this.#misses++;
      return undefined;
    }
    this.#lost++;
    throw remoteLost(key, reason);
  }

  async flush(key: RemoteKey, sequence: number): Promise<void> {
    this.#flushes++;
    const book = this.#books.find(key);
    if (book === NO_BOOK || !this.#retire(book, sequence)) {
      this.#floor = Math.max(this.#floor, sequence);
      return;
    }
    await this.#inOrder(book, () => this.#clean(book, key));
  }

  async flushObject(pool: number, object: number, sequence: number): Promise<void> {
    this.#flushes++;
    this.#floor = Math.max(this.#floor, sequence);
    const books = this.#books.ofObject(pool, object).filter((book) => this.#retire(book, sequence));
    const cleanings = books.map((book) => this.#inOrder(book, () => this.#clean(book, this.#books.keyOf(book))));
    for (const result of await Promise.allSettled(cleanings)) if (result.status === "rejected") throw result.reason;
  }

  forget(key: RemoteKey, sequence: number): void {
    this.#floor = Math.max(this.#floor, sequence);
    const book = this.#books.find(key);
    if (book !== NO_BOOK) this.#forgetBook(book, sequence);
  }

  forgetObject(pool: number, object: number, sequence: number): void {
    this.#floor = Math.max(this.#floor, sequence);
    for (const book of this.#books.ofObject(pool, object)) this.#forgetBook(book, sequence);
  }

  async sweep(pages: number): Promise<number> {
    const books: number[] = [];
    for (const book of this.#untidy) if (books.push(book) >= pages) break;
    const cleanings = books.map((book) => this.#inOrder(book, () => this.#clean(book, this.#books.keyOf(book))));
    const results = await Promise.allSettled(cleanings);
    const cleaned = results.filter(({ status }) => status === "fulfilled").length;
    this.#swept += cleaned;
    return cleaned;
  }

  remotePages(kind: RemoteKind): number {
    return this.#pages[kind];
  }

  get strays(): number {
    return this.#untidy.size;
  }

  memoryBytes(): number {
    return this.#books.bytes + this.#holders.memoryBytes();
  }

  counters(): Counters {
    return {
      persistentPages: this.#pages.persistent,
      ephemeralPages: this.#pages.ephemeral,
      strayPages: this.#untidy.size,
      puts: this.#puts,
      acknowledgedPuts: this.#acknowledged,
      fullPuts: this.#full,
      notAcknowledgedPuts: this.#notAcknowledged,
      gets: this.#gets,
      hits: this.#hits,
      misses: this.#misses,
      flushes: this.#flushes,
      forgottenPages: this.#forgotten,
      unreachable: this.#unreachable,
      lost: this.#lost,
      lostCopies: this.#lostCopies,
      damagedCopies: this.#damaged,
      sweptPages: this.#swept,
      sentBytes: this.#sentBytes,
      receivedBytes: this.#receivedBytes,
      ...this.#holders.counters(),
    };
  }

  verify(): void {
    this.#books.verify();
    const pages = { persistent: 0, ephemeral: 0 };
    for (const book of this.#books.all()) {
      if (this.#books.holdersOf(book) !== 0) pages[this.#books.kindOf(book)]++;
      if (this.#busy.has(book)) continue;
      const hasStrays = this.#books.straysOf(book) !== 0;
      assert(this.#untidy.has(book) === hasStrays, "what may lie somewhere is known to be untidy");
      assert(hasStrays || this.#books.holdersOf(book) !== 0, "a book without holders and strays is closed");
    }
    for (const kind of ["persistent", "ephemeral"] as const) {
      assert(pages[kind] === this.#pages[kind], "remotePages counts the books with holders");
    }
    for (const book of this.#untidy) assert(this.#books.isLive(book), "what is untidy has a book");
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const tell of [...this.#waiting]) tell(CLOSED);
    await this.#holders.close();
  }

  /** A book for a put. Of a key without one, a lower sequence than that of closed books is late. */
  #bookFor(key: RemoteKey, sequence: number): number {
    const book = this.#books.find(key);
    if (book !== NO_BOOK) return book;
    if (sequence <= this.#floor) throw this.#overtaken(key, 1);
    return this.#books.add(key);
  }

  /** From now on no place is trusted with what it has of the key. @returns whether the operation is the key's latest */
  #retire(book: number, sequence: number): boolean {
    if (sequence <= this.#books.sequenceOf(book)) return false;
    this.#books.setSequence(book, sequence);
    const holders = this.#books.holdersOf(book);
    if (holders !== 0) {
      this.#pages[this.#books.kindOf(book)]--;
      this.#books.setHolders(book, 0, []);
      this.#books.setStrays(book, this.#books.straysOf(book) | holders);
    }
    return true;
  }

  #forgetBook(book: number, sequence: number): void {
    if (this.#retire(book, sequence)) this.#forgotten++;
    if (!this.#busy.has(book)) this.#settle(book); // Whoever is at work on it does so at its end.
  }

  async #putAt(
    place: number,
    book: number,
    key: RemoteKey,
    kind: RemoteKind,
    parcel: Uint8Array,
    sequence: number,
    copies: number,
    collected: Collected,
  ): Promise<void> {
    const bit = 1 << place;
    const before = this.#books.straysOf(book);
    this.#books.setStrays(book, before | bit);
    this.#sentBytes += parcel.length;
    const answer: HolderPut = await this.#answer(
      this.#holders.put(place, key, kind, parcel, copies - collected.copies),
    );
    if (answer.said === "stored") {
      collected.copies += answer.copies;
      collected.holders |= bit;
      collected.lives[place] = answer.life;
    } else if (answer.said === "silent") {
      collected.silent = answer;
      if (answer.sent) this.#books.setDoubts(book, this.#books.doubtsOf(book) | bit);
      else this.#books.setStrays(book, (this.#books.straysOf(book) & ~bit) | (before & bit));
    } else if (answer.said === "full") {
      if ((before & bit) !== 0)
        await this.#cleanAt(place, book, key, sequence); // The older page must not stay.
      else this.#books.setStrays(book, this.#books.straysOf(book) & ~bit);
    }
  }

  #acknowledge(book: number, { copies, holders, lives }: Collected): RemoteAcknowledgement {
    const byPlace = Array.from({ length: lives.length }, (_, place) => lives[place]);
    this.#books.setHolders(book, holders, byPlace);
    this.#books.setStrays(book, this.#books.straysOf(book) & ~holders);
    this.#pages[this.#books.kindOf(book)]++;
    this.#acknowledged++;
    return { copies, generation: this.#books.livesOf(book).generation };
  }

  /** Removes what places may have of a key, holders excepted. @throws TierError REMOTE_UNREACHABLE */
  async #clean(book: number, key: RemoteKey): Promise<void> {
    const sequence = this.#books.sequenceOf(book);
    const holders = this.#books.holdersOf(book);
    const targets = (this.#books.straysOf(book) | this.#books.doubtsOf(book)) & ~holders;
    const places = placesIn(targets);
    const answers = await Promise.all(places.map((place) => this.#cleanAt(place, book, key, sequence)));
    const silent = answers.find((answer) => answer.said === "silent");
    if (silent === undefined) return;
    this.#unreachable++;
    throw remoteUnreachable(key, reasonOf(silent as HolderSilent, "the flush was not answered"), silent.cause);
  }

  async #cleanAt(place: number, book: number, key: RemoteKey, sequence: number): Promise<HolderFlush> {
    const bit = 1 << place;
    const mayBeLate = (this.#books.doubtsOf(book) & bit) !== 0;
    const answer: HolderFlush = await this.#answer(this.#holders.flush(place, key, sequence, mayBeLate));
    if (answer.said === "flushed") {
      this.#books.setStrays(book, this.#books.straysOf(book) & ~bit);
      this.#books.setDoubts(book, this.#books.doubtsOf(book) & ~bit);
    } else if (answer.sent) this.#books.setDoubts(book, this.#books.doubtsOf(book) | bit);
    return answer;
  }

  #found(length: number, expected: string, book: number, key: RemoteKey, sequence: number): RemoteFound {
    this.#hits++;
    this.#receivedBytes += length;
    const isCurrent = this.#isCurrent(book, key, sequence);
    return { length, generation: isCurrent ? this.#books.livesOf(book).generation : expected };
  }

  /** Notes why a holder's answer is not the page. */
  #whyNot(
    answer: { readonly said: string; readonly life: string; readonly parcel?: Uint8Array },
    life: string,
  ): string {
    this.#lostCopies++;
    const isOther = answer.life !== life;
    if (answer.said === "missing") {
      return isOther
        ? "its holder has started again since, without it"
        : "its holder runs on and has it no more: somebody removed it, or it was evicted";
    }
    if (answer.parcel !== undefined && !isPage(answer.parcel)) return "its holder was told to forget it";
    this.#damaged++;
    return isOther ? "its holder came back with an older state" : "what its holder has is damaged, or not what was put";
  }

  /** A holder has the page no more. @param hasOther whether it has something else under the key */
  #forget(book: number, place: number, hasOther: boolean): void {
    const bit = 1 << place;
    const holders = this.#books.holdersOf(book) & ~bit;
    if (holders === this.#books.holdersOf(book)) return; // Two gets at a time found out.
    const { byPlace } = this.#books.livesOf(book);
    this.#books.setHolders(
      book,
      holders,
      byPlace.map((life, each) => (each === place ? undefined : life)),
    );
    if (hasOther) this.#books.setStrays(book, this.#books.straysOf(book) | bit);
    if (holders === 0) this.#pages[this.#books.kindOf(book)]--;
    if (!this.#busy.has(book)) this.#settle(book);
  }

  #isCurrent(book: number, key: RemoteKey, sequence: number): boolean {
    return this.#books.find(key) === book && this.#books.sequenceOf(book) === sequence;
  }

  /** Does work on a key when everything before it has settled. */
  #inOrder<Result>(book: number, work: () => Promise<Result>): Promise<Result> {
    this.#untidy.delete(book);
    const before = this.#busy.get(book);
    const run = before === undefined ? work() : before.then(work);
    const settled = run.then(ignore, ignore).then(() => {
      if (this.#busy.get(book) !== settled) return;
      this.#busy.delete(book);
      this.#settle(book);
    });
    this.#busy.set(book, settled);
    return run;
  }

  /** Nobody is at work on a key: closes its book when nothing of it is anywhere, notes it when something may be. */
  #settle(book: number): void {
    if (this.#books.straysOf(book) !== 0) {
      this.#untidy.add(book);
      return;
    }
    this.#untidy.delete(book);
    if (this.#books.holdersOf(book) !== 0) return;
    if (this.#books.doubtsOf(book) !== 0) {
      this.#books.setStrays(book, this.#books.doubtsOf(book));
      this.#untidy.add(book);
      return;
    }
    this.#floor = Math.max(this.#floor, this.#books.sequenceOf(book));
    this.#books.remove(book);
  }

  /** Places in the order in which a put asks them. */
  *#placesFor({ pool, object }: RemoteKey): Generator<number> {
    const { places } = this.#holders;
    const first = this.#target ?? hashWords(object, pool) % places;
    for (let count = 0; count < places; count++) yield (first + count) % places;
  }

  /** What a holder answers, or that everything ended. */
  #answer<Answer>(asked: Promise<Answer>): Promise<Answer | HolderSilent> {
    if (this.#closed) return Promise.resolve(CLOSED);
    return new Promise((resolve, reject) => {
      const tell = (answer: Answer | HolderSilent): void => {
        this.#waiting.delete(tell);
        resolve(answer);
      };
      this.#waiting.add(tell);
      asked.then(tell, (error: unknown) => {
        this.#waiting.delete(tell);
        reject(error);
      });
    });
  }

  #overtaken(key: RemoteKey, copies: number): Error {
    this.#notAcknowledged++;
    return remoteNotAcknowledged(key, 0, copies);
  }
}

function ignore(): void {}

function placesIn(bits: number): number[] {
  const places: number[] = [];
  for (let place = 0; bits >>> place !== 0; place++) if ((bits & (1 << place)) !== 0) places.push(place);
  return places;
}

function reasonOf({ cause }: HolderSilent, otherwise: string): string {
  return cause instanceof Error ? cause.message.replace(/\.$/, "") : otherwise;
}
