import { type Counters, type InjectedPluginDescriptor, TierError } from "@pagetier/base";

/** Version of this contract; plugins state the one they were written for. */
export const FRONTSWAP_CONTRACT = 1;

/**
 * Whether the bytes exist elsewhere.
 * - `"only"`: this is the only copy. It stays until invalidated, taken exclusively, or durably written back.
 * - `"clean"`: the device holds the same bytes (its write completed and was checked again). May be dropped at any time.
 */
export type FrontswapCopy = "only" | "clean";

/** `"refused"` leaves the backend without any copy of the key, older ones included. */
export type StoreOutcome = "stored" | "refused";

/**
 * - `"hit"`: the page is filled; the backend keeps its copy.
 * - `"hitExclusive"`: filled, and the backend's copy is gone: memory holds the only one, so MM marks the page dirty.
 * - `"miss"`: not here. The only outcome after which the device may be read.
 * - `"remote"`: here, but not in this machine's memory: call {@link Frontswap.fetch}.
 */
export type FrontswapLoad = "hit" | "hitExclusive" | "miss" | "remote";

/**
 * A backend for dirty anonymous pages on their way to swap. Keys are (type, offset): a swap area, 0..31, and a slot in
 * it, 0..2^26 - 1.
 *
 * Everything but {@link fetch} is synchronous, and bytes are copied before the call returns. A page is exactly
 * `PAGE_SIZE` bytes. MM calls for one key one at a time, except that `invalidatePage` may come while a `fetch` or a
 * write-back of the key is under way.
 *
 * @see Linux 6.1 mm/frontswap.c; Documentation/vm/frontswap.txt of 3.14
 */
export interface Frontswap {
  /** Name as recipes write it, e.g. `"zswap"`. */
  readonly type: string;
  /** An area was turned on: stores for it may follow. Comes once each time an area is turned on (`invalidateArea` is the other end), before its first store. */
  init(type: number): void;
  /**
   * Takes a page. A second store of a key replaces the first. It may be refused for any reason; the caller then writes
   * to the device. Never waits for I/O, and allocates only what reclaim may.
   */
  store(type: number, offset: number, page: Uint8Array, copy: FrontswapCopy): StoreOutcome;
  /**
   * Fills `into` with the bytes last stored.
   *
   * @throws TierError FRONTSWAP_LOST when the backend had the page and cannot produce it (corrupt, remote node dead).
   *   The device must then not be read: it holds older bytes.
   */
  load(type: number, offset: number, into: Uint8Array): FrontswapLoad;
  /**
   * As {@link load} after `"remote"`; waits for another machine. Answers `"miss"` when the key was invalidated meanwhile.
   *
   * @throws TierError FRONTSWAP_LOST
   */
  fetch(type: number, offset: number, into: Uint8Array): Promise<Exclude<FrontswapLoad, "remote">>;
  /** The device now holds the same bytes as the stored copy (write-through completed): an `"only"` copy becomes `"clean"`. Unknown key: no-op. */
  markClean(type: number, offset: number): void;
  /** Drops the key. A load afterwards misses. Unknown key: no-op. */
  invalidatePage(type: number, offset: number): void;
  /** Drops every key of the area. */
  invalidateArea(type: number): void;
  /**
   * Where MM sizes pools: sends the coldest pages down, at most so many, without waiting: clean ones go at once, others when
   * they are safe below. Left out: the backend does not let itself be sized.
   *
   * @returns pages dropped or on their way
   */
  shrink?(pages: number): number;
  /** Pages held, of all areas, wherever they lie. */
  currPages(): number;
  /** Those of them that lie on a device as records, and not in this machine's memory. Left out: none. */
  recordPages?(): number;
  /** A page of swap is about to be read from a device: the pool gave it up too early, or never had it. Left out: it is all the same. */
  noteDeviceRead?(): void;
  /** Where a key lies, for `where()`: bytes it takes in the pool, or -1 when not held in this machine's memory. Changes nothing. */
  storedBytes(type: number, offset: number): number;
  /** Frames of the budget that the backend's pools hold. */
  poolFrames(): number;
  /** Bytes of stored content: compressed and raw lengths, same-filled pages counting nothing. */
  contentBytes(): number;
  /** Tables and buffers beside the frames, as charged to the budget, in bytes. */
  metadataBytes(): number;
  /** Bytes of slot maps, which grow with the swap areas and not with what is stored: outside the budget. */
  addressingBytes(): number;
  counters(): Counters;
  /** Throws AssertionError at the first broken invariant. O(pages). */
  verify(): void;
  /** Stops background work and waits for what was submitted. Stores are refused from now on; loads go on. */
  close(): Promise<void>;
}

/** A frontswap backend is an injectable class; see the tokens of its positions. */
export type FrontswapPlugin<Options> = InjectedPluginDescriptor<Options, Frontswap>;

/** Where a composition root finds frontswap backends. (A tsyringe token.) */
export const FRONTSWAP: unique symbol = Symbol.for("@pagetier/frontswap/Frontswap") as never;

/** The error for a page that was accepted and cannot be given back. */
export function frontswapLost(backend: string, type: number, offset: number, cause?: unknown): TierError {
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  return new TierError(
    "FRONTSWAP_LOST",
    `${backend} cannot give back the page at swap area ${type}, slot ${offset}${reason}`,
    { backend, type, offset },
    { cause },
  );
}
