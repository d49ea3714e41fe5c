import type { Clock, Counters, PluginDescriptor, Prng, Scheduler, TierError } from "@pagetier/base";

/** Version of this contract; plugins state the one they were written for. */
export const STORE_CONTRACT = 1;

/** What became of one slot of a call: `undefined` when it went well, else why not. */
export type SlotStatus = TierError | undefined;

/**
 * Where pages go when they leave memory. The only contract that is asynchronous by nature.
 *
 * Slots are 0..capacity - 1 and hold one page each. A slot that was never written, or was discarded, reads as zeroes.
 * Calls may overlap; overlapping calls on the same slot, and the same slot twice in one call, are the caller's to avoid.
 * How many writes are in flight, and so how many copies of pages the store holds, is the caller's to bound. A call never rejects for a reason that
 * belongs to single slots: those are in the statuses, and one slot's failure leaves the others as they would be. A failed
 * write leaves the slot's content undefined (old, new or torn) but readable as something or as an error.
 *
 * Codes of statuses: `STORE_IO` (the device failed), `STORE_NO_SPACE` (it is full), `STORE_CORRUPT` (what is there is not
 * what was written), `STORE_BAD_SLOT` (outside the capacity), `STORE_CLOSED`.
 */
export interface BackingStore {
  /** Name as recipes write it, e.g. `"file"`. */
  readonly type: string;
  /** Whether what was written before a completed {@link flush} survives a crash of the process or machine. */
  readonly durable: boolean;
  /** Slots in the store; `Infinity` when it grows as needed. Constant after {@link open}. */
  readonly capacity: number;
  /** Blocking calls, for stores that have them. */
  readonly now?: NowStore | undefined;
  /** Records of variable length, for stores that have them. */
  readonly records?: RecordStore | undefined;
  /** Bytes of memory that the store holds for itself: I/O buffers, tables. A filter's include those of the store beneath. */
  memoryBytes(): number;
  /**
   * Makes the store ready. Comes once, before anything else.
   *
   * @throws TierError STORE_OPEN naming the place and the remedy; nothing is left behind then
   */
  open(): Promise<void>;
  /**
   * Reads `slots[i]` into `into[i]`, each `PAGE_SIZE` bytes, which the caller leaves alone (neither changed nor shrunk
   * away) until the promise settles. On failure the bytes in `into[i]` are undefined.
   */
  readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]>;
  /**
   * Writes `from[i]` to `slots[i]`. The bytes are taken before the call returns its promise; the caller may change the pages at once.
   *
   * @param lent the caller leaves the pages alone until the promise settles, so that the store may do without a copy. One
   *   that copies all the same is right too, and so is a filter that lends nothing on
   */
  writePages(slots: readonly number[], from: readonly Uint8Array[], lent?: boolean): Promise<SlotStatus[]>;
  /**
   * The slots' contents are needed no more; they read as zeroes until they are written again. Never fails: what is no
   * slot is ignored, giving space back is best effort. A durable store may show the old contents when it is opened again.
   */
  discard(slots: readonly number[]): Promise<void>;
  /** Makes completed writes durable, where the store is. @throws TierError STORE_IO, STORE_NO_SPACE, STORE_CLOSED */
  flush(): Promise<void>;
  /** Waits for what is in flight, which ends as usual, and releases everything. Idempotent. Calls from now on give `STORE_CLOSED`. */
  close(): Promise<void>;
  /** A filter adds its own, under names that begin with its type, to those of the store beneath. */
  counters(): Counters;
}

/** Blocking reads and writes, for recipes with `io: now` and for stores where waiting costs less than a turn of the event loop. */
export interface NowStore {
  readPageNow(slot: number, into: Uint8Array): SlotStatus;
  writePagesNow(slots: readonly number[], from: readonly Uint8Array[]): SlotStatus[];
}

/** A record of a {@link RecordStore}. */
export interface Record {
  /** The caller's key, 0..2^53 - 1. */
  readonly key: number;
  /** 1..PAGE_SIZE bytes. */
  readonly bytes: Uint8Array;
}

/** Records that lie beside another and come along when it is read. */
export interface RecordNeighbours {
  /** Most records to be shown. */
  readonly recordsMax: number;
  /** Called for each, nearest first, before the read is over. The bytes are the store's: copy what is to stay. */
  readonly visit: (key: number, bytes: Uint8Array) => void;
}

/**
 * Variable-length records, packed: what compressed write-back stands on. A record is replaced by a later put of its key.
 * The store collects the garbage that replacing and deleting leave, and counts what that costs: `recordBytesWritten`
 * (asked for) against `deviceBytesWritten` in its counters.
 *
 * Keys and slots are apart: record 5 is no part of slot 5. Records take as many bytes as the store has in slots, beside
 * them. Calls on one key take effect in the order in which they were made, also when they overlap; a get that overlaps a
 * put finds the old record or the new one. Where the store is durable, a put that had completed is found after a flush;
 * a deleted record may be there again, as a discarded page may.
 */
export interface RecordStore {
  /** The bytes are taken before the call returns its promise. What one call puts lies together, in its order. */
  putRecords(records: readonly Record[]): Promise<SlotStatus[]>;
  /**
   * @param neighbours shown what the store read beside the record, if it did; it may show none
   * @returns bytes copied into `into` (1..PAGE_SIZE), or 0 when there is no such record
   * @throws TierError STORE_IO, STORE_CORRUPT, STORE_CLOSED
   */
  getRecord(key: number, into: Uint8Array, neighbours?: RecordNeighbours): Promise<number>;
  /** Unknown keys are ignored. Never fails: giving space back is best effort. */
  deleteRecords(keys: readonly number[]): Promise<void>;
  /** Deletes all records, and what an earlier life of the store left of others; for good, if no put is under way. @throws TierError STORE_IO */
  clearRecords(): Promise<void>;
}

/** What a store is made from. `next` is there for filters, whose position `next` is a store. */
export interface StoreParts {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly prng: Prng;
  /** Folder against which relative paths resolve. */
  readonly directory: string;
  readonly next?: BackingStore | undefined;
}

export type StorePlugin<Options> = PluginDescriptor<StoreParts, Options, BackingStore>;

/** Where a composition root finds the store beneath a filter. (A tsyringe token.) */
export const NEXT_STORE: unique symbol = Symbol.for("@pagetier/store/BackingStore") as never;
