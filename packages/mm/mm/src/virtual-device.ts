// A device behind virtual slots: a swap store, and which of its places are taken.

import { ChunkedBytes, ChunkedWords } from "@pagetier/base";
import type { BackingStore } from "@pagetier/store";
import type { NamedSwap } from "./options.js";
import type { SwapStats } from "./stats.js";
import { AREA_SLOTS_MAX } from "./swap-slot.js";

/** Places looked at for a run that holds a whole cluster, before any free ones are taken. */
const SEARCH_MAX = 4096;

export class VirtualDevice {
  readonly name: string;
  readonly store: BackingStore;
  readonly priority: number;
  readonly io: "now" | "async";
  /** No place is given out any more. */
  draining = false;
  /** The device had no room for a page, and no place was given back since. */
  isFull = false;
  /** Slots whose record it has. */
  records = 0;
  readonly #taken = new ChunkedBytes();
  /** The slot for which a place was taken last: a hint, since slots move. */
  readonly #slots = new ChunkedWords();
  readonly #end: number;
  /** One past the highest place that was ever given out. Place 0 never is: it is the header of a swap device. */
  #top = 1;
  #cursor = 1;
  #used = 0;

  /** @param swap its store is open */
  constructor(swap: NamedSwap) {
    this.name = swap.name;
    this.store = swap.store;
    this.priority = swap.priority;
    this.io = swap.io;
    this.#end = Math.min(this.store.capacity, AREA_SLOTS_MAX);
  }

  get used(): number {
    return this.#used;
  }

  stats(): SwapStats {
    const { name, priority, io, draining } = this;
    const total = this.#end === AREA_SLOTS_MAX ? Number.POSITIVE_INFINITY : Math.max(0, this.#end - 1);
    const used = this.#used + this.records;
    const slots = { total, used, onDevice: used };
    return { name, store: this.store.type, priority, io, draining, slots };
  }

  get free(): number {
    return this.draining || this.isFull ? 0 : this.#end - 1 - this.#used;
  }

  get bytes(): number {
    return this.#taken.bytes + this.#slots.bytes;
  }

  /** Takes up to `wanted` places, side by side where that is possible. @returns how many of `into` were filled */
  take(wanted: number, into: number[]): number {
    const count = Math.min(wanted, this.free);
    const run = this.#run(count);
    for (let index = 0; index < count; index++) into.push(run >= 0 ? run + index : this.#any());
    for (let index = into.length - count; index < into.length; index++) this.#taken.set(into[index]!, 1);
    this.#used += count;
    return count;
  }

  /** Remembers for which slot a place was taken. */
  noteSlot(place: number, slot: number): void {
    this.#slots.ensure(place + 1);
    this.#slots.set(place, slot);
  }

  /** The slot for which a place was taken last, 0 of none; whether it still lies there is the caller's to see. */
  slotAt(place: number): number {
    return place < this.#slots.capacity ? this.#slots.get(place) : 0;
  }

  give(place: number): void {
    this.isFull = false;
    this.#taken.set(place, 0);
    this.#used--;
  }

  /** Where a run of free places begins, the area behind all that were ever used being one; -1 when there is none. */
  #run(count: number): number {
    const holes = this.#top - 1 - this.#used;
    let budget = holes * 4 >= this.#top || this.#top + count > this.#end ? SEARCH_MAX : 0;
    let length = 0;
    for (let place = this.#cursor; budget > 0 && place < this.#top; budget--, place++) {
      length = this.#taken.get(place) === 0 ? length + 1 : 0;
      if (length < count) continue;
      this.#cursor = place + 1;
      return place + 1 - count;
    }
    if (this.#cursor >= this.#top || budget > 0) this.#cursor = 1;
    else this.#cursor += SEARCH_MAX;
    if (this.#top + count > this.#end) return -1;
    this.#taken.ensure(this.#top + count);
    this.#top += count;
    return this.#top - count;
  }

  #any(): number {
    for (let looked = 0; looked < this.#top; looked++, this.#cursor++) {
      if (this.#cursor >= this.#top) this.#cursor = 1;
      if (this.#taken.get(this.#cursor) !== 0) continue;
      this.#taken.set(this.#cursor, 1);
      return this.#cursor++;
    }
    this.#taken.ensure(this.#top + 1);
    this.#taken.set(this.#top, 1);
    return this.#top++;
  }
}
