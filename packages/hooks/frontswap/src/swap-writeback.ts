/**
 * How a backend moves a page on to the device, decompressed, past the store hook (so that it does not store its own
 * page again). MM implements it; backends receive it by {@link SWAP_WRITEBACK}.
 *
 * The order of one write-back:
 * 1. The backend chooses a victim and remembers its generation.
 * 2. `claim`: MM locks the slot and lends a page, or says why not.
 * 3. The backend looks its entry up again. Gone or another generation: `release`, done (the slot was reused: ABA).
 * 4. It decompresses into the claim's page. Failure: `release`.
 * 5. `submit`. The zpage **stays**, loadable and invalidatable, until the write is durable.
 * 6. MM calls `settled`. Only when it says `"written"` and the entry is still of the same generation does the backend
 *    free it and answer `true`; then MM trusts the device. Frames count as freed only now.
 *
 * A page may also go down as it is stored, compressed, where the area's store keeps records ({@link records}): the
 * backend puts its bytes at the start of the claim's page and calls `submitRecord`. The slot stays the backend's then: it
 * answers loads with `"remote"` and fetches by reading the record. MM drops the record when the slot is given back.
 *
 * @see Linux 6.18 mm/zswap.c, zswap_writeback_entry()
 */
export interface SwapWriteback {
  /**
   * Locks a slot for write-back and lends a page to fill. Takes a frame with the context `"writeback"`.
   *
   * @returns a claim; `"exists"` when the page is in memory or on its way there (it is hot: give up, nothing to drop);
   *   `"noMemory"` when no frame can be had or too many writes are in flight (stop for now)
   */
  claim(type: number, offset: number): SwapClaim | "exists" | "noMemory";
  /** Gives a claim back unused. */
  release(claim: SwapClaim): void;
  /**
   * Queues the filled claim for the device; several are clustered into one write. Returns at once.
   *
   * @param settled called once, later, never from within `submit`. Its answer says whether the backend dropped its copy
   *   in favour of the device's; it must be `false` unless the outcome is `"written"`.
   */
  submit(claim: SwapClaim, settled: (outcome: WritebackOutcome) => boolean): void;
  /** The records of an area; `undefined` where its store keeps none. Left out: there are none at all. */
  records?(type: number): SwapRecords | undefined;
  /**
   * As {@link submit}, for the first `length` bytes of the claim's page, which become the slot's record. Only where
   * {@link records} has one.
   *
   * @param settled as for `submit`; `true` says that the record is the slot's content now, and the backend reads it
   */
  submitRecord?(claim: SwapClaim, length: number, settled: (outcome: WritebackOutcome) => boolean): void;
  /**
   * Says that memory will become free when `work` ends, such as a page on its way to another machine: reclaim waits for it before it
   * raises the pressure, and nobody is out of memory meanwhile.
   *
   * @returns `work`, with its result
   */
  track<Result>(work: Promise<Result>): Promise<Result>;
  /** Starts what is queued, without waiting for a full cluster. Resolves when all that was submitted has settled. */
  flush(): Promise<void>;
}

/** What lies below as it was stored, one record for a slot. */
export interface SwapRecords {
  /**
   * Reads a slot's record.
   *
   * @param into `PAGE_SIZE` bytes; what lies behind the record is undefined
   * @param neighbours shown what was read beside it, if it was
   * @returns its length, 0 when there is none (any more)
   * @throws TierError STORE_IO, STORE_CORRUPT
   */
  read(offset: number, into: Uint8Array, neighbours?: SwapNeighbours): Promise<number>;
}

/** Records that came along with another. */
export interface SwapNeighbours {
  /** Most records to be shown. */
  readonly recordsMax: number;
  /** Called for each, nearest first. The bytes are lent for the call. */
  readonly visit: (offset: number, bytes: Uint8Array) => void;
}

/** `"written"`: durable as the store declares, and the slot was not freed meanwhile. `"failed"`: anything else; the zpage stays. */
export type WritebackOutcome = "written" | "failed";

/** A locked slot and the page to fill. Belongs to the backend from `claim` until `release` or `submit`. */
export interface SwapClaim {
  readonly type: number;
  readonly offset: number;
  /** `PAGE_SIZE` bytes. */
  readonly page: Uint8Array;
}

/** Where a backend finds MM's write-back. (A tsyringe token.) */
export const SWAP_WRITEBACK: unique symbol = Symbol.for("@pagetier/frontswap/SwapWriteback") as never;
