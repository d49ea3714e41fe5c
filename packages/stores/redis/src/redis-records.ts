// Records of variable length: a key each. An engine packs them itself, so there is no log to clean.

import { type Counters, TierError } from "@pagetier/base";
import { maybeDone } from "@pagetier/redis";
import { type RecordStore, type SlotStatus, type StoreRecord, sameStatus, storeClosed } from "@pagetier/store";
import { REMOVE, WRITE } from "./scripts.js";
import { storeFailure } from "./store-failure.js";
import { bytesOf, intactSum, numberBytes, packValue } from "./value.js";
import type { Values } from "./values.js";

/** What the records take from their store. */
export interface RecordsHost {
  readonly capacityBytes: number;
  readonly isPrivate: boolean;
  nameOf(key: number): string;
  /** Matches the names of all records. */
  pattern(): string;
  nextNumber(): number;
  /** `undefined` when the store is closed. */
  values(): Values | undefined;
  tracked<Result>(work: Promise<Result>): Promise<Result>;
}

/** A record that this process put. The sum is `undefined` while that is unknown. */
interface Known {
  readonly length: number;
  readonly sum: number | undefined;
}

/** What a record costs in this process's memory, about. */
const KNOWN_BYTES = 100;

export class RedisRecords implements RecordStore {
  readonly #host: RecordsHost;
  readonly #known = new Map<number, Known>();
  #heldBytes = 0;
  #recordBytesWritten = 0;
  #deviceBytesWritten = 0;

  constructor(host: RecordsHost) {
    this.#host = host;
  }

  async putRecords(records: readonly StoreRecord[]): Promise<SlotStatus[]> {
    const values = this.#host.values();
    if (values === undefined) return sameStatus(records.length, storeClosed("redis"));
    return this.#host.tracked(Promise.all(records.map((record) => this.#put(values, record))));
  }

  async getRecord(key: number, into: Uint8Array): Promise<number> {
    const values = this.#host.values();
    if (values === undefined) throw storeClosed("redis");
    const known = this.#known.get(key);
    if (known === undefined && this.#host.isPrivate) return 0;
    const name = this.#host.nameOf(key);
    const isOther = (value: Buffer | null): boolean => {
      const expected = this.#known.get(key)?.sum;
      return expected !== undefined && (value === null || intactSum(name, value) !== expected);
    };
    const value = await this.#host.tracked(
      values.get(name, isOther).catch((error: unknown) => {
        throw storeFailure(`record ${key} cannot be read`, error);
      }),
    );
    if (value === null && this.#known.get(key)?.sum === undefined) return 0;
    if (value === null || isOther(value) || intactSum(name, value) === undefined) {
      const what = value === null ? "the engine has it no more" : "it is not what was put";
      throw new TierError("STORE_CORRUPT", `store redis: record ${key} is lost: ${what}.`, { key });
    }
    into.set(bytesOf(value));
    return bytesOf(value).length;
  }

  async deleteRecords(keys: readonly number[]): Promise<void> {
    const values = this.#host.values();
    if (values === undefined) return;
    await this.#host.tracked(Promise.all(keys.map((key) => this.#delete(values, key))));
  }

  async clearRecords(): Promise<void> {
    const values = this.#host.values();
    if (values === undefined) throw storeClosed("redis");
    await this.#host.tracked(this.removeAll(values));
  }

  /** Removes all records: those of this process, and of a named store what matches. @throws TierError STORE_IO */
  async removeAll(values: Values): Promise<void> {
    try {
      await Promise.all([...this.#known.keys()].map((key) => this.#delete(values, key)));
      if (!this.#host.isPrivate) await values.removeMatching(this.#host.pattern());
    } catch (error) {
      throw storeFailure("records cannot be removed", error);
    }
  }

  memoryBytes(): number {
    return this.#known.size * KNOWN_BYTES;
  }

  counters(): Counters {
    return { recordBytesWritten: this.#recordBytesWritten, deviceBytesWritten: this.#deviceBytesWritten };
  }

  async #put(values: Values, { key, bytes }: StoreRecord): Promise<SlotStatus> {
    const before = this.#known.get(key);
    if (this.#heldBytes - (before?.length ?? 0) + bytes.length > this.#host.capacityBytes) {
      return new TierError("STORE_NO_SPACE", `store redis: record ${key} has no room; give the store a larger size.`, {
        key,
      });
    }
    const name = this.#host.nameOf(key);
    const { value, sum } = packValue(name, this.#host.nextNumber(), bytes); // Before anything is waited for.
    const mine: Known = { length: bytes.length, sum: undefined };
    this.#note(key, mine);
    this.#recordBytesWritten += bytes.length;
    this.#deviceBytesWritten += value.length;
    try {
      await values.run(WRITE, name, value);
    } catch (error) {
      // Not carried out: what was there still is. Otherwise it may be either, or nothing.
      if (this.#known.get(key) === mine && !maybeDone(error)) this.#note(key, before);
      return storeFailure(`record ${key} cannot be written`, error);
    }
    if (this.#known.get(key) === mine) this.#note(key, { length: bytes.length, sum });
    return undefined;
  }

  async #delete(values: Values, key: number): Promise<void> {
    if (!this.#known.has(key) && this.#host.isPrivate) return;
    this.#note(key, undefined);
    try {
      await values.run(REMOVE, this.#host.nameOf(key), numberBytes(this.#host.nextNumber()));
    } catch {
      // The engine keeps what nobody asks for.
    }
  }

  #note(key: number, known: Known | undefined): void {
    this.#heldBytes += (known?.length ?? 0) - (this.#known.get(key)?.length ?? 0);
    if (known === undefined) this.#known.delete(key);
    else this.#known.set(key, known);
  }
}
