// Several machines in one process. The owner keeps a book per key: which nodes hold the page, in which life of theirs, and
// which may hold something older ("strays": nodes that were asked and did not say, or whose page was replaced elsewhere).
// A get asks holders only; a flush goes to holders and strays. The book knows the last sequence of the key, so that an
// answer to an overtaken operation changes nothing.

import { assert, type Counters, PAGE_SIZE, TierError } from "@pagetier/base";
import {
  type RemoteAcknowledgement,
  type RemoteFound,
  type RemoteKey,
  type RemoteKind,
  type RemoteMemory,
  remoteFull,
  remoteKeyName,
  remoteLost,
  remoteNotAcknowledged,
  remoteUnreachable,
} from "../remote-memory.js";
import { FakeNetwork } from "./fake-network.js";
import { FakeNode, type Parcel, sumOf } from "./fake-node.js";

export interface FakeRemoteMemoryOptions {
  /** Machines that hold pages. Default 3. */
  readonly nodes?: number;
  /** Pages that each of them holds. Default 64. */
  readonly pagesMax?: number;
}

interface Book {
  readonly key: RemoteKey;
  kind: RemoteKind;
  sequence: number;
  sum: number;
  /** Nodes that acknowledged, and their generation then. */
  readonly holders: Map<FakeNode, string>;
  readonly strays: Set<FakeNode>;
}

/** Remote memory in one process, scripted by a test. */
export class FakeRemoteMemory implements RemoteMemory {
  readonly type = "fake";
  readonly network = new FakeNetwork();
  readonly nodes: readonly FakeNode[];
  protected readonly books = new Map<string, Book>();
  readonly #pending = new Set<(cause: unknown) => void>();
  #target = 0;
  #closed = false;
  #corruptions = 0;
  #lostReplies = 0;
  #duplicates = 0;
  #puts = 0;
  #gets = 0;
  #flushes = 0;
  #lost = 0;

  constructor(options: FakeRemoteMemoryOptions = {}) {
    const { nodes = 3, pagesMax = 64 } = options;
    this.nodes = Array.from({ length: nodes }, (_, number) => new FakeNode(number, pagesMax));
  }

  async open(): Promise<void> {}

  /** New pages go to this node first. Those that lie elsewhere stay there. */
  setTarget(node: number): void {
    this.#target = node;
  }

  /** The next pages that travel are damaged on the way. */
  corruptNext(pages = 1): void {
    this.#corruptions = pages;
  }

  /** The next requests are carried out, but their answers do not arrive. */
  loseReplies(replies = 1): void {
    this.#lostReplies = replies;
  }

  /** The next requests arrive twice, the second time late. */
  duplicateNext(requests = 1): void {
    this.#duplicates = requests;
  }

  /** Pages that the nodes hold, copies and garbage included. */
  heldPages(): number {
    return this.nodes.reduce((sum, node) => sum + node.pages("ephemeral") + node.pages("persistent"), 0);
  }

