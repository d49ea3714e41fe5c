// The entries of zswap: what is stored where.
//
// An entry is a small number; its record is four words in one table that grows by chunks and is charged to the budget: 16
// bytes an entry, and 8 more for the list of the LRU. An index per swap area leads from slot to entry: 4 bytes per slot,
// addressing, in chunks of 4096 slots (Linux: an xarray per 64 MiB of swap).
//
// Words of a record: key (area and offset), payload (the pool's handle, or the repeated word of a same-filled page), meta
// (length, codec and flags), generation. The generation grows whenever the number is given out again, so that work which
// waited can tell an entry from its successor. Side by side, because a store or a load needs all of them at once.
//
// What was written back as a record has no entry. Its word in the index says so itself: the highest bit, whether the page
// is raw, codec and length. So a page below takes 4 bytes of addressing, as a page on the device does elsewhere.

import { type Accountant, assert, ChunkedWords } from "@pagetier/base";

const OFFSET_BITS = 26;
const OFFSET_MASK = 2 ** OFFSET_BITS - 1;
/** Where the length and the codec lie in a meta word; the flags below are tested in place. */
export const LENGTH_MASK = 0x1fff;
export const CODEC_SHIFT = 24;

/** The page is one repeated word; no zpage. */
export const SAME_FILLED = 1 << 13;
/** The device holds the same bytes: the entry may be dropped. */
export const CLEAN = 1 << 14;
/** Used since the LRU last looked: a second chance. */
export const REFERENCED = 1 << 15;
/** A write-back of the entry has been submitted. */
export const IN_FLIGHT = 1 << 16;
/** The page is stored raw. */
export const RAW = 1 << 17;
/** The two halves of a same-filled page's word differ. */
export const TWO_WORDS = 1 << 18;
/** The entry exists. */
const LIVE = 1 << 19;
/** The same bytes lie below as the slot's record. */
export const RECORD = 1 << 20;
/** Came along when another was read back, and was not used since. */
export const READ_AHEAD = 1 << 21;

/** In a word of the index: the page lies below as a record. */
const BELOW = 2 ** 31;
const BELOW_RAW = 2 ** 30;
const BELOW_CODEC_SHIFT = 13;

/** Words of a record. */
const WORDS = 4;
const KEY = 0;
const PAYLOAD = 1;
const META = 2;
const GENERATION = 3;

/** Number of an entry, 1 or more. */
export const NO_ENTRY = 0;

export class Entries {
  readonly #records: ChunkedWords;
  /** High halves of repeated words; grows only when some page needs it. */
  readonly #payloadHigh: ChunkedWords;
  readonly #index: (ChunkedWords | undefined)[] = [];
  /** Head of the list of free numbers, linked through their keys. */
  #free = NO_ENTRY;
  #next = 1;
  #live = 0;
  #below = 0;

  constructor(accountant: Accountant) {
    this.#records = new ChunkedWords(accountant);
    this.#payloadHigh = new ChunkedWords(accountant);
  }

  /** Entries that exist. */
  get live(): number {
    return this.#live;
  }

  /** Slots whose page lies below as a record, and not here. */
  get below(): number {
    return this.#below;
  }

  /** One past the highest number ever given out. */
  get end(): number {
    return this.#next;
  }

  /** Bytes charged to the budget. */
  get bytes(): number {
    return this.#records.bytes + this.#payloadHigh.bytes;
  }

