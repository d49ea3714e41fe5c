// Pages as values of an engine's keys, one a slot: `ps:{NAME/group}/slot`. Groups of 64 slots share a hash slot of a Cluster.
//
// An engine may lose its memory, a Cluster may answer with an older state after a failover. So this process remembers the checksum of
// what each slot must hold; anything else is STORE_CORRUPT and never a page. What an earlier process wrote to a named store is only as
// good as its own checksum.

import { assert, type Clock, type Counters, PAGE_SIZE, type Scheduler, TierError } from "@pagetier/base";
import { maybeDone, type RedisSettings } from "@pagetier/redis";
import {
  type BackingStore,
  badSlot,
  isSlot,
  type RecordStore,
  type SlotStatus,
  slotsOfSize,
  storeClosed,
} from "@pagetier/store";
import { RedisRecords } from "./redis-records.js";
import { REMOVE, WRITE } from "./scripts.js";
import { ANY, SlotSums, UNKNOWN, ZEROES } from "./slot-sums.js";
import { storeFailure } from "./store-failure.js";
import { StoreLock } from "./store-lock.js";
import { bytesOf, intactSum, numberBytes, packValue } from "./value.js";
import { Values } from "./values.js";

const GROUP_SLOTS = 64;
/** Writes that one opening has numbers for. */
const NUMBERS = 2 ** 32;

export interface RedisStoreOptions extends RedisSettings {
  /** Slots: `"auto"`, the default, as many as the engine takes; or a size such as `"1GiB"`. */
  readonly size: string | number;
  /** Name under which the pages survive this process; left out: they are removed on close. */
  readonly name?: string | undefined;
  /** Whether the engine writes everything to disk before it answers; it is asked when the store is opened. Default false. */
  readonly durable: boolean;
}

export interface RedisStoreParts {
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly directory: string;
}

export class RedisStore implements BackingStore {
  readonly type = "redis";
  readonly durable: boolean;
  readonly capacity: number;
  readonly #options: RedisStoreOptions;
  readonly #parts: RedisStoreParts;
  readonly #sums = new SlotSums();
  readonly #inFlight = new Set<Promise<unknown>>();
  #values: Values | undefined;
  #lock: StoreLock | undefined;
  #lockLost = false;
  #name = "";
  #number = 0;
  #records: RedisRecords | undefined;
  #state: "new" | "open" | "closed" = "new";
  #closing: Promise<void> | undefined;
  #readPages = 0;
  #writtenPages = 0;
  #discardedPages = 0;
  #failedSlots = 0;
  #corruptPages = 0;

  constructor(options: RedisStoreOptions, parts: RedisStoreParts) {
    this.#options = options;
    this.#parts = parts;
    this.durable = options.durable;
    this.capacity = slotsOfSize(options.size);
  }

