// Records under virtual slots: each goes to the first device, in order of priority, that keeps records and has room for it,
// and a byte per slot says which that was. Bytes are addressing.

import { ChunkedBytes, TierError } from "@pagetier/base";
import type { RecordNeighbours, RecordStore, SlotStatus, StoreRecord } from "@pagetier/store";
import type { VirtualDevice } from "./virtual-device.js";

/** A record on its way, and which of a call's it is. */
interface Placed extends StoreRecord {
  readonly index: number;
}

export class VirtualRecords implements RecordStore {
  readonly #device: (number: number) => VirtualDevice | undefined;
  /** Number of the device that has a slot's record, plus one. */
  readonly #places = new ChunkedBytes();
  /** Numbers of the devices that keep records, the highest priority first. */
  #order: readonly number[] = [];

  constructor(device: (number: number) => VirtualDevice | undefined) {
    this.#device = device;
  }

  /** Whether there is a device for records. */
  get exists(): boolean {
    return this.#order.length > 0;
  }

  get bytes(): number {
    return this.#places.bytes;
  }

  /** Devices came or went. @param numbers by priority */
  arrange(numbers: readonly number[]): void {
    this.#order = numbers.filter((number) => this.#device(number)?.store.records !== undefined);
  }

  /** The device that has a slot's record. */
  deviceOf(slot: number): VirtualDevice | undefined {
    const place = this.#placeOf(slot);
    return place === 0 ? undefined : this.#device(place - 1);
  }

  async putRecords(records: readonly StoreRecord[]): Promise<SlotStatus[]> {
    const statuses = new Array<SlotStatus>(records.length).fill(noRoom());
    // A device may have to be asked after another one was full, and the bytes are the caller's again by then.
    let rest: Placed[] = records.map(({ key, bytes }, index) => ({ index, key, bytes: bytes.slice() }));
    for (const number of this.#order) {
      const device = this.#device(number);
      if (rest.length === 0) break;
      if (device === undefined || device.draining) continue;
      rest = await this.#putOn(device, number, rest, statuses);
    }
    return statuses;
  }

  async getRecord(key: number, into: Uint8Array, neighbours?: RecordNeighbours): Promise<number> {
    return (await this.deviceOf(key)?.store.records?.getRecord(key, into, neighbours)) ?? 0;
  }

  async deleteRecords(keys: readonly number[]): Promise<void> {
    for (const number of this.#order) {
      const own = keys.filter((key) => this.#placeOf(key) === number + 1);
      if (own.length === 0) continue;
      const device = this.#device(number)!;
      for (const key of own) this.#places.set(key, 0);
      try {
        await device.store.records!.deleteRecords(own);
      } finally {
        device.records -= own.length; // Not before: a device that holds nothing may be closed.
      }
    }
  }

  async clearRecords(): Promise<void> {
    this.#places.release();
    for (const number of this.#order) {
      const device = this.#device(number)!;
      device.records = 0;
      await device.store.records!.clearRecords();
    }
  }

  /** @returns what had no room there */
  async #putOn(
    device: VirtualDevice,
    number: number,
    records: readonly Placed[],
    statuses: SlotStatus[],
  ): Promise<Placed[]> {
    const full: Placed[] = [];
    device.records += records.length; // On their way they count too.
    try {
      const results = await device.store.records!.putRecords(records);
      for (const [at, record] of records.entries()) {
        const status = results[at];
        statuses[record.index] = status;
        if (status?.code === "STORE_NO_SPACE") full.push(record);
        else if (status === undefined) await this.#moved(record.key, number);
      }
    } finally {
      device.records -= records.length;
    }
    return full;
  }

  #placeOf(key: number): number {
    return key < this.#places.capacity ? this.#places.get(key) : 0;
  }

  /** A record is on a device now; an older one elsewhere is garbage. */
  async #moved(key: number, number: number): Promise<void> {
    const old = this.#placeOf(key);
    this.#places.ensure(key + 1);
    this.#places.set(key, number + 1);
    if (old === number + 1) return;
    this.#device(number)!.records++;
    if (old === 0) return;
    const before = this.#device(old - 1);
    if (before === undefined) return;
    try {
      await before.store.records!.deleteRecords([key]);
    } finally {
      before.records--;
    }
  }
}

function noRoom(): TierError {
  return new TierError("STORE_NO_SPACE", "no swap device that keeps records is on; turn one on.");
}
