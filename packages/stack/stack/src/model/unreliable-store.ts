// A store that takes its time, fails as its seed says, and watches that its caller keeps the contract.
//
// A write that fails leaves anything behind: the old page, the new one, or rubbish. A read that fails has put rubbish
// into the caller's page. A call may fail for single slots or as a whole; then some of its slots were written all the same.

import { assert, type Counters, PAGE_SIZE, type Prng, type Scheduler, TierError } from "@pagetier/base";
import type { BackingStore, NowStore, SlotStatus } from "@pagetier/store";

/** How bad a store is at the moment. */
export interface StoreTemper {
  /** Operations of a thousand that fail, in part or as a whole. */
  readonly faultsPerMille: number;
  /** Longest that an operation takes, in nanoseconds. */
  readonly delayNsMax: number;
}

const NO_FAULTS: StoreTemper = { faultsPerMille: 0, delayNsMax: 0 };

export class UnreliableStore implements BackingStore {
  readonly type = "unreliable";
  readonly durable = false;
  readonly capacity: number;
  readonly now: NowStore;
  temper: StoreTemper = NO_FAULTS;
  /** Operations that failed, in part or as a whole. */
  faults = 0;
  /** Operations carried out. */
  operations = 0;
  readonly #scheduler: Scheduler;
  readonly #prng: Prng;
  readonly #pages = new Map<number, Uint8Array>();
  readonly #busy = new Set<number>();
  readonly #firstSlot: number;

  /** @param firstSlot slots before it are never used: the header of a swap device */
  constructor(scheduler: Scheduler, prng: Prng, capacity: number, firstSlot: number) {
    this.#scheduler = scheduler;
    this.#prng = prng;
    this.capacity = capacity;
    this.#firstSlot = firstSlot;
    this.now = {
      readPageNow: (slot, into) => this.#now([slot], (failed) => [this.#read(slot, into, failed)])[0],
      writePagesNow: (slots, from) =>
        this.#now(slots, (failed) => slots.map((slot, index) => this.#write(slot, from[index]!, failed))),
    };
  }

  /** What a slot holds. */
  peek(slot: number): Uint8Array {
    return this.#pages.get(slot) ?? new Uint8Array(PAGE_SIZE);
  }

  memoryBytes(): number {
    return 0;
  }

  async open(): Promise<void> {}

  readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    return this.#later(slots, (failed) => slots.map((slot, index) => this.#read(slot, into[index]!, failed)));
  }

  writePages(slots: readonly number[], from: readonly Uint8Array[]): Promise<SlotStatus[]> {
    const pages = from.map((page) => page.slice()); // Before the call returns.
    return this.#later(slots, (failed) => slots.map((slot, index) => this.#write(slot, pages[index]!, failed)));
  }

  async discard(slots: readonly number[]): Promise<void> {
    await this.#later(slots, () => {
      for (const slot of slots) this.#pages.delete(slot);
      return [];
    });
  }

  async flush(): Promise<void> {
    await this.#later([], () => []);
  }

  async close(): Promise<void> {
    assert(this.#busy.size === 0, "nothing is in flight when a stack closes its stores");
  }

  counters(): Counters {
    return { operations: this.operations, faults: this.faults };
  }

  async #later(slots: readonly number[], act: (failed: () => boolean) => SlotStatus[]): Promise<SlotStatus[]> {
    this.#begin(slots);
    try {
      const { delayNsMax } = this.temper;
      if (delayNsMax > 0) await this.#scheduler.sleep(this.#prng.below(delayNsMax));
      else await this.#scheduler.turn();
      const fails = this.#isFault();
      const rejects = fails && this.#prng.below(3) === 0;
      const statuses = act(() => fails && this.#prng.below(2) === 0);
      if (rejects) throw new TierError("STORE_IO", "a call of the unreliable store failed");
      return statuses;
    } finally {
      for (const slot of slots) this.#busy.delete(slot);
    }
  }

  #now(slots: readonly number[], act: (failed: () => boolean) => SlotStatus[]): SlotStatus[] {
    this.#begin(slots);
    const fails = this.#isFault();
    const statuses = act(() => fails && this.#prng.below(2) === 0);
    for (const slot of slots) this.#busy.delete(slot);
    return statuses;
  }

  #begin(slots: readonly number[]): void {
    this.operations++;
    for (const slot of slots) {
      assert(slot >= this.#firstSlot && slot < this.capacity, "a slot lies inside the store, behind its header");
      assert(!this.#busy.has(slot), "operations on one slot do not overlap");
      this.#busy.add(slot);
    }
  }

  #isFault(): boolean {
    const { faultsPerMille } = this.temper;
    if (faultsPerMille === 0 || this.#prng.below(1000) >= faultsPerMille) return false;
    this.faults++;
    return true;
  }

  #read(slot: number, into: Uint8Array, failed: () => boolean): SlotStatus {
    if (failed()) {
      into.fill(this.#prng.below(256));
      return new TierError("STORE_IO", `the unreliable store failed to read slot ${slot}`);
    }
    into.set(this.peek(slot));
    return undefined;
  }

  #write(slot: number, page: Uint8Array, failed: () => boolean): SlotStatus {
    if (!failed()) {
      this.#pages.set(slot, page.slice());
      return undefined;
    }
    const remains = this.#prng.below(3);
    if (remains === 1) this.#pages.set(slot, page.slice());
    else if (remains === 2) this.#pages.set(slot, new Uint8Array(PAGE_SIZE).fill(this.#prng.below(256)));
    return new TierError("STORE_IO", `the unreliable store failed to write slot ${slot}`);
  }
}