  /** Bytes of the indexes: addressing. */
  get indexBytes(): number {
    let bytes = 0;
    for (const index of this.#index) bytes += index?.bytes ?? 0;
    return bytes;
  }

  find(type: number, offset: number): number {
    const index = this.#index[type];
    if (index === undefined || offset >= index.capacity) return NO_ENTRY;
    const word = index.get(offset);
    return word < BELOW ? word : NO_ENTRY;
  }

  /** Whether the slot's page lies below as a record, and not here. */
  isBelow(type: number, offset: number): boolean {
    return this.#word(type, offset) >= BELOW;
  }

  /** Of a page below: as {@link metaOf}, its length, codec and whether it is raw. */
  metaBelow(type: number, offset: number): number {
    const word = this.#word(type, offset);
    const codec = (word >>> BELOW_CODEC_SHIFT) & 0xff;
    return (word & LENGTH_MASK) | (codec << CODEC_SHIFT) | ((word & BELOW_RAW) !== 0 ? RAW : 0);
  }

  /** The slot's record is needed no more. */
  forgetBelow(type: number, offset: number): void {
    assert(this.isBelow(type, offset), "what is forgotten below lies there");
    this.#index[type]!.set(offset, NO_ENTRY);
    this.#below--;
  }

  /** Slots of an area whose pages lie below. O(slots), where there are any. */
  *belowIn(type: number): Generator<number> {
    const capacity = this.#below === 0 ? 0 : (this.#index[type]?.capacity ?? 0);
    for (let offset = 0; offset < capacity; offset++) if (this.isBelow(type, offset)) yield offset;
  }

  /** Areas that have an index. */
  get areas(): number {
    return this.#index.length;
  }

  /** Takes the memory for the first entries. `false` when the budget has none. */
  prepare(): boolean {
    return this.#records.ensure(2 * WORDS);
  }

  /** A number for a new entry, not yet in the index; {@link NO_ENTRY} when the budget has no room. */
  allocate(): number {
    let entry = this.#free;
    if (entry !== NO_ENTRY) this.#free = this.#records.get(entry * WORDS + KEY);
    else {
      if (!this.#records.ensure((this.#next + 1) * WORDS)) return NO_ENTRY;
      entry = this.#next++;
    }
    const generation = entry * WORDS + GENERATION;
    this.#records.set(generation, (this.#records.get(generation) + 1) >>> 0);
    return entry;
  }

  /** Makes room for the high half of a repeated word. `false` when the budget has none. */
  ensureHigh(entry: number): boolean {
    return this.#payloadHigh.ensure(entry + 1);
  }

  /** Gives a number back that {@link publish} was not called for. */
  abandon(entry: number): void {
    this.#records.set(entry * WORDS + KEY, this.#free);
    this.#records.set(entry * WORDS + META, 0);
    this.#free = entry;
  }

  /** Fills an entry and puts it in the index. The key must not be there. */
  publish(
    entry: number,
    type: number,
    offset: number,
    payload: number,
    length: number,
    codec: number,
    flags: number,
  ): void {
    this.#records.set(entry * WORDS + KEY, type * 2 ** OFFSET_BITS + offset);
    this.#records.set(entry * WORDS + PAYLOAD, payload);
    this.#records.set(entry * WORDS + META, length | flags | LIVE | (codec << CODEC_SHIFT));
    this.#index[type] ??= new ChunkedWords();
    const index = this.#index[type]!;
    index.ensure(offset + 1);
    const old = index.get(offset);
    assert((flags & RECORD) === 0 ? old === NO_ENTRY : old >= BELOW, "a slot has one entry");
    if (old !== NO_ENTRY) this.#below--;
    index.set(offset, entry);
    this.#live++;
  }

  /** Takes an entry out of the index and frees its number. */
  remove(entry: number): void {
    this.#index[this.typeOf(entry)]!.set(this.offsetOf(entry), NO_ENTRY);
    this.#live--;
    this.abandon(entry);
  }

  /** As {@link remove}; the page lies below from now on, in the form of `meta`. */
  moveBelow(entry: number, meta: number): void {
    const { [this.typeOf(entry)]: index } = this.#index;
    const raw = (meta & RAW) !== 0 ? BELOW_RAW : 0;
    const offset = this.offsetOf(entry);
    this.remove(entry);
    index!.set(offset, BELOW + raw + ((meta >>> CODEC_SHIFT) << BELOW_CODEC_SHIFT) + (meta & LENGTH_MASK));
    this.#below++;
  }

  isLive(entry: number): boolean {
    return (this.#records.get(entry * WORDS + META) & LIVE) !== 0;
  }

  typeOf(entry: number): number {
    return this.#records.get(entry * WORDS + KEY) >>> OFFSET_BITS;
  }

  offsetOf(entry: number): number {
    return this.#records.get(entry * WORDS + KEY) & OFFSET_MASK;
  }

  payload(entry: number): number {
    return this.#records.get(entry * WORDS + PAYLOAD);
  }

  payloadHigh(entry: number): number {
    return entry < this.#payloadHigh.capacity ? this.#payloadHigh.get(entry) : 0;
  }

  setPayloadHigh(entry: number, word: number): void {
    this.#payloadHigh.set(entry, word);
  }

  /** Length, codec and flags in one word, for those who need several of them. */
  metaOf(entry: number): number {
    return this.#records.get(entry * WORDS + META);
  }

  /** Stored bytes: 1..PAGE_SIZE, 0 for a same-filled page. */
  lengthOf(entry: number): number {
    return this.#records.get(entry * WORDS + META) & LENGTH_MASK;
  }

  generationOf(entry: number): number {
    return this.#records.get(entry * WORDS + GENERATION);
  }

  has(entry: number, flag: number): boolean {
    return (this.#records.get(entry * WORDS + META) & flag) !== 0;
  }

  set(entry: number, flag: number): void {
    this.#records.set(entry * WORDS + META, this.#records.get(entry * WORDS + META) | flag);
  }

  clear(entry: number, flag: number): void {
    this.#records.set(entry * WORDS + META, this.#records.get(entry * WORDS + META) & ~flag);
  }

  #word(type: number, offset: number): number {
    const index = this.#index[type];
    return index !== undefined && offset < index.capacity ? index.get(offset) : NO_ENTRY;
  }
}
