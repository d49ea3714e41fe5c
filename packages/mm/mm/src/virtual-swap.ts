// `swapSlots: virtual`: a page's name below memory is not its place on a device.
//
// One area of as many slots as slots have numbers stands before all swap devices. A page that goes into a pool takes
// such a slot and nothing else; a place on a device is taken only when something is written, for a whole cluster at a
// time, so that what is written together lies together, whatever the slots' numbers. So a pool can be larger than the devices,
// and several devices share one space of names: what lies on one can move to another without the page noticing. Without any device it is what
// a pool stands on that has nothing below it.
//
//   slot ──▶ word: 0 nowhere, else device (5 bits) and place (26 bits, never 0)
//
// Devices are used in order of priority, those of equal priority in turn, a cluster each. A place whose slot is written
// again is given up for one in the new cluster. The words are addressing.

import { assert, ChunkedWords, type Counters, TierError } from "@pagetier/base";
import type { BackingStore, NowStore, RecordStore, SlotStatus } from "@pagetier/store";
import type { NamedSwap } from "./options.js";
import type { SwapStats } from "./stats.js";
import { AREA_SLOTS_MAX, AREAS_MAX } from "./swap-slot.js";
import { storeFailure } from "./swap-writer.js";
import { VirtualDevice } from "./virtual-device.js";
import { VirtualRecords } from "./virtual-records.js";

