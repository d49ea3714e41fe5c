// The pages that a program used last, and that are taken to be always in memory: a list by recency, bounded. What hits
// it is not part of a workload; what enters and leaves it is.

import { assert } from "@pagetier/base";

const NONE = 0;

/** Entries are numbered 1..capacity; 0 is none. */
export class PageFilter {
  readonly capacity: number;
  readonly #entryOf = new Map<number, number>();
  readonly #pageOf: Float64Array;
  // The list, most recent first; entry 0 is its head and its end.
  readonly #newer: Uint32Array;
  readonly #older: Uint32Array;
  /** Bytes that stores wrote since the page entered: from the first to behind the last; 0 and 0: none. */
  readonly #from: Uint16Array;
  readonly #to: Uint16Array;
  readonly #free: number[] = [];

  /** @param capacity pages, 1 or more */
  constructor(capacity: number) {
    assert(Number.isInteger(capacity) && capacity >= 1, "the filter holds a page");
    this.capacity = capacity;
    this.#pageOf = new Float64Array(capacity + 1);
    this.#newer = new Uint32Array(capacity + 1);
    this.#older = new Uint32Array(capacity + 1);
    this.#from = new Uint16Array(capacity + 1);
    this.#to = new Uint16Array(capacity + 1);
    for (let entry = capacity; entry >= 1; entry--) this.#free.push(entry);
  }

  get size(): number {
    return this.#entryOf.size;
  }

  /** The entry of a page, which becomes the most recent; {@link NONE} (0) when it is not in. */
  use(page: number): number {
    const entry = this.#entryOf.get(page) ?? NONE;
    if (entry !== NONE && this.#older[0] !== entry) {
      this.#unlink(entry);
      this.#link(entry);
    }
    return entry;
  }

  /** Takes a page in, as the most recent. There is room: see {@link oldest}. @returns its entry */
  add(page: number): number {
    const entry = this.#free.pop();
    assert(entry !== undefined && !this.#entryOf.has(page), "there is room for a page that is not in");
    this.#entryOf.set(page, entry);
    this.#pageOf[entry] = page;
    this.#from[entry] = this.#to[entry] = 0;
    this.#link(entry);
    return entry;
  }

  get isFull(): boolean {
    return this.#free.length === 0;
  }

  /** The entry that was used longest ago. */
  get oldest(): number {
    return this.#newer[0]!;
  }

  pageOf(entry: number): number {
    return this.#pageOf[entry]!;
  }

  /** Bytes from..to - 1 of the page were stored to. */
  store(entry: number, from: number, to: number): void {
    if (this.#to[entry] === 0) {
      this.#from[entry] = from;
      this.#to[entry] = to;
      return;
    }
    if (from < this.#from[entry]!) this.#from[entry] = from;
    if (to > this.#to[entry]!) this.#to[entry] = to;
  }

  /** First byte that was stored to, and the byte behind the last; 0 and 0: none. */
  storedFrom(entry: number): number {
    return this.#from[entry]!;
  }

  storedTo(entry: number): number {
    return this.#to[entry]!;
  }

  /** Lets go of a page, if it is in. */
  remove(page: number): void {
    const entry = this.#entryOf.get(page);
    if (entry === undefined) return;
    this.#entryOf.delete(page);
    this.#unlink(entry);
    this.#free.push(entry);
  }

  #link(entry: number): void {
    const next = this.#older[0]!;
    this.#older[entry] = next;
    this.#newer[entry] = 0;
    this.#newer[next] = entry;
    this.#older[0] = entry;
  }

  #unlink(entry: number): void {
    const newer = this.#newer[entry]!;
    const older = this.#older[entry]!;
    this.#older[newer] = older;
    this.#newer[older] = newer;
  }
}
