// A store in an LMDB database: a slot is a key, its value the page and a CRC-32 of it.
//
// LMDB is a copy-on-write tree in a mapped file. A write is durable or not there at all when the power goes, whatever it
// was in the middle of; what is written again goes elsewhere first, so no page is ever torn. The price is two to three
// times the bytes on the device, and that the file never gets shorter. Reads come from the mapping.
//
// Writes are committed by a thread of the library, many calls in one transaction. Without a path the database has no
// name and is not synced.
import fs from "node:fs";
import os from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { assert, type Counters, PAGE_SIZE, TierError } from "@pagetier/base";
import {
  type BackingStore,
  badSlot,
  isSlot,
  lockPlace,
  type NowStore,
  type SlotStatus,
  slotsOfSize,
  storeClosed,
  sumOf,
} from "@pagetier/store";
import { open } from "lmdb";
import { complaintAbout } from "./data-file.js";

/** A page and its checksum. */
const VALUE_BYTES = PAGE_SIZE + 4;
/** Three values fill a leaf of this size, where one would take two pages of 4096. */
const LEAF_BYTES = 16_384;
/** Free bytes of a file system below which a failed write failed for want of space. */
const FULL_BYTES = 1 << 20;

export interface LmdbStoreOptions {
  /** The file; kept when the store closes. Without it: a temporary one that nobody sees and nothing leaves behind. */
  readonly path?: string | undefined;
  /** `"auto"` (the default) grows without limit; otherwise a size such as `"1GiB"`: of pages, not of the file. */
  readonly size?: string | number;
}

/** What is used of a database. (The library's own declarations know no options of `put`.) */
interface Database {
  readonly flushed: PromiseLike<boolean>;
  getBinaryFast(slot: number): Buffer | undefined;
  doesExist(slot: number): boolean;
  getKeys(range: { readonly reverse: boolean; readonly limit: number }): Iterable<number>;
  put(slot: number, value: Buffer, options: { readonly append: boolean }): Promise<boolean>;
  remove(slot: number): Promise<boolean>;
  transactionSync(action: () => void): void;
  getStats(): { readonly entryCount: number };
  close(): Promise<void>;
}

export class LmdbStore implements BackingStore, NowStore {
  readonly type = "lmdb";
  readonly durable: boolean;
  readonly capacity: number;
  readonly now: NowStore = this;
  readonly #path: string | undefined;
  readonly #inFlight = new Set<Promise<unknown>>();
  #place = "a temporary database";
  #database: Database | undefined;
  #release: (() => void) | undefined;
  #state: "new" | "open" | "closing" = "new";
  #closing: Promise<void> | undefined;
  /** The highest slot that was ever written: beyond it LMDB may append, which fills its leaves. */
  #highest = -1;
  /** Discarded slots that could not be removed, for want of space. */
  readonly #gone = new Set<number>();
  #copiedBytes = 0;
  #readPages = 0;
  #zeroPages = 0;
  #writtenPages = 0;
  #discardedPages = 0;
  #corruptPages = 0;
  #failedSlots = 0;
  #flushes = 0;

  /** @throws TierError BAD_SIZE */
  constructor(options: LmdbStoreOptions = {}) {
    this.#path = options.path;
    this.durable = options.path !== undefined;
    this.capacity = slotsOfSize(options.size ?? "auto");
  }

  memoryBytes(): number {
    return this.#copiedBytes;
  }

