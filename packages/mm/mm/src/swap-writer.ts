// Writes to swap stores, in clusters.
//
// Both ways down meet here: pages that reclaim swaps out because no backend wanted them, and zpages that a backend writes
// back. Writes are queued per area and started when a cluster is full or `flush` is called, so that neighbours reach the
// store in one call. What is queued or in flight is bounded by the callers' view of `room`.

import { assert, TierError } from "@pagetier/base";
import type { SlotStatus } from "@pagetier/store";
import type { InFlight } from "./in-flight.js";
import { CLUSTER_PAGES } from "./options.js";
import type { SwapArea } from "./swap-area.js";

/** What to do when a queued page was written, or not. */
export type WriteSettled = (error: TierError | undefined) => void;

/** What is particular about a page that is queued. */
export interface WriteKind {
  /** Bytes of the page that become a record; left out where the page itself is written. */
  readonly length?: number;
  /** Nobody touches the page until its write has settled, so that the store needs no copy. */
  readonly lent?: boolean;
}

interface Queued extends WriteKind {
  readonly offset: number;
  readonly page: Uint8Array;
  readonly settled: WriteSettled;
}

export class SwapWriter {
  readonly #queues: Queued[][] = [];
  readonly #inFlightMax: number;
  readonly #io: InFlight;
  /** Clusters that have started and not settled. */
  readonly #running = new Set<Promise<void>>();
  #inFlight = 0;
  #pagesWritten = 0;
  #recordsWritten = 0;
  #recordBytesWritten = 0;
  #clusters = 0;
  #errors = 0;
  #lastError: TierError | undefined;

  constructor(inFlightMax: number, io: InFlight) {
    assert(inFlightMax >= CLUSTER_PAGES, "a cluster may be in flight");
    this.#inFlightMax = inFlightMax;
    this.#io = io;
  }

  /** Pages queued or being written. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Pages that may be added now. */
  get room(): number {
    return Math.max(0, this.#inFlightMax - this.#inFlight);
  }

  /** Counts pages that others write, or no longer write, against the same bound. */
  hold(pages: number): void {
    this.#inFlight += pages;
  }

  get pagesWritten(): number {
    return this.#pagesWritten;
  }

  get recordsWritten(): number {
    return this.#recordsWritten;
  }

  get recordBytesWritten(): number {
    return this.#recordBytesWritten;
  }

  get clusters(): number {
    return this.#clusters;
  }

  get errors(): number {
    return this.#errors;
  }

  /** Why the last write failed, if it did. */
  get lastError(): TierError | undefined {
    return this.#lastError;
  }

  /**
   * Queues a page. Its bytes are taken when the cluster starts; the caller started I/O on the slot.
   *
   * @param settled called once, later, never from within this call
   */
  add(area: SwapArea, offset: number, page: Uint8Array, settled: WriteSettled, kind: WriteKind = {}): void {
    this.#queues[area.type] ??= [];
    const queue = this.#queues[area.type]!;
    queue.push({ ...kind, offset, page, settled });
    this.#inFlight++;
    this.#io.begin();
    if (queue.length >= CLUSTER_PAGES) this.#start(area);
  }

  /** Starts what is queued. */
  start(areas: readonly SwapArea[]): void {
    for (const area of areas) if ((this.#queues[area.type]?.length ?? 0) > 0) this.#start(area);
  }

  /** Writes one page at once, blocking, to an area whose store can. @returns whether it was written */
  writeNow(area: SwapArea, offset: number, page: Uint8Array): boolean {
    assert(area.now !== undefined, "a page is written at once where the store can");
    this.#clusters++;
    const status = area.now.writePagesNow([offset], [page])[0];
    this.#lastError = status;
    this.#count(status);
    if (status?.code === "STORE_NO_SPACE") area.markFull();
    return status === undefined;
  }

  /** Resolves when all that is queued or in flight now has settled; what is added meanwhile does not prolong it. */
  async flush(areas: readonly SwapArea[]): Promise<void> {
    this.start(areas);
    await Promise.all(this.#running);
  }

  #start(area: SwapArea): void {
    const queue = this.#queues[area.type]!;
    this.#queues[area.type] = [];
    const cluster = this.#write(area, queue).finally(() => this.#running.delete(cluster));
    this.#running.add(cluster);
  }

  async #write(area: SwapArea, queue: readonly Queued[]): Promise<void> {
    // A slot that was given back meanwhile needs no write, and its frame may be gone.
    const isWanted = (queued: Queued): boolean => area.pageOf(queued.offset) !== undefined;
    const dropped = queue.filter((queued) => !isWanted(queued));
    const batch = queue.filter(isWanted).sort((a, b) => a.offset - b.offset);
    const pages = batch.filter(({ length }) => length === undefined);
    const records = batch.filter(({ length }) => length !== undefined);
    const written = [this.#writeBatch(area, pages), this.#writeBatch(area, records)] as const;
    await undefined; // Nothing settles from within `add`.
    for (const [index, part] of [pages, records].entries()) {
      const statuses = await written[index]!;
      this.#inFlight -= part.length;
      for (const [at, queued] of part.entries()) {
        const status = statuses[at];
        this.#count(status, queued.length);
        if (status?.code === "STORE_NO_SPACE" && queued.length === undefined) area.markFull();
        queued.settled(status);
      }
    }
    this.#inFlight -= dropped.length;
    for (const queued of dropped) queued.settled(undefined);
    this.#io.end(queue.length);
  }

  /** Writes pages, or records, in one call of the store. */
  async #writeBatch(area: SwapArea, batch: readonly Queued[]): Promise<readonly SlotStatus[]> {
    if (batch.length === 0) return [];
    const { store } = area;
    this.#clusters++;
    let statuses: readonly SlotStatus[];
    try {
      if (batch[0]!.length === undefined) {
        statuses = await store.writePages(
          batch.map(({ offset }) => offset),
          batch.map(({ page }) => page),
          batch.every(({ lent }) => lent === true),
        );
      } else {
        assert(store.records !== undefined, "records are written where the store keeps them");
        statuses = await store.records.putRecords(
          batch.map(({ offset, page, length }) => ({ key: offset, bytes: page.subarray(0, length) })),
        );
      }
    } catch (error) {
      const failure = storeFailure(store.type, "writing to", error);
      statuses = batch.map(() => failure);
    }
    this.#lastError = statuses.find((status) => status !== undefined);
    assert(statuses.length === batch.length, "a store answers for every slot");
    return statuses;
  }

  #count(status: SlotStatus, length?: number): void {
    if (status !== undefined) this.#errors++;
    else if (length === undefined) this.#pagesWritten++;
    else {
      this.#recordsWritten++;
      this.#recordBytesWritten += length;
    }
  }
}

/** What a store's rejected call means: the contract has it answer by slot, but a failure is a failure. */
export function storeFailure(type: string, action: string, error: unknown): TierError {
  if (TierError.is(error)) return error;
  return new TierError("STORE_IO", `${action} store ${type} failed: ${String(error)}`, { type }, { cause: error });
}
