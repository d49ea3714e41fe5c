// `swapSlots: virtual`: a page's name below memory is not its place on a device.
//
// One area of as many slots as slots have numbers stands before all swap devices. A page that goes into a pool takes
// such a slot and nothing else; a place on a device is taken only when something is written, for a whole cluster at a
// time, so that what is written together lies together, whatever the slots' numbers. So a pool can be larger than the devices,
// and several devices share one space of names: a place can be given up without the page noticing.
//
//   slot ──▶ word: 0 nowhere, else device (5 bits) and place (26 bits, never 0)
//
// Devices are used in order of priority, those of equal priority in turn, a cluster each. A place whose slot is written
// again is given up for one in the new cluster. The words are addressing.

import { ChunkedBytes, ChunkedWords, type Counters, TierError } from "@pagetier/base";
import type { BackingStore, NowStore, SlotStatus } from "@pagetier/store";
import type { SwapStore } from "./options.js";
import { AREA_SLOTS_MAX } from "./swap-slot.js";

/** Places looked at for a run that holds a whole cluster, before any free ones are taken. */
const SEARCH_MAX = 4096;

/** One device and which of its places are taken. */
class Device {
  readonly store: BackingStore;
  readonly priority: number;
  /** No place is given out any more. */
  draining = false;
  readonly #taken = new ChunkedBytes();
  #end = 0;
  /** One past the highest place that was ever given out. Place 0 never is: it is the header of a swap device. */
  #top = 1;
  #cursor = 1;
  #used = 0;

  constructor(swap: SwapStore) {
    this.store = swap.store;
    this.priority = swap.priority;
  }

  open(): void {
    this.#end = Math.min(this.store.capacity, AREA_SLOTS_MAX);
  }

  get used(): number {
    return this.#used;
  }

  get total(): number {
    return this.#end - 1;
  }

  get free(): number {
    return this.draining ? 0 : this.#end - 1 - this.#used;
  }

