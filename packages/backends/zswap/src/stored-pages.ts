// What is stored: entries, their zpages in the pool, and the order in which they should leave. Everything that changes it
// goes through here, so that levels are counted in one place.
//
// With `lru: frame` a zpage begins with its key, as in Linux before 6.5: what lies in a frame is found by reading it, and
// when something is added to a frame everything in it counts as new.

import { type Handle, NO_HANDLE, TOO_LARGE, type Zpool } from "@pagetier/allocator";
import { assert, type Counters, PAGE_SIZE, type Prng, TierError } from "@pagetier/base";
import { compressorCorrupt } from "@pagetier/compressor";
import { type PageFrames, TableBudget } from "@pagetier/frames";
import { frontswapLost } from "@pagetier/frontswap";
import { ListLru, NO_OBJECT } from "@pagetier/shrinker";
import type { Codecs } from "./codecs.js";
import {
  CLEAN,
  CODEC_SHIFT,
  Entries,
  IN_FLIGHT,
  LENGTH_MASK,
  NO_ENTRY,
  RAW,
  READ_AHEAD,
  RECORD,
  REFERENCED,
  SAME_FILLED,
  TWO_WORDS,
} from "./entries.js";
import type { ZswapOptions } from "./options.js";
import { fillSame } from "./same-filled.js";

/** What became of a page that was to be inserted. */
export type Insertion = "stored" | "tooLarge" | "noFrame" | "noEntry";

/** The key in front of a zpage: area and slot, a word each. */
const HEADER_BYTES = 8;
/** Objects of a group that are looked at. */
const GROUP_OBJECTS_MAX = 256;
/** Numbers drawn for an entry to leave at random, before the oldest goes instead: where one in 64 lives, one time in 50. */
const RANDOM_TRIES = 256;

export class StoredPages {
  readonly entries: Entries;
  readonly lru: ListLru;
  readonly pool: Zpool;
  readonly codecs: Codecs;
  /** Bytes in front of each zpage. */
  readonly #headerBytes: number;
  readonly #scratch: Uint8Array;
  readonly #scratchWords: Uint32Array;
  readonly #group: Uint32Array;
  #sameFilled = 0;
  #raw = 0;
  #clean = 0;
  #compressedBytes = 0;
  #rawBytes = 0;
  #decompressFail = 0;
  /** Chooses who leaves where any may; else the oldest leaves. */
  readonly #random: Prng | undefined;

  constructor(frames: PageFrames, pool: Zpool, codecs: Codecs, lru: ZswapOptions["lru"], prng: Prng) {
    this.pool = pool;
    this.codecs = codecs;
    this.#random = lru === "random" ? prng : undefined;
    const tables = new TableBudget(frames);
    this.entries = new Entries(tables);
    this.lru = new ListLru(tables);
    // The first tables now: the first store comes when memory is short, and could not pay for them.
    if (this.entries.prepare()) this.lru.ensure(2);
    this.#headerBytes = lru === "frame" ? HEADER_BYTES : 0;
    this.#scratch = new Uint8Array(this.#headerBytes === 0 ? 0 : 2 * PAGE_SIZE);
    this.#scratchWords = new Uint32Array(this.#scratch.buffer);
    this.#group = new Uint32Array(this.#headerBytes === 0 ? 0 : GROUP_OBJECTS_MAX);
  }

  /** Entries that the device holds too. */
  get cleanPages(): number {
    return this.#clean;
  }