  async open(): Promise<void> {
    assert(this.#state === "new", "a store is opened once");
    const database = this.#path === undefined ? openPrivate() : this.#openNamed(this.#path);
    try {
      for (const key of database.getKeys({ reverse: true, limit: 1 })) this.#highest = key;
    } catch (error) {
      await database.close();
      this.#release?.();
      throw cannotOpen(this.#place, `it is damaged (${reasonOf(error)})`, error);
    }
    this.#database = database;
    this.#state = "open";
  }

  async readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    assert(slots.length === into.length, "there is one page for each slot");
    return slots.map((slot, index) => this.readPageNow(slot, into[index]!));
  }

  async writePages(slots: readonly number[], from: readonly Uint8Array[]): Promise<SlotStatus[]> {
    assert(slots.length === from.length, "there is one page for each slot");
    const statuses = slots.map((slot) => this.#refuse(slot));
    const values = this.#valuesOf(from, statuses);
    const puts = slots.map((slot, index) => (values[index] === undefined ? undefined : this.#put(slot, values[index])));
    await this.#during(
      Promise.all(
        puts.map(async (put, index) => {
          const error = await put;
          if (put !== undefined) statuses[index] = this.#written(slots[index]!, error);
        }),
      ),
    );
    for (const value of values) if (value !== undefined) this.#copiedBytes -= VALUE_BYTES;
    return statuses;
  }

  readPageNow(slot: number, into: Uint8Array): SlotStatus {
    assert(into.length === PAGE_SIZE, "a page has PAGE_SIZE bytes");
    const refused = this.#refuse(slot);
    if (refused !== undefined) return refused;
    let value: Buffer | undefined;
    try {
      value = this.#database!.getBinaryFast(slot);
    } catch (error) {
      return this.#failed(this.#failure(`reading slot ${slot}`, slot, error));
    }
    if (value === undefined || this.#gone.has(slot)) {
      into.fill(0);
      this.#zeroPages++;
      this.#readPages++;
      return undefined;
    }
    if (value.length !== VALUE_BYTES) return this.#corrupt(slot);
    into.set(value.subarray(0, PAGE_SIZE));
    if (sumOf(into) !== value.readUInt32LE(PAGE_SIZE)) return this.#corrupt(slot);
    this.#readPages++;
    return undefined;
  }

  writePagesNow(slots: readonly number[], from: readonly Uint8Array[]): SlotStatus[] {
    assert(slots.length === from.length, "there is one page for each slot");
    const statuses = slots.map((slot) => this.#refuse(slot));
    const values = this.#valuesOf(from, statuses);
    let failure: unknown;
    try {
      this.#database?.transactionSync(() => {
        for (const [index, slot] of slots.entries()) {
          if (values[index] !== undefined) void this.#database!.put(slot, values[index], this.#placeFor(slot));
        }
      });
    } catch (error) {
      failure = error;
    }
    for (const [index, slot] of slots.entries()) {
      if (values[index] === undefined) continue;
      statuses[index] = this.#written(slot, failure);
      this.#copiedBytes -= VALUE_BYTES;
    }
    return statuses;
  }

  async discard(slots: readonly number[]): Promise<void> {
    if (this.#state !== "open") return;
    const database = this.#database!;
    const there = slots.filter((slot) => isSlot(slot, this.capacity) && database.doesExist(slot));
    for (const slot of there) this.#gone.add(slot);
    const removals = there.map(async (slot) => {
      try {
        await database.remove(slot);
        this.#gone.delete(slot);
        this.#discardedPages++;
      } catch (error) {
        // A tree that is copied to be changed needs room to get smaller. The page is taken for gone until it is written.
        await causeOf(error);
      }
    });
    await this.#during(Promise.all(removals));
  }

  async flush(): Promise<void> {
    assert(this.#state !== "new", "a store is opened before it is used");
    if (this.#state === "closing") throw storeClosed(this.type);
    this.#flushes++;
    try {
      await this.#during(Promise.resolve(this.#database!.flushed));
    } catch (error) {
      throw this.#failure("flushing", undefined, await causeOf(error));
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  counters(): Counters {
    return {
      heldPages: this.#state === "open" ? this.#database!.getStats().entryCount : 0,
      readPages: this.#readPages,
      zeroPages: this.#zeroPages,
      writtenPages: this.#writtenPages,
      discardedPages: this.#discardedPages,
      corruptPages: this.#corruptPages,
      failedSlots: this.#failedSlots,
      flushes: this.#flushes,
    };
  }

  #openNamed(path: string): Database {
    const place = resolve(path);
    this.#place = place;
    try {
      const complaint = complaintAbout(place);
      if (complaint !== undefined) throw cannotOpen(place, complaint);
      const real = fs.existsSync(place)
        ? fs.realpathSync(place)
        : join(fs.realpathSync(dirname(place)), basename(place));
      this.#release = lockPlace(`${real}.lock`, `database ${place}`);
      // Who reads it: nobody, since the lock is ours. A process that was killed leaves a table that says otherwise.
      fs.rmSync(`${real}-lock`, { force: true });
      return openDatabase(real, {});
    } catch (error) {
      this.#release?.();
      this.#release = undefined;
      throw TierError.is(error) ? error : cannotOpen(place, reasonOf(error), error);
    }
  }

  async #close(): Promise<void> {
    this.#state = "closing";
    while (this.#inFlight.size > 0) await Promise.allSettled(this.#inFlight);
    await this.#database?.close();
    this.#release?.();
    this.#gone.clear();
  }

  async #during<Result>(work: Promise<Result>): Promise<Result> {
    this.#inFlight.add(work);
    try {
      return await work;
    } finally {
      this.#inFlight.delete(work);
    }
  }

  #refuse(slot: number): SlotStatus {
    assert(this.#state !== "new" || this.#closing !== undefined, "a store is opened before it is used");
    if (this.#state === "open" && isSlot(slot, this.capacity)) return undefined;
    return this.#failed(this.#state === "open" ? badSlot(this.type, slot, this.capacity) : storeClosed(this.type));
  }

  /** Takes the bytes of the pages that may be written. */
  #valuesOf(from: readonly Uint8Array[], statuses: readonly SlotStatus[]): (Buffer | undefined)[] {
    return from.map((page, index) => {
      assert(page.length === PAGE_SIZE, "a page has PAGE_SIZE bytes");
      if (statuses[index] !== undefined) return undefined;
      const value = Buffer.allocUnsafe(VALUE_BYTES);
      value.set(page);
      value.writeUInt32LE(sumOf(page), PAGE_SIZE);
      this.#copiedBytes += VALUE_BYTES;
      return value;
    });
  }

  /** @returns why the page was not written, if it was not */
  async #put(slot: number, value: Buffer): Promise<unknown> {
    try {
      const stored = await this.#database!.put(slot, value, this.#placeFor(slot));
      return stored ? undefined : new Error("the database refused the key");
    } catch (error) {
      return causeOf(error);
    }
  }

  /** Where in the tree a slot goes. */
  #placeFor(slot: number): { readonly append: boolean } {
    const append = slot > this.#highest;
    if (append) this.#highest = slot;
    return { append };
  }

  #written(slot: number, error: unknown): SlotStatus {
    if (error !== undefined) return this.#failed(this.#failure(`writing slot ${slot}`, slot, error));
    this.#gone.delete(slot);
    this.#writtenPages++;
    return undefined;
  }

  #failed(status: TierError): TierError {
    this.#failedSlots++;
    return status;
  }

  #corrupt(slot: number): TierError {
    this.#corruptPages++;
    return this.#failed(
      new TierError(
        "STORE_CORRUPT",
        `slot ${slot} of ${this.#place} is not what was written there (its checksum differs); check the device, the content is lost.`,
        { path: this.#place, slot },
      ),
    );
  }

