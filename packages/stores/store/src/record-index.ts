// Where the records lie: an open-addressing hash table in typed arrays.
//
// A JavaScript Map of objects takes about 150 bytes a record and gives the garbage collector as many things to walk; this
// takes 24 bytes a slot, half to three quarters of them in use. Collisions go to the next slot (linear probing); deleting
// shifts later ones back, so there are no tombstones and a search ends at the first empty slot.
//
// A record's place: the page at which its chunk begins, its byte in the chunk (18 bits), the chunk's length in pages (7
// bits), its own length (13 bits) and the checksum of its bytes.

import { assert } from "@pagetier/base";

/** Not in the table. */
export const NO_ENTRY = -1;

const EMPTY = -1;
const CAPACITY_MIN = 64;
const OFFSET_BITS = 18;
const OFFSET_MASK = 2 ** OFFSET_BITS - 1;

/** Bytes of the table for one slot: key, page, place, checksum, length. */
const SLOT_BYTES = 8 + 4 + 4 + 4 + 2;

/** Where a record lies, and how to know it again. */
export interface RecordPlace {
  /** First page of the chunk. */
  readonly chunkPage: number;
  readonly chunkPages: number;
  /** Of the record's first byte in the chunk. */
  readonly offset: number;
  readonly length: number;
  readonly checksum: number;
}

export class RecordIndex {
  #keys = new Float64Array(0);
  #pages = new Uint32Array(0);
  #places = new Uint32Array(0);
  #checksums = new Uint32Array(0);
  #lengths = new Uint16Array(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  memoryBytes(): number {
    return this.#keys.length * SLOT_BYTES;
  }

  /** The key's entry, or {@link NO_ENTRY}. Valid until the next {@link set}, {@link delete} or {@link clear}. */
  find(key: number): number {
    if (this.#size === 0) return NO_ENTRY;
    const mask = this.#keys.length - 1;
    for (let slot = hash(key) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#keys[slot]!;
      if (found === key) return slot;
      if (found === EMPTY) return NO_ENTRY;
    }
  }

  chunkPage(entry: number): number {
    return this.#pages[entry]!;
  }

  chunkPages(entry: number): number {
    return this.#places[entry]! >>> OFFSET_BITS;
  }

  offset(entry: number): number {
    return this.#places[entry]! & OFFSET_MASK;
  }

  length(entry: number): number {
    return this.#lengths[entry]!;
  }

  checksum(entry: number): number {
    return this.#checksums[entry]!;
  }

  /** Whether the entry's record is the one at that place. */
  isAt(entry: number, chunkPage: number, offset: number): boolean {
    return entry !== NO_ENTRY && this.#pages[entry] === chunkPage && this.offset(entry) === offset;
  }

  set(key: number, place: RecordPlace): void {
    let entry = this.find(key);
    if (entry === NO_ENTRY) {
      if ((this.#size + 1) * 4 > this.#keys.length * 3) this.#resize(Math.max(this.#keys.length * 2, CAPACITY_MIN));
      entry = this.#free(key);
      this.#keys[entry] = key;
      this.#size++;
    }
    this.#pages[entry] = place.chunkPage;
    this.#places[entry] = place.chunkPages * 2 ** OFFSET_BITS + place.offset;
    this.#checksums[entry] = place.checksum;
    this.#lengths[entry] = place.length;
  }

  delete(key: number): void {
    let hole = this.find(key);
    if (hole === NO_ENTRY) return;
    const mask = this.#keys.length - 1;
    this.#size--;
    for (let slot = (hole + 1) & mask; this.#keys[slot] !== EMPTY; slot = (slot + 1) & mask) {
      // One that may not lie before its own slot stays; what lies beyond the hole closes it.
      const home = hash(this.#keys[slot]!) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#move(slot, hole);
      hole = slot;
    }
    this.#keys[hole] = EMPTY;
    if (this.#keys.length > CAPACITY_MIN && this.#size * 8 < this.#keys.length) this.#resize(this.#keys.length / 2);
  }

  clear(): void {
    this.#size = 0;
    this.#allocate(0);
  }

  /** Calls `visit` for each entry; the table must not change meanwhile. */
  forEach(visit: (key: number, entry: number) => void): void {
    for (let entry = 0; entry < this.#keys.length; entry++) {
      if (this.#keys[entry] !== EMPTY) visit(this.#keys[entry]!, entry);
    }
  }

  verify(): void {
    let size = 0;
    this.forEach((key, entry) => {
      size++;
      assert(this.find(key) === entry, "each key is found where it lies");
    });
    assert(size === this.#size, "size counts the keys");
  }

  #free(key: number): number {
    const mask = this.#keys.length - 1;
    let slot = hash(key) & mask;
    while (this.#keys[slot] !== EMPTY) slot = (slot + 1) & mask;
    return slot;
  }

  #move(from: number, to: number): void {
    this.#keys[to] = this.#keys[from]!;
    this.#pages[to] = this.#pages[from]!;
    this.#places[to] = this.#places[from]!;
    this.#checksums[to] = this.#checksums[from]!;
    this.#lengths[to] = this.#lengths[from]!;
  }

  #resize(capacity: number): void {
    const keys = this.#keys;
    const pages = this.#pages;
    const places = this.#places;
    const checksums = this.#checksums;
    const lengths = this.#lengths;
    this.#allocate(capacity);
    for (let from = 0; from < keys.length; from++) {
      if (keys[from] === EMPTY) continue;
      const to = this.#free(keys[from]!);
      this.#keys[to] = keys[from]!;
      this.#pages[to] = pages[from]!;
      this.#places[to] = places[from]!;
      this.#checksums[to] = checksums[from]!;
      this.#lengths[to] = lengths[from]!;
    }
  }

  #allocate(capacity: number): void {
    this.#keys = new Float64Array(capacity).fill(EMPTY);
    this.#pages = new Uint32Array(capacity);
    this.#places = new Uint32Array(capacity);
    this.#checksums = new Uint32Array(capacity);
    this.#lengths = new Uint16Array(capacity);
  }
}

/** Spreads neighbouring keys, which slots are. */
function hash(key: number): number {
  const low = key >>> 0;
  const high = ((key - low) / 2 ** 32) >>> 0;
  let mixed = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1);
  mixed ^= mixed >>> 15;
  return mixed;
}