  async put(
    key: RemoteKey,
    kind: RemoteKind,
    sequence: number,
    bytes: Uint8Array,
    copies: number,
  ): Promise<RemoteAcknowledgement> {
    assert(bytes.length >= 1 && bytes.length <= PAGE_SIZE, "a zpage is 1 to PAGE_SIZE bytes");
    assert(copies >= 1, "a put asks for one copy or more");
    this.#puts++;
    const parcel: Parcel = { bytes: bytes.slice(), sum: sumOf(bytes) };
    const book = this.bookOf(key);
    if (sequence > book.sequence) this.#replace(book, kind, sequence, parcel.sum);
    const holders = new Map<FakeNode, string>();
    let silent = 0;
    for (const node of this.candidates()) {
      if (holders.size >= copies || book.sequence !== sequence) break;
      book.strays.add(node); // Before it is sent: a flush that overtakes it must go there too.
      try {
        const answer = await this.#ask(node, key, () => ({
          said: node.put(key, kind, sequence, this.#travelled(parcel)),
          generation: node.generation,
        }));
        if (answer.said === "stored") holders.set(node, answer.generation);
        if (answer.said === "damaged") silent++;
      } catch (error) {
        if (!TierError.is(error, "REMOTE_UNREACHABLE")) throw error;
        silent++;
      }
    }
    if (holders.size >= copies && book.sequence === sequence) return this.#acknowledge(book, holders);
    if (holders.size > 0 || book.sequence !== sequence) throw remoteNotAcknowledged(key, holders.size, copies);
    if (silent > 0) throw remoteUnreachable(key, "the put was not answered");
    throw remoteFull(key, "no machine has room for it");
  }

  async get(key: RemoteKey, kind: RemoteKind, expected: string, into: Uint8Array): Promise<RemoteFound | undefined> {
    this.#gets++;
    const book = this.bookOf(key);
    const { sequence, sum } = book;
    const lives = expected.split("+");
    let silent = 0;
    for (const [node, generation] of [...book.holders]) {
      if (!lives.includes(generation)) continue; // It acknowledged another put than the caller means.
      let reply: { readonly parcel: Parcel | undefined; readonly generation: string };
      try {
        reply = await this.#ask(node, key, () => {
          const held = node.get(key);
          return { parcel: held && this.#travelled(held), generation: node.generation };
        });
      } catch (error) {
        if (!TierError.is(error, "REMOTE_UNREACHABLE")) throw error;
        silent++;
        continue;
      }
      const { parcel } = reply;
      if (reply.generation === generation && parcel !== undefined && this.isIntact(parcel, sum)) {
        into.set(parcel.bytes);
        return { length: parcel.bytes.length, generation: generationOf(book.holders) };
      }
      if (book.sequence === sequence) this.#forget(book, node);
    }
    if (silent > 0) throw remoteUnreachable(key, "the get was not answered");
    if (kind === "ephemeral") return undefined;
    this.#lost++;
    throw remoteLost(key, "its holders have it no more, or not as it was put");
  }

  async flush(key: RemoteKey, sequence: number): Promise<void> {
    this.#flushes++;
    const book = this.bookOf(key);
    const nodes = this.#retire(book, sequence);
    await this.#tell(key, nodes, (node) => node.flush(key, sequence), [book]);
  }

  async flushObject(pool: number, object: number, sequence: number): Promise<void> {
    this.#flushes++;
    const nodes = new Set<FakeNode>();
    const books: Book[] = [];
    for (const book of this.books.values()) {
      if (book.key.pool !== pool || book.key.object !== object || book.sequence >= sequence) continue;
      books.push(book);
      for (const node of this.#retire(book, sequence)) nodes.add(node);
    }
    const key = { pool, object, index: 0 };
    await this.#tell(key, nodes, (node) => node.flushObject(pool, object, sequence), books);
  }

  forget(key: RemoteKey, sequence: number): void {
    this.#retire(this.bookOf(key), sequence);
  }

  forgetObject(pool: number, object: number, sequence: number): void {
    for (const book of this.books.values()) {
      if (book.key.pool === pool && book.key.object === object) this.#retire(book, sequence);
    }
  }

  async sweep(pages: number): Promise<number> {
    const untidy = [...this.books.values()].filter((book) => book.strays.size > 0).slice(0, pages);
    const tidy = async (book: Book): Promise<void> => {
      const { key, sequence } = book;
      await this.#tell(key, book.strays, (node) => node.flush(key, sequence), [book]);
    };
    const results = await Promise.allSettled(untidy.map(tidy));
    return results.filter(({ status }) => status === "fulfilled").length;
  }

  get strays(): number {
    let strays = 0;
    for (const book of this.books.values()) if (book.strays.size > 0) strays++;
    return strays;
  }

  memoryBytes(): number {
    return 0; // A test's own.
  }

  remotePages(kind: RemoteKind): number {
    let pages = 0;
    for (const book of this.books.values()) if (book.kind === kind && book.holders.size > 0) pages++;
    return pages;
  }

  counters(): Counters {
    return { puts: this.#puts, gets: this.#gets, flushes: this.#flushes, lost: this.#lost };
  }

  verify(): void {
    for (const [name, book] of this.books) {
      assert(name === remoteKeyName(book.key), "a book lies under its key");
      for (const node of book.holders.keys()) assert(!book.strays.has(node), "a node is a holder or a stray");
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const cause = new Error("closed");
    for (const reject of [...this.#pending]) reject(cause);
  }

  /** Nodes in the order in which a put asks them. */
  protected candidates(): FakeNode[] {
    return this.nodes.map((_, number) => this.nodes[(this.#target + number) % this.nodes.length]!);
  }

  /** Whether what came back is what was put. */
  protected isIntact(parcel: Parcel, sum: number): boolean {
    return parcel.sum === sum && sumOf(parcel.bytes) === sum;
  }

  protected bookOf(key: RemoteKey): Book {
    let book = this.books.get(remoteKeyName(key));
    if (book === undefined) {
      book = { key, kind: "ephemeral", sequence: 0, sum: 0, holders: new Map(), strays: new Set() };
      this.books.set(remoteKeyName(key), book);
    }
    return book;
  }

  #replace(book: Book, kind: RemoteKind, sequence: number, sum: number): void {
    this.#retire(book, sequence);
    book.kind = kind;
    book.sum = sum;
  }

  /** No node is trusted with the key any more. @returns those that may hold something */
  #retire(book: Book, sequence: number): Set<FakeNode> {
    if (sequence > book.sequence) {
      book.sequence = sequence;
      for (const node of book.holders.keys()) book.strays.add(node);
      book.holders.clear();
    }
    return new Set(book.strays);
  }

  #acknowledge(book: Book, holders: Map<FakeNode, string>): RemoteAcknowledgement {
    for (const [node, generation] of holders) {
      book.holders.set(node, generation);
      book.strays.delete(node);
    }
    return { copies: holders.size, generation: generationOf(holders) };
  }

  #forget(book: Book, node: FakeNode): void {
    book.holders.delete(node);
    book.strays.add(node);
  }

  /** Tells every node; those that answered are no strays any more. */
  async #tell(key: RemoteKey, nodes: Iterable<FakeNode>, say: (node: FakeNode) => void, books: Book[]): Promise<void> {
    const sequences = books.map((book) => book.sequence);
    const tell = async (node: FakeNode): Promise<void> => {
      await this.#ask(node, key, () => say(node));
      for (const [index, book] of books.entries()) if (book.sequence === sequences[index]) book.strays.delete(node);
    };
    const results = await Promise.allSettled([...nodes].map(tell));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /** Sends a request and waits for its answer. */
  #ask<Answer>(node: FakeNode, key: RemoteKey, handle: () => Answer): Promise<Answer> {
    return new Promise((resolve, fail) => {
      const reject = (cause: unknown) => {
        this.#pending.delete(reject);
        fail(remoteUnreachable(key, `node ${node.number} is not connected`, cause));
      };
      if (this.#closed) return reject(new Error("closed"));
      this.#pending.add(reject);
      const arrive = () => {
        if (!node.reachable) return reject(undefined);
        const answer = handle();
        if (this.#lostReplies > 0) {
          this.#lostReplies--;
          return reject(undefined);
        }
        this.network.post(() => {
          if (!node.reachable) return reject(undefined);
          this.#pending.delete(reject);
          resolve(answer);
        });
      };
      this.network.post(arrive);
      if (this.#duplicates === 0) return;
      this.#duplicates--;
      this.network.post(() => this.network.post(arrive)); // Its answer finds nobody waiting.
    });
  }

  #travelled(parcel: Parcel): Parcel {
    if (this.#corruptions === 0) return parcel;
    this.#corruptions--;
    const bytes = parcel.bytes.slice();
    bytes[bytes.length >>> 1]! ^= 0x10;
    return { bytes, sum: parcel.sum };
  }
}

function generationOf(holders: ReadonlyMap<FakeNode, string>): string {
  return [...holders.values()].sort().join("+");
}
