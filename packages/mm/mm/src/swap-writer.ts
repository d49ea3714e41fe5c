// Writes to swap stores, in clusters.
//
// Both ways down meet here: pages that reclaim swaps out because no backend wanted them, and zpages that a backend writes
// back. Writes are queued per area and started when a cluster is full or `flush` is called, so that neighbours reach the
// store in one call. What is queued or in flight is bounded by the callers' view of `room`.

import { assert, TierError } from "@pagetier/base";
import type { SlotStatus } from "@pagetier/store";
import { CLUSTER_PAGES } from "./options.js";
import type { SwapArea } from "./swap-area.js";

/** What to do when a queued page was written, or not. */
export type WriteSettled = (error: TierError | undefined) => void;

interface Queued {
  readonly offset: number;
  readonly page: Uint8Array;
  readonly settled: WriteSettled;
}

export class SwapWriter {
  readonly #queues: Queued[][] = [];
  readonly #inFlightMax: number;
  #inFlight = 0;
  #waiters: (() => void)[] = [];
  #pagesWritten = 0;
  #clusters = 0;
  #errors = 0;
  /** The last error of a store, for messages. */
  lastError: TierError | undefined;

  constructor(inFlightMax: number) {
    assert(inFlightMax >= CLUSTER_PAGES, "a cluster may be in flight");
    this.#inFlightMax = inFlightMax;
  }

  /** Pages queued or being written. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Pages that may be added now. */
  get room(): number {
    return Math.max(0, this.#inFlightMax - this.#inFlight);
  }

  get pagesWritten(): number {
    return this.#pagesWritten;
  }

  get clusters(): number {
    return this.#clusters;
  }

  get errors(): number {
    return this.#errors;
  }

  /**
   * Queues a page. Its bytes are taken when the cluster starts; the caller started I/O on the slot.
   *
   * @param settled called once, later, never from within this call
   */
  add(area: SwapArea, offset: number, page: Uint8Array, settled: WriteSettled): void {
    this.#queues[area.type] ??= [];
    const queue = this.#queues[area.type]!;
    queue.push({ offset, page, settled });
    this.#inFlight++;
    if (queue.length >= CLUSTER_PAGES) this.#start(area);
  }

  /** Starts what is queued. */
  start(areas: readonly SwapArea[]): void {
    for (const area of areas) if ((this.#queues[area.type]?.length ?? 0) > 0) this.#start(area);
  }

  /** Resolves when some write settles; at once when none is in flight. Queued pages must have been started. */
  async next(): Promise<void> {
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Resolves when nothing is queued or in flight. */
  async idle(areas: readonly SwapArea[]): Promise<void> {
    while (this.#inFlight > 0) {
      this.start(areas);
      await this.next();
    }
  }

  #start(area: SwapArea): void {
    const queue = this.#queues[area.type]!;
    this.#queues[area.type] = [];
    // A slot that was given back meanwhile needs no write, and its frame may be gone.
    const batch = queue.filter((queued) => area.pageOf(queued.offset) !== undefined);
    if (batch.length < queue.length) {
      const dropped = queue.filter((queued) => !batch.includes(queued));
      queueMicrotask(() => this.#drop(dropped));
    }
    if (batch.length === 0) return;
    batch.sort((a, b) => a.offset - b.offset);
    this.#clusters++;
    const slots = batch.map((queued) => queued.offset);
    const pages = batch.map((queued) => queued.page);
    void area.store.writePages(slots, pages).then(
      (statuses) => this.#settle(batch, statuses),
      (error: unknown) => {
        const failure = TierError.is(error)
          ? error
          : new TierError("STORE_IO", `writing to ${area.store.type} failed: ${String(error)}`, {}, { cause: error });
        this.#settle(
          batch,
          batch.map(() => failure),
        );
      },
    );
  }

  #drop(batch: readonly Queued[]): void {
    for (const queued of batch) {
      this.#inFlight--;
      queued.settled(undefined);
    }
    this.#wake();
  }

  #settle(batch: readonly Queued[], statuses: readonly SlotStatus[]): void {
    assert(statuses.length === batch.length, "a store answers for every slot");
    for (const [index, queued] of batch.entries()) {
      const error = statuses[index];
      if (error === undefined) this.#pagesWritten++;
      else {
        this.#errors++;
        this.lastError = error;
      }
      this.#inFlight--;
      queued.settled(error);
    }
    this.#wake();
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