  get bytes(): number {
    return this.#taken.bytes;
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

  give(place: number): void {
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

export class VirtualSwap implements BackingStore {
  readonly type = "virtual";
  readonly durable = false;
  readonly capacity = Number.POSITIVE_INFINITY;
  readonly now: NowStore | undefined;
  readonly #devices: readonly Device[];
  readonly #words = new ChunkedWords();
  #turn = 0;
  #placesTaken = 0;
  #runs = 0;

  /** @param stores the devices; blocking calls are used where all of them ask for it and have them */
  constructor(stores: readonly SwapStore[]) {
    this.#devices = stores.map((each) => new Device(each)).sort((a, b) => b.priority - a.priority);
    if (stores.every(({ store, io }) => io === "now" && store.now !== undefined)) {
      this.now = {
        readPageNow: (slot, into) => this.#readNow(slot, into),
        writePagesNow: (slots, from) => this.#writeNow(slots, from),
      };
    }
  }

  /** Devices by name, with the places that are taken and that could be. */
  get devices(): readonly { readonly name: string; readonly used: number; readonly total: number }[] {
    return this.#devices.map(({ store, used, total }) => ({ name: store.type, used, total }));
  }

  /** Places that could still be taken. */
  get free(): number {
    return this.#devices.reduce((sum, device) => sum + device.free, 0);
  }

  /** Places that are taken. */
  get used(): number {
    return this.#devices.reduce((sum, device) => sum + device.used, 0);
  }

  addressingBytes(): number {
    return this.#devices.reduce((sum, device) => sum + device.bytes, this.#words.bytes);
  }

  memoryBytes(): number {
    return this.#devices.reduce((sum, { store }) => sum + store.memoryBytes(), 0);
  }

  async open(): Promise<void> {
    const opened: BackingStore[] = [];
    try {
      for (const device of this.#devices) {
        await device.store.open();
        opened.push(device.store);
        device.open();
      }
    } catch (error) {
      for (const store of opened) await store.close();
      throw error;
    }
  }

  async readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    const statuses = new Array<SlotStatus>(slots.length).fill(undefined);
    const reads = this.#devices.map(async (device, number) => {
      const picked = slots.flatMap((slot, index) => (deviceOf(this.#word(slot)) === number ? [index] : []));
      if (picked.length === 0) return;
      const places = picked.map((index) => placeOf(this.#word(slots[index]!)));
      const results = await device.store.readPages(
        places,
        picked.map((index) => into[index]!),
      );
      for (const [at, index] of picked.entries()) statuses[index] = results[at];
    });
    for (const [index, slot] of slots.entries()) if (this.#word(slot) === 0) into[index]!.fill(0);
    await Promise.all(reads);
    return statuses;
  }

  async writePages(slots: readonly number[], from: readonly Uint8Array[]): Promise<SlotStatus[]> {
    const statuses = new Array<SlotStatus>(slots.length).fill(undefined);
    const old = this.#assign(slots, statuses);
    const writes = this.#devices.map(async (device, number) => {
      const picked = this.#pickedFor(number, slots, statuses);
      if (picked.length === 0) return;
      const places = picked.map((index) => placeOf(this.#word(slots[index]!)));
      const pages = picked.map((index) => from[index]!);
      let results: SlotStatus[];
      try {
        results = await device.store.writePages(places, pages);
      } catch (error) {
        this.#giveUp(slots, picked);
        throw error;
      }
      for (const [at, index] of picked.entries()) statuses[index] = results[at];
      this.#giveUp(
        slots,
        picked.filter((_, at) => results[at] !== undefined),
      );
    });
    await Promise.all(writes);
    await this.#forget(old);
    return statuses;
  }

  async discard(slots: readonly number[]): Promise<void> {
    const words: number[] = [];
    for (const slot of slots) {
      const word = this.#word(slot);
      if (word === 0) continue;
      this.#words.set(slot, 0);
      words.push(word);
    }
    await this.#forget(words);
  }

  async flush(): Promise<void> {
    for (const { store } of this.#devices) await store.flush();
  }

  async close(): Promise<void> {
    for (const { store } of this.#devices) await store.close();
  }

  counters(): Counters {
    return { virtualPlacesTaken: this.#placesTaken, virtualRuns: this.#runs };
  }

  #word(slot: number): number {
    return slot < this.#words.capacity ? this.#words.get(slot) : 0;
  }

  /** Gives every slot of a cluster a new place; those for which there is none get a status. @returns the places they had */
  #assign(slots: readonly number[], statuses: SlotStatus[]): number[] {
    const old: number[] = [];
    let next = 0;
    while (next < slots.length) {
      const number = this.#choose();
      if (number < 0) break;
      const places: number[] = [];
      const count = this.#devices[number]!.take(slots.length - next, places);
      this.#runs++;
      this.#placesTaken += count;
      for (const place of places) {
        const slot = slots[next++]!;
        const word = this.#word(slot);
        if (word !== 0) old.push(word);
        this.#words.ensure(slot + 1);
        this.#words.set(slot, wordOf(number, place));
      }
    }
    for (; next < slots.length; next++) statuses[next] = this.#full(slots[next]!);
    return old;
  }

  /** The device for the next cluster: the highest priority with a free place, equal ones in turn; -1 when all are full. */
  #choose(): number {
    const first = this.#devices.findIndex(({ free }) => free > 0);
    if (first < 0) return -1;
    const { priority } = this.#devices[first]!;
    const equal = this.#devices.flatMap((device, number) =>
      device.priority === priority && device.free > 0 ? [number] : [],
    );
    return equal[this.#turn++ % equal.length]!;
  }

  #pickedFor(number: number, slots: readonly number[], statuses: readonly SlotStatus[]): number[] {
    return slots.flatMap((slot, index) =>
      statuses[index] === undefined && deviceOf(this.#word(slot)) === number ? [index] : [],
    );
  }

  /** What was not written has no place. */
  #giveUp(slots: readonly number[], indexes: readonly number[]): void {
    for (const index of indexes) {
      const word = this.#word(slots[index]!);
      this.#words.set(slots[index]!, 0);
      this.#devices[deviceOf(word)]!.give(placeOf(word));
    }
  }

  /** Has devices forget places, which are free when they have. */
  async #forget(words: readonly number[]): Promise<void> {
    await Promise.all(
      this.#devices.map(async ({ store }, number) => {
        const places = words.filter((word) => deviceOf(word) === number).map(placeOf);
        if (places.length === 0) return;
        try {
          await store.discard(places);
        } finally {
          for (const place of places) this.#devices[number]!.give(place);
        }
      }),
    );
  }

  #readNow(slot: number, into: Uint8Array): SlotStatus {
    const word = this.#word(slot);
    if (word === 0) {
      into.fill(0);
      return undefined;
    }
    return this.#devices[deviceOf(word)]!.store.now!.readPageNow(placeOf(word), into);
  }

  #writeNow(slots: readonly number[], from: readonly Uint8Array[]): SlotStatus[] {
    const statuses = new Array<SlotStatus>(slots.length).fill(undefined);
    const old = this.#assign(slots, statuses);
    for (const [number, device] of this.#devices.entries()) {
      const picked = this.#pickedFor(number, slots, statuses);
      if (picked.length === 0) continue;
      const places = picked.map((index) => placeOf(this.#word(slots[index]!)));
      const pages = picked.map((index) => from[index]!);
      const results = device.store.now!.writePagesNow(places, pages);
      for (const [at, index] of picked.entries()) statuses[index] = results[at];
      this.#giveUp(
        slots,
        picked.filter((_, at) => results[at] !== undefined),
      );
    }
    void this.#forget(old).catch(() => undefined); // Best effort: the places are free either way.
    return statuses;
  }

  #full(slot: number): TierError {
    const devices = this.devices.map(({ name, used }) => `${name} ${used} pages`).join(", ");
    return new TierError(
      "STORE_NO_SPACE",
      `no swap device has room for another page (${devices}); give a larger one, or add one.`,
      { slot },
    );
  }
}

function wordOf(device: number, place: number): number {
  return device * AREA_SLOTS_MAX + place;
}

/** The device of a word, -1 of none. */
function deviceOf(word: number): number {
  return word === 0 ? -1 : Math.floor(word / AREA_SLOTS_MAX);
}

function placeOf(word: number): number {
  return word % AREA_SLOTS_MAX;
}
