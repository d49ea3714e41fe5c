// The records of a file store: a log in a file of its own, beside that of the slots.
//
// The file of a store at `PATH` is `PATH.records`, that of a store without a path is another private temporary file. It
// comes into being with the first record, so a store that is asked for pages alone has one file.
import fs from "node:fs";
import { type Counters, PAGE_SIZE, type TierError } from "@pagetier/base";
import {
  PackedRecords,
  type RecordDevice,
  type RecordNeighbours,
  type RecordStore,
  type SlotStatus,
  type StoreRecord,
  sameStatus,
  storeClosed,
} from "@pagetier/store";
import { errnoOf } from "./file-errors.js";
import { cannotOpen, type OpenedFile, openNamedFile, openPrivateFile } from "./open-file.js";

export interface FileRecordsOptions {
  readonly path: string | undefined;
  readonly capacityBytes: number;
  /** Tells what a failed call of the system means. */
  readonly failure: (what: string, cause: unknown) => TierError;
}

export class FileRecords implements RecordStore, RecordDevice {
  readonly #path: string | undefined;
  readonly #failure: (what: string, cause: unknown) => TierError;
  readonly #log: PackedRecords;
  #file: OpenedFile | undefined;
  #closed = false;

  constructor({ path, capacityBytes, failure }: FileRecordsOptions) {
    this.#path = path === undefined ? undefined : `${path}.records`;
    this.#failure = failure;
    this.#log = new PackedRecords({ type: "file", device: this, capacityBytes, durable: path !== undefined });
  }

  memoryBytes(): number {
    return this.#log.memoryBytes();
  }

  counters(): Counters {
    return this.#log.counters();
  }

  /** Reads the log that an earlier store left, if one did. @throws TierError STORE_OPEN */
  async open(): Promise<void> {
    if (this.#path === undefined || !fs.existsSync(this.#path)) return;
    const file = openNamedFile(this.#path);
    try {
      this.#file = file;
      await this.#log.recover(Math.floor(fs.fstatSync(file.descriptor).size / PAGE_SIZE));
    } catch (error) {
      await this.close();
      throw cannotOpen(file.place, errnoOf(error), error);
    }
  }

  putRecords(records: readonly StoreRecord[]): Promise<SlotStatus[]> {
    if (this.#file === undefined && !this.#closed) {
      try {
        this.#file = this.#path === undefined ? openPrivateFile() : openNamedFile(this.#path);
      } catch (error) {
        return Promise.resolve(sameStatus(records.length, this.#failure("opening a file for records", error)));
      }
    }
    return this.#log.putRecords(records);
  }

  getRecord(key: number, into: Uint8Array, neighbours?: RecordNeighbours): Promise<number> {
    return this.#log.getRecord(key, into, neighbours);
  }

  deleteRecords(keys: readonly number[]): Promise<void> {
    return this.#log.deleteRecords(keys);
  }

  clearRecords(): Promise<void> {
    return this.#log.clearRecords();
  }

  async flushRecords(): Promise<void> {
    await this.#log.flush();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#log.close();
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    await new Promise((resolve) => fs.close(file.descriptor, resolve));
    file.release();
  }

  // What the log asks of its device.

  async read(page: number, into: Uint8Array): Promise<SlotStatus> {
    for (let done = 0; done < into.length; ) {
      const [error, bytes] = await this.#call(fs.read, into, done, page * PAGE_SIZE + done);
      if (error !== null) return this.#failure(`reading records at page ${page}`, error);
      if (bytes === 0) into.fill(0, done); // Beyond the end: no chunk, and no record's checksum is right.
      done = bytes === 0 ? into.length : done + bytes;
    }
    return undefined;
  }

  async write(page: number, from: Uint8Array): Promise<SlotStatus> {
    for (let done = 0; done < from.length; ) {
      const [error, bytes] = await this.#call(fs.write, from, done, page * PAGE_SIZE + done);
      if (error !== null || bytes === 0) {
        return this.#failure(`writing records at page ${page}`, error ?? { code: "ENOSPC" });
      }
      done += bytes;
    }
    return undefined;
  }

  async flush(): Promise<void> {
    const { descriptor } = this.#file ?? { descriptor: -1 };
    if (descriptor < 0) throw storeClosed("file");
    const error = await new Promise<unknown>((resolve) => fs.fdatasync(descriptor, resolve));
    if (error !== null) throw this.#failure("flushing records", error);
  }

  truncate(pages: number): void {
    if (this.#file === undefined) return;
    try {
      fs.ftruncateSync(this.#file.descriptor, pages * PAGE_SIZE);
    } catch {
      // The space stays taken; nothing is wrong otherwise.
    }
  }

  #call(
    operation: typeof fs.read | typeof fs.write,
    bytes: Uint8Array,
    done: number,
    position: number,
  ): Promise<[unknown, number]> {
    return new Promise((resolve) => {
      const { descriptor } = this.#file!;
      (operation as typeof fs.read)(descriptor, bytes, done, bytes.length - done, position, (error, moved) =>
        resolve([error, moved]),
      );
    });
  }
}