export class VirtualSwap implements BackingStore {
  readonly type = "virtual";
  readonly durable = false;
  readonly capacity = Number.POSITIVE_INFINITY;
  /** By the numbers that words hold. */
  readonly #devices = new Array<VirtualDevice | undefined>(AREAS_MAX).fill(undefined);
  /** Numbers of the devices that are on, in the order in which they were turned on, and by priority. */
  #inOrder: number[] = [];
  #byPriority: number[] = [];
  readonly #words = new ChunkedWords();
  readonly #blocking: NowStore = {
    readPageNow: (slot, into) => this.#readNow(slot, into),
    writePagesNow: (slots, from) => this.#writeNow(slots, from),
  };
  #turn = 0;
  #placesTaken = 0;
  #runs = 0;
  #movedPages = 0;
  /** Blocking calls, where all devices ask for them and have them. */
  now: NowStore | undefined;
  readonly #records = new VirtualRecords((number) => this.#devices[number]);

  /** Records, where a device keeps them. */
  get records(): RecordStore | undefined {
    return this.#records.exists ? this.#records : undefined;
  }

  /** Adds a device whose store is open; `undefined` when there are as many as can be told apart. */
  add(swap: NamedSwap): VirtualDevice | undefined {
    const number = this.#devices.indexOf(undefined);
    if (number < 0) return undefined;
    const device = new VirtualDevice(swap);
    this.#devices[number] = device;
    this.#arrange([...this.#inOrder, number]);
    return device;
  }

  /** Removes a device on which nothing lies. */
  remove(device: VirtualDevice): void {
    assert(device.used === 0 && device.records === 0, "a device that is removed is empty");
    const number = this.#devices.indexOf(device);
    this.#devices[number] = undefined;
    this.#arrange(this.#inOrder.filter((each) => each !== number));
  }

  /** The device of that name. */
  device(name: string): VirtualDevice | undefined {
    return this.#devices.find((device) => device?.name === name);
  }

  swaps(): SwapStats[] {
    return this.#inOrder.map((number) => this.#devices[number]!.stats());
  }

  /** The device that holds a slot's content, as a page or as a record. */
  deviceOf(slot: number): VirtualDevice | undefined {
    const word = this.#word(slot);
    return word === 0 ? this.#records.deviceOf(slot) : this.#devices[deviceOf(word)];
  }

  /** Where a slot's content lies: a number that grows with the place on each device. */
  placeOf(slot: number): number {
    return this.#word(slot);
  }

  /** Slots whose content lies in the aligned window of so many places in which a slot's does, in the device's order; itself among them. */
  around(slot: number, window: number): number[] {
    const word = this.#word(slot);
    if (word === 0) return [slot];
    const number = deviceOf(word);
    const device = this.#devices[number]!;
    const start = placeOf(word) - (placeOf(word) % window);
    const slots: number[] = [];
    for (let place = Math.max(1, start); place < start + window; place++) {
      const other = device.slotAt(place);
      if (other !== 0 && this.#word(other) === wordOf(number, place)) slots.push(other);
    }
    return slots;
  }

  /** Places that could still be taken. */
  get free(): number {
    let free = 0;
    for (const number of this.#inOrder) free += this.#devices[number]!.free;
    return free;
  }

  /** Places that are taken on devices that give out more. */
  get used(): number {
    let used = 0;
    for (const number of this.#inOrder) if (!this.#devices[number]!.draining) used += this.#devices[number]!.used;
    return used;
  }

  addressingBytes(): number {
    const records = this.#records.bytes;
    return this.#inOrder.reduce((sum, number) => sum + this.#devices[number]!.bytes, this.#words.bytes + records);
  }

  memoryBytes(): number {
    return this.#inOrder.reduce((sum, number) => sum + this.#devices[number]!.store.memoryBytes(), 0);
  }

  /** Devices come and go; each is opened before it comes. */
  async open(): Promise<void> {}

  async readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    const statuses = new Array<SlotStatus>(slots.length).fill(undefined);
    for (const [index, slot] of slots.entries()) if (this.#word(slot) === 0) into[index]!.fill(0);
    const words = slots.map((slot) => this.#word(slot));
    await this.#onDevices(words, async ({ store }, picked) => {
      const places = picked.map((index) => placeOf(words[index]!));
      const pages = picked.map((index) => into[index]!);
      const results = await settled(store, "reading from", places.length, store.readPages(places, pages));
      for (const [at, index] of picked.entries()) statuses[index] = results[at];
    });
    return statuses;
  }

  async writePages(slots: readonly number[], from: readonly Uint8Array[], lent?: boolean): Promise<SlotStatus[]> {
    const statuses = new Array<SlotStatus>(slots.length).fill(undefined);
    const old = this.#assign(slots, statuses);
    const words = slots.map((slot, index) => (statuses[index] === undefined ? this.#word(slot) : 0));
    await this.#onDevices(words, async ({ store }, picked) => {
      const places = picked.map((index) => placeOf(words[index]!));
      const pages = picked.map((index) => from[index]!);
      const results = await settled(store, "writing to", places.length, store.writePages(places, pages, lent));
      for (const [at, index] of picked.entries()) statuses[index] = results[at];
      this.#giveUp(
        slots,
        picked.filter((_, at) => results[at] !== undefined),
        statuses,
      );
    });
    await this.#forget(old).catch(() => undefined); // Best effort: the places are free either way.
    return statuses;
  }

  /**
   * Moves slots to places on devices that give out places. The caller keeps everyone else off the slots meanwhile.
   *
   * @param pages a page for each slot to move it through
   * @returns one status per slot; a slot that was not moved is where it was
   */
  async movePages(slots: readonly number[], pages: readonly Uint8Array[]): Promise<SlotStatus[]> {
    const statuses = await this.readPages(slots, pages);
    const words = this.#newPlaces(slots, statuses);
    await this.#onDevices(words, async ({ store }, picked, number) => {
      const places = picked.map((index) => placeOf(words[index]!));
      const sources = picked.map((index) => pages[index]!);
      const results = await settled(store, "writing to", places.length, store.writePages(places, sources, true));
      for (const [at, index] of picked.entries()) {
        statuses[index] = results[at];
        if (results[at] !== undefined) this.#devices[number]!.give(places[at]!);
      }
    });
    const old: number[] = [];
    for (const [index, slot] of slots.entries()) {
      if (statuses[index] !== undefined) continue;
      old.push(this.#word(slot));
      this.#lay(slot, words[index]!);
      this.#movedPages++;
    }
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
    for (const number of this.#inOrder) await this.#devices[number]!.store.flush();
  }

  async close(): Promise<void> {
    for (const number of this.#inOrder) await this.#devices[number]!.store.close();
  }

  counters(): Counters {
    return { virtualPlacesTaken: this.#placesTaken, virtualRuns: this.#runs, virtualPagesMoved: this.#movedPages };
  }

  #arrange(inOrder: number[]): void {
    this.#inOrder = inOrder;
    const on = inOrder.map((number) => this.#devices[number]!);
    this.#byPriority = [...inOrder].sort((a, b) => this.#devices[b]!.priority - this.#devices[a]!.priority);
    const blocking = on.length > 0 && on.every(({ io, store }) => io === "now" && store.now !== undefined);
    this.now = blocking ? this.#blocking : undefined;
    this.#records.arrange(this.#byPriority);
  }

  #lay(slot: number, word: number): void {
    this.#words.set(slot, word);
    this.#devices[deviceOf(word)]!.noteSlot(placeOf(word), slot);
  }

  #word(slot: number): number {
    return slot < this.#words.capacity ? this.#words.get(slot) : 0;
  }

  /** Calls `work` for every device that holds some of `words`, with the indexes of those. */
  async #onDevices(
    words: readonly number[],
    work: (device: VirtualDevice, picked: number[], number: number) => Promise<void>,
  ): Promise<void> {
    await Promise.all(
      this.#inOrder.map(async (number) => {
        const picked = words.flatMap((word, index) => (deviceOf(word) === number ? [index] : []));
        if (picked.length > 0) await work(this.#devices[number]!, picked, number);
      }),
    );
  }

  /** Gives every slot of a cluster a new place; those for which there is none get a status. @returns the places they had */
  #assign(slots: readonly number[], statuses: SlotStatus[]): number[] {
    const old: number[] = [];
    for (const [index, word] of this.#newPlaces(slots, statuses).entries()) {
      if (word === 0) continue;
      const slot = slots[index]!;
      const before = this.#word(slot);
      if (before !== 0) old.push(before);
      this.#words.ensure(slot + 1);
      this.#lay(slot, word);
    }
    return old;
  }

  /** Takes a place for every slot without a status; a slot for which there is none gets one. @returns words, 0 of such */
  #newPlaces(slots: readonly number[], statuses: SlotStatus[]): number[] {
    const words = new Array<number>(slots.length).fill(0);
    const wanted = [...slots.keys()].filter((index) => statuses[index] === undefined);
    let next = 0;
    while (next < wanted.length) {
      const number = this.#choose();
      if (number < 0) break;
      const places: number[] = [];
      const count = this.#devices[number]!.take(wanted.length - next, places);
      this.#runs++;
      this.#placesTaken += count;
      for (const place of places) words[wanted[next++]!] = wordOf(number, place);
    }
    for (; next < wanted.length; next++) statuses[wanted[next]!] = this.#full(slots[wanted[next]!]!);
    return words;
  }

  /** The device for the next cluster: the highest priority with a free place, equal ones in turn; -1 when all are full. */
  #choose(): number {
    const free = this.#byPriority.filter((number) => this.#devices[number]!.free > 0);
    if (free.length === 0) return -1;
    const { priority } = this.#devices[free[0]!]!;
    const equal = free.filter((number) => this.#devices[number]!.priority === priority);
    return equal[this.#turn++ % equal.length]!;
  }

  /** What was not written has no place. A device that has no room gives out none for a while. */
  #giveUp(slots: readonly number[], indexes: readonly number[], statuses: readonly SlotStatus[] = []): void {
    for (const index of indexes) {
      const word = this.#word(slots[index]!);
      this.#words.set(slots[index]!, 0);
      const device = this.#devices[deviceOf(word)]!;
      device.give(placeOf(word));
      if (statuses[index]?.code === "STORE_NO_SPACE") device.isFull = true;
    }
  }

  /** Has devices forget places, which are free when they have. */
  async #forget(words: readonly number[]): Promise<void> {
    await this.#onDevices(words, async ({ store }, picked, number) => {
      const places = picked.map((index) => placeOf(words[index]!));
      try {
        await store.discard(places);
      } finally {
        for (const place of places) this.#devices[number]!.give(place);
      }
    });
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
    for (const number of this.#inOrder) {
      const picked = slots.flatMap((slot, index) =>
        statuses[index] === undefined && deviceOf(this.#word(slot)) === number ? [index] : [],
      );
      if (picked.length === 0) continue;
      const places = picked.map((index) => placeOf(this.#word(slots[index]!)));
      const pages = picked.map((index) => from[index]!);
      const results = this.#devices[number]!.store.now!.writePagesNow(places, pages);
      for (const [at, index] of picked.entries()) statuses[index] = results[at];
      this.#giveUp(
        slots,
        picked.filter((_, at) => results[at] !== undefined),
        statuses,
      );
    }
    void this.#forget(old).catch(() => undefined); // Best effort: the places are free either way.
    return statuses;
  }

  #full(slot: number): TierError {
    const devices = this.swaps().map(({ name, slots }) => `${name} ${slots.used} pages`);
    const which = devices.length === 0 ? "there is none" : devices.join(", ");
    return new TierError(
      "STORE_NO_SPACE",
      `no swap device has room for another page (${which}); give a larger one, or add one.`,
      { slot },
    );
  }
}

/** One device's part of a call. That it fails is no reason to give up on the others', so it is told by slot. */
async function settled(
  { type }: BackingStore,
  action: string,
  slots: number,
  call: Promise<SlotStatus[]>,
): Promise<SlotStatus[]> {
  try {
    return await call;
  } catch (error) {
    return new Array<SlotStatus>(slots).fill(storeFailure(type, action, error));
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