  get records(): RecordStore {
    this.#records ??= new RedisRecords({
      capacityBytes: this.capacity * PAGE_SIZE,
      nameOf: (key) => `ps:{${this.#name}/r${key % GROUP_SLOTS}}/${key}`,
      pattern: () => `ps:{${this.#name}/r*`,
      nextNumber: () => this.#number++,
      values: () => (this.#state === "open" ? this.#values : undefined),
      tracked: (work) => this.#tracked(work),
      isPrivate: this.#options.name === undefined,
    });
    return this.#records;
  }

  memoryBytes(): number {
    return this.#sums.bytes + (this.#records?.memoryBytes() ?? 0);
  }

  async open(): Promise<void> {
    assert(this.#state === "new", "a store is opened once");
    try {
      const values = await Values.open(this.#options, this.#parts.directory, this.#parts.scheduler);
      this.#values = values;
      await this.#begin(values);
      this.#state = "open";
    } catch (error) {
      this.#values?.close();
      if (!TierError.is(error) || error.code === "STORE_OPEN") throw error;
      throw new TierError("STORE_OPEN", `cannot open store redis: ${error.message}`, error.context, { cause: error });
    }
  }

  async readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    assert(slots.length === into.length, "there is one page for each slot");
    for (const page of into) assert(page.length === PAGE_SIZE, "a page has PAGE_SIZE bytes");
    return this.#tracked(Promise.all(slots.map((slot, index) => this.#counted(this.#readPage(slot, into[index]!)))));
  }

  async writePages(slots: readonly number[], from: readonly Uint8Array[]): Promise<SlotStatus[]> {
    assert(slots.length === from.length, "there is one page for each slot");
    for (const page of from) assert(page.length === PAGE_SIZE, "a page has PAGE_SIZE bytes");
    return this.#tracked(Promise.all(slots.map((slot, index) => this.#counted(this.#writePage(slot, from[index]!)))));
  }

  async discard(slots: readonly number[]): Promise<void> {
    if (this.#state !== "open") return;
    const held = slots.filter((slot) => isSlot(slot, this.capacity) && this.#mayHold(slot));
    for (const slot of held) this.#sums.set(slot, ZEROES);
    this.#discardedPages += held.length;
    await this.#tracked(Promise.all(held.map((slot) => this.#remove(slot))));
  }

  async flush(): Promise<void> {
    if (this.#state === "closed") throw storeClosed(this.type);
    await this.#renewLock(); // What was written was answered, and the engine answers as durably as it can.
    if (this.#lockLost) throw this.#lockError();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  counters(): Counters {
    return {
      readPages: this.#readPages,
      writtenPages: this.#writtenPages,
      discardedPages: this.#discardedPages,
      corruptPages: this.#corruptPages,
      failedSlots: this.#failedSlots,
      ...this.#records?.counters(),
    };
  }

  async #begin(values: Values): Promise<void> {
    const engine = values.keyspace.engines[0]!;
    const connection = await engine.connection("write");
    const id = Number(await connection.send(["CLIENT", "ID"])).toString(36);
    const me = `${connection.info.runId.slice(0, 16)}-${id}`;
    const { name, durable } = this.#options;
    this.#name = name ?? `private.${me}`;
    if (durable) await this.#mustBeDurable(values);
    if (name === undefined) return;
    this.#lock = new StoreLock(values, `ps:{${name}}/lock`, me, this.#parts.clock);
    if (!(await this.#lock.hold())) {
      throw new TierError(
        "STORE_OPEN",
        `cannot open store redis: another process uses the name ${name}; stop it, or use another name.`,
        { name },
      );
    }
    this.#number = Number(await values.raise(`ps:{${name}}/number`, NUMBERS)) - NUMBERS;
  }

  async #mustBeDurable(values: Values): Promise<void> {
    for (const engine of values.keyspace.engines) {
      const connection = await engine.connection("read");
      const reply = (await connection.send(["CONFIG", "GET", "append*"])) as readonly Buffer[];
      const words = reply.map(String);
      const setting = (name: string): string | undefined => words[words.indexOf(name) + 1];
      if (setting("appendonly") === "yes" && setting("appendfsync") === "always") continue;
      throw new TierError(
        "STORE_OPEN",
        `cannot open store redis as durable: the engine at ${engine.address} does not write before it answers; set appendonly yes and appendfsync always there, or durable: false here.`,
        { address: engine.address },
      );
    }
  }

  async #readPage(slot: number, into: Uint8Array): Promise<SlotStatus> {
    const refused = this.#refuse(slot);
    if (refused !== undefined) return refused;
    const sum = this.#sums.get(slot);
    if (!this.#mayHold(slot)) {
      into.fill(0);
      this.#readPages++;
      return undefined;
    }
    const name = this.#nameOf(slot);
    const isOther = (value: Buffer | null): boolean =>
      !isExpected(sum, value === null ? undefined : intactSum(name, value));
    let value: Buffer | null;
    try {
      value = await this.#values!.get(name, isOther);
    } catch (error) {
      return storeFailure(`slot ${slot} cannot be read`, error);
    }
    if (value === null && (sum === UNKNOWN || sum === ANY)) into.fill(0);
    else if (value === null || isOther(value) || !isWhole(name, value)) {
      this.#corruptPages++;
      const what = value === null ? "the engine has it no more" : "it is not what was written";
      return new TierError("STORE_CORRUPT", `store redis: slot ${slot} is lost: ${what}.`, { slot });
    } else into.set(bytesOf(value));
    this.#readPages++;
    return undefined;
  }

  async #writePage(slot: number, page: Uint8Array): Promise<SlotStatus> {
    const refused = this.#refuse(slot);
    if (refused !== undefined) return refused;
    const name = this.#nameOf(slot);
    const { value, sum } = packValue(name, this.#number++, page); // Before anything is waited for.
    if (this.#lock?.isDue === true) void this.#renewLock();
    if (this.#lockLost) return this.#lockError();
    try {
      await this.#values!.run(WRITE, name, value);
    } catch (error) {
      if (maybeDone(error)) this.#sums.set(slot, ANY);
      return storeFailure(`slot ${slot} cannot be written`, error);
    }
    this.#sums.set(slot, sum);
    this.#writtenPages++;
    return undefined;
  }

  async #remove(slot: number): Promise<void> {
    try {
      await this.#values!.run(REMOVE, this.#nameOf(slot), numberBytes(this.#number++));
    } catch {
      // The engine keeps what nobody reads.
    }
  }

  async #renewLock(): Promise<void> {
    try {
      if ((await this.#lock?.hold()) === false) this.#lockLost = true;
    } catch {
      // Nobody answers: the operation that renews will say so itself.
    }
  }

  async #close(): Promise<void> {
    const wasOpen = this.#state === "open";
    this.#state = "closed";
    await Promise.allSettled(this.#inFlight);
    if (wasOpen) {
      if (this.#options.name === undefined) {
        await Promise.all([...this.#sums.held()].map((slot) => this.#remove(slot)));
        await this.#records?.removeAll(this.#values!);
      }
      await this.#lock?.release().catch(() => undefined);
    }
    this.#values?.close();
    this.#sums.clear();
  }

  /** Whether the engine may have a value of the slot: in a private store only what was written. */
  #mayHold(slot: number): boolean {
    const sum = this.#sums.get(slot);
    return sum !== ZEROES && (sum !== UNKNOWN || this.#options.name !== undefined);
  }

  #nameOf(slot: number): string {
    return `ps:{${this.#name}/${Math.floor(slot / GROUP_SLOTS)}}/${slot}`;
  }

  #refuse(slot: number): SlotStatus {
    assert(this.#state !== "new", "a store is opened before it is used");
    if (this.#state === "closed") return storeClosed(this.type);
    return isSlot(slot, this.capacity) ? undefined : badSlot(this.type, slot, this.capacity);
  }

  async #counted(status: Promise<SlotStatus>): Promise<SlotStatus> {
    const ended = await status;
    if (ended !== undefined) this.#failedSlots++;
    return ended;
  }

  #lockError(): TierError {
    return new TierError(
      "STORE_IO",
      `store redis: another process has opened the name ${this.#name} since; stop one of them.`,
      { name: this.#name },
    );
  }

  #tracked<Result>(work: Promise<Result>): Promise<Result> {
    this.#inFlight.add(work);
    const forget = (): void => {
      this.#inFlight.delete(work);
    };
    work.then(forget, forget);
    return work;
  }
}

function isWhole(name: string, value: Buffer): boolean {
  return bytesOf(value).length === PAGE_SIZE && intactSum(name, value) !== undefined;
}

/** Whether a value of this sum may stand where `sum` is known. */
function isExpected(sum: number, found: number | undefined): boolean {
  if (sum === UNKNOWN || sum === ANY) return true; // Damage is told by whoever unpacks it.
  return found === sum;
}