  #failure(what: string, slot: number | undefined, cause: unknown): TierError {
    const reason = reasonOf(cause);
    const context = { path: this.#place, reason, ...(slot === undefined ? {} : { slot }) };
    const message = `${what} of ${this.#place} failed: ${reason}`;
    if (/CORRUPTED|PAGE_NOTFOUND|INVALID|PANIC/i.test(reason)) {
      return new TierError("STORE_CORRUPT", `${message}; the database is damaged.`, context, { cause });
    }
    if (/No space|File too large|quota|MAP_FULL/i.test(reason) || this.#isFull()) {
      return new TierError("STORE_NO_SPACE", `${message}; the disk is full, free space.`, context, { cause });
    }
    return new TierError("STORE_IO", `${message}; check the device.`, context, { cause });
  }

  /** LMDB calls a write that was cut short an input/output error, whatever the reason. */
  #isFull(): boolean {
    try {
      const { bavail, bsize } = fs.statfsSync(this.#path === undefined ? os.tmpdir() : dirname(this.#place));
      return bavail * bsize < FULL_BYTES;
    } catch {
      return false;
    }
  }
}

function openDatabase(path: string, options: { readonly noSync?: boolean }): Database {
  const database: unknown = open<Buffer, number>({
    path,
    noSubdir: true,
    encoding: "binary",
    cache: false,
    pageSize: LEAF_BYTES,
    // Otherwise calls of one turn share a promise of the library's own, which nobody hears when it rejects.
    eventTurnBatching: false,
    ...options,
  });
  return database as Database;
}

/** Opens a database that nobody else can name and that is gone when this process ends, however it ends. @throws TierError STORE_OPEN */
function openPrivate(): Database {
  let directory: string | undefined;
  try {
    directory = fs.mkdtempSync(join(os.tmpdir(), "pagetier-"));
    return openDatabase(join(directory, "store"), { noSync: true });
  } catch (error) {
    throw cannotOpen(`a temporary database in ${os.tmpdir()}`, reasonOf(error), error);
  } finally {
    // What is open and mapped stays; on systems where it cannot be removed the folder is left.
    if (directory !== undefined) fs.rmSync(directory, { recursive: true, force: true, maxRetries: 0 });
  }
}

/** What was behind "commit failed". */
async function causeOf(error: unknown): Promise<unknown> {
  const { commitError } = error as { readonly commitError?: Promise<unknown> };
  if (commitError === undefined) return error;
  return Promise.resolve(commitError).then(
    () => error,
    (cause: unknown) => cause,
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function cannotOpen(place: string, reason: string, cause?: unknown): TierError {
  return new TierError("STORE_OPEN", `cannot open database ${place}: ${reason}.`, { place, reason }, { cause });
}