  /** The entry that leaves next, or {@link NO_OBJECT}. */
  get coldest(): number {
    const { oldest } = this.lru;
    if (this.#random === undefined || oldest === NO_OBJECT) return oldest;
    for (let tries = 0; tries < RANDOM_TRIES; tries++) {
      const entry = this.#random.below(this.entries.end);
      if (this.lru.has(entry)) return entry;
    }
    return oldest;
  }

  get contentBytes(): number {
    return this.#compressedBytes + this.#rawBytes;
  }

  get metadataBytes(): number {
    return this.pool.metadataBytes() + this.entries.bytes + this.lru.memoryBytes() + this.codecs.bytes;
  }

  /**
   * Keeps a page that is compressed, or raw.
   *
   * @param source begins with `length` bytes of it
   * @param flags of the entry: `RAW`, `CLEAN`, `REFERENCED`, `RECORD`, `READ_AHEAD`
   */
  insert(type: number, offset: number, source: Uint8Array, length: number, codec: number, flags: number): Insertion {
    const size = length + this.#headerBytes;
    const handle = size > PAGE_SIZE ? TOO_LARGE : this.pool.malloc(size);
    if (handle === TOO_LARGE) return "tooLarge";
    if (handle === NO_HANDLE) return "noFrame";
    const entry = this.#allocate();
    if (entry === NO_ENTRY) {
      this.pool.free(handle);
      return "noEntry";
    }
    if (this.#headerBytes === 0) this.pool.write(handle, source, 0, length);
    else this.#writeWithKey(handle, type, offset, source, length);
    this.entries.publish(entry, type, offset, handle, length, codec, flags);
    this.#count(length, codec, flags, 1);
    this.lru.add(entry); // Last: from now on write-back may find it.
    if (this.#headerBytes !== 0) this.#renewFrame(handle);
    return "stored";
  }

  /** Keeps a page of one repeated word. */
  insertSame(type: number, offset: number, low: number, high: number, flags: number): Insertion {
    const entry = this.#allocate();
    if (entry === NO_ENTRY) return "noEntry";
    if (high !== low && !this.entries.ensureHigh(entry)) {
      this.entries.abandon(entry);
      return "noEntry";
    }
    if (high !== low) this.entries.setPayloadHigh(entry, high);
    const kind = SAME_FILLED | (high === low ? 0 : TWO_WORDS);
    this.entries.publish(entry, type, offset, low, 0, 0, flags | kind);
    this.#sameFilled++;
    if ((flags & CLEAN) !== 0) this.#clean++;
    return "stored";
  }

  /** Keeps a copy of what lies below. @returns whether there was room */
  adopt(type: number, offset: number, source: Uint8Array, codec: number, flags: number): boolean {
    if (this.insert(type, offset, source, source.length, codec, flags) !== "stored") return false;
    if ((flags & RAW) === 0) this.codecs.use(codec, -1); // As a page below it was counted already.
    return true;
  }

  /** Removes an entry and its zpage; a record of it stays the slot's page where `keepsRecord`. */
  drop(entry: number, keepsRecord = false): void {
    const meta = this.entries.metaOf(entry);
    this.#removeZpage(entry, meta);
    if (keepsRecord && (meta & RECORD) !== 0) {
      if ((meta & RAW) === 0) this.codecs.use(meta >>> CODEC_SHIFT, 1);
      this.entries.moveBelow(entry, meta);
    } else this.entries.remove(entry);
  }

  /** Removes an entry's zpage: its page lies below now. @param meta length, codec and whether raw, as written there */
  sink(entry: number, meta: number): void {
    this.#removeZpage(entry, this.entries.metaOf(entry));
    if ((meta & RAW) === 0) this.codecs.use(meta >>> CODEC_SHIFT, 1);
    this.entries.moveBelow(entry, meta);
  }

  /** Forgets a page below. */
  forgetBelow(type: number, offset: number): void {
    const meta = this.entries.metaBelow(type, offset);
    if ((meta & RAW) === 0) this.codecs.use(meta >>> CODEC_SHIFT, -1);
    this.entries.forgetBelow(type, offset);
  }

  markClean(entry: number): void {
    if (this.entries.has(entry, CLEAN)) return;
    this.entries.set(entry, CLEAN);
    this.#clean++;
  }

  /** Copies an entry's page out. @throws TierError FRONTSWAP_LOST */
  fill(entry: number, into: Uint8Array): void {
    const meta = this.entries.metaOf(entry);
    if ((meta & SAME_FILLED) !== 0) {
      const low = this.entries.payload(entry);
      const high = (meta & TWO_WORDS) !== 0 ? this.entries.payloadHigh(entry) : low;
      fillSame(low, high, into, this.codecs.inputWords, this.codecs.inputPage);
      return;
    }
    if ((meta & RAW) !== 0) {
      this.copyZpage(entry, into);
      return;
    }
    const compressor = this.codecs.at(meta >>> CODEC_SHIFT);
    const start = this.pool.readAround(this.entries.payload(entry) as Handle, compressor.input) + this.#headerBytes;
    try {
      const length = meta & LENGTH_MASK;
      const restored = compressor.decompress(start, length);
      if (restored !== PAGE_SIZE) throw compressorCorrupt(compressor.type, `they give ${restored} bytes`, length);
    } catch (error) {
      throw this.#lost(this.entries.typeOf(entry), this.entries.offsetOf(entry), error);
    }
    into.set(compressor.output);
  }

  /** Restores a page from the bytes of its record, which `into` begins with. @throws TierError FRONTSWAP_LOST */
  restore(type: number, offset: number, meta: number, length: number, into: Uint8Array): void {
    try {
      if (length !== (meta & LENGTH_MASK)) {
        throw new TierError(
          "STORE_CORRUPT",
          `its record has ${length} bytes, not the ${meta & LENGTH_MASK} that were written.`,
        );
      }
      if ((meta & RAW) !== 0) return;
      const compressor = this.codecs.at(meta >>> CODEC_SHIFT);
      compressor.input.set(into);
      const restored = compressor.decompress(0, length);
      if (restored !== PAGE_SIZE) throw compressorCorrupt(compressor.type, `they give ${restored} bytes`, length);
      into.set(compressor.output);
    } catch (error) {
      throw this.#lost(type, offset, error);
    }
  }

  /** Copies an entry's zpage to the beginning of `into`. */
  copyZpage(entry: number, into: Uint8Array): void {
    const handle = this.entries.payload(entry) as Handle;
    if (this.#headerBytes === 0) {
      this.pool.read(handle, into, 0);
      return;
    }
    const size = this.pool.read(handle, this.#scratch, 0);
    into.set(this.#scratch.subarray(this.#headerBytes, size));
  }

  /** Entries that lie in the same frame as this one, itself included. Without `lru: frame` it is alone. */
  frameOf(entry: number): number[] {
    if (this.#headerBytes === 0) return [entry];
    const members: number[] = [];
    this.#eachInFrame(this.entries.payload(entry) as Handle, (member) => members.push(member));
    return members;
  }

  counters(): Counters {
    return {
      storedPages: this.entries.live,
      sameFilledPages: this.#sameFilled,
      incompressiblePages: this.#raw,
      cleanPages: this.#clean,
      recordPages: this.entries.below,
      compressedBytes: this.#compressedBytes,
      rawBytes: this.#rawBytes,
      poolPages: this.pool.totalFrames(),
      decompressFail: this.#decompressFail,
    };
  }

  verify(): void {
    this.pool.verify();
    this.lru.verify();
    const used = new Map<number, number>();
    const use = (meta: number): void => {
      if ((meta & (RAW | SAME_FILLED)) === 0) used.set(meta >>> CODEC_SHIFT, (used.get(meta >>> CODEC_SHIFT) ?? 0) + 1);
    };
    const count = { live: 0, sameFilled: 0, raw: 0, clean: 0, compressedBytes: 0, rawBytes: 0, below: 0 };
    for (let entry = 1; entry < this.entries.end; entry++) {
      if (!this.entries.isLive(entry)) continue;
      const meta = this.entries.metaOf(entry);
      count.live++;
      assert(
        this.entries.find(this.entries.typeOf(entry), this.entries.offsetOf(entry)) === entry,
        "the index leads to each entry",
      );
      use(meta);
      if ((meta & CLEAN) !== 0) count.clean++;
      assert((meta & RECORD) === 0 || (meta & CLEAN) !== 0, "a page with a record below is clean");
      if ((meta & SAME_FILLED) !== 0) {
        count.sameFilled++;
        continue;
      }
      const length = meta & LENGTH_MASK;
      const size = this.pool.sizeOf(this.entries.payload(entry) as Handle);
      assert(size === length + this.#headerBytes, "the pool holds what the entry says");
      if ((meta & RAW) !== 0) {
        count.raw++;
        count.rawBytes += length;
      } else count.compressedBytes += length;
    }
    for (let type = 0; type < this.entries.areas; type++) {
      for (const offset of this.entries.belowIn(type)) {
        count.below++;
        use(this.entries.metaBelow(type, offset));
      }
    }
    assert(count.live === this.entries.live, "storedPages counts the entries");
    assert(count.live - count.sameFilled === this.lru.size, "every entry with a zpage is on the LRU");
    assert(count.sameFilled === this.#sameFilled, "sameFilledPages counts them");
    assert(count.raw === this.#raw, "incompressiblePages counts them");
    assert(count.clean === this.#clean, "cleanPages counts them");
    assert(count.below === this.entries.below, "recordPages counts what lies below");
    assert(count.compressedBytes === this.#compressedBytes, "compressedBytes sums the compressed lengths");
    assert(count.rawBytes === this.#rawBytes, "rawBytes sums the raw lengths");
    this.codecs.verify(used);
  }

  #allocate(): number {
    const entry = this.entries.allocate();
    if (entry === NO_ENTRY || this.lru.ensure(entry + 1)) return entry;
    this.entries.abandon(entry);
    return NO_ENTRY;
  }

  #removeZpage(entry: number, meta: number): void {
    if ((meta & SAME_FILLED) !== 0) {
      this.#sameFilled--;
      if ((meta & CLEAN) !== 0) this.#clean--;
      return;
    }
    this.#count(meta & LENGTH_MASK, meta >>> CODEC_SHIFT, meta, -1);
    this.lru.delete(entry);
    this.pool.free(this.entries.payload(entry) as Handle);
  }

  #count(length: number, codec: number, flags: number, pages: 1 | -1): void {
    if ((flags & RAW) !== 0) {
      this.#raw += pages;
      this.#rawBytes += pages * length;
    } else {
      this.#compressedBytes += pages * length;
      this.codecs.use(codec, pages);
    }
    if ((flags & CLEAN) !== 0) this.#clean += pages;
  }

  #writeWithKey(handle: Handle, type: number, offset: number, source: Uint8Array, length: number): void {
    this.#scratchWords[0] = type;
    this.#scratchWords[1] = offset;
    this.#scratch.set(source.subarray(0, length), this.#headerBytes);
    this.pool.write(handle, this.#scratch, 0, length + this.#headerBytes);
  }

  #renewFrame(handle: Handle): void {
    this.#eachInFrame(handle, (member) => this.lru.moveToNewest(member));
  }

  #eachInFrame(handle: Handle, visit: (entry: number) => void): void {
    const objects = this.pool.groupHandles(this.pool.groupOf(handle), this.#group);
    for (let index = 0; index < Math.min(objects, this.#group.length); index++) {
      const member = this.#group[index] as Handle;
      this.pool.read(member, this.#scratch, 0);
      const entry = this.entries.find(this.#scratchWords[0]!, this.#scratchWords[1]!);
      assert(entry !== NO_ENTRY && this.entries.payload(entry) === member, "a zpage's key leads to its entry");
      visit(entry);
    }
  }

  #lost(type: number, offset: number, cause: unknown): TierError {
    this.#decompressFail++;
    return frontswapLost("zswap", type, offset, cause);
  }
}

assert((RAW & (CLEAN | REFERENCED | RECORD | READ_AHEAD | IN_FLIGHT)) === 0, "flags are apart");
