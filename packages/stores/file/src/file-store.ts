// A store in one sparse file: slot n is the page at byte n * PAGE_SIZE.
//
// Slots of one call that follow one another are one I/O of up to CLUSTER_PAGES pages (page-io.ts). Reads go straight into
// the caller's pages, and writes out of them where they are lent; else they are copied at once (io-buffers.ts). A bit per slot says whether it holds a page, so slots
// never written, and discarded ones, read as zeroes without I/O. Node cannot punch holes: discarding gives disk space
// back only at the end of the file, by truncation. Checksums (file-sums.ts) and records (file-records.ts) have files of
// their own.
import fs from "node:fs";
import { assert, type Counters, PAGE_SIZE, TierError } from "@pagetier/base";
import {
  type BackingStore,
  badSlot,
  isSlot,
  type NowStore,
  type RecordStore,
  type SlotStatus,
  slotsOfSize,
  storeClosed,
} from "@pagetier/store";
import { errnoOf, systemError } from "./file-errors.js";
import { FileRecords } from "./file-records.js";
import { FileSums } from "./file-sums.js";
import { CLUSTER_PAGES, IoBuffers } from "./io-buffers.js";
import { cannotOpen, type OpenedFile, openNamedFile, openPrivateFile } from "./open-file.js";
import { Call, PageIo, type PageOutcomes, Run } from "./page-io.js";
import { SlotSet } from "./slot-set.js";

/** Truncate only when it gives back at least this much (1 MiB), … */
const TRUNCATE_SLOTS_MIN = 256;
/** … and at most this much at once (64 MiB), because it blocks. */
const TRUNCATE_SLOTS_MAX = 16_384;

export interface FileStoreOptions {
  /** The file; kept when the store closes. Without it: a temporary file that nobody sees and nothing leaves behind. */
  readonly path?: string | undefined;
  /** `"auto"` (the default) grows without limit; otherwise a size such as `"1GiB"`. */
  readonly size?: string | number;
  /** Writes the whole file when opening, so that the disk cannot be full later. Needs a size. */
  readonly preallocate?: boolean;
  /**
   * Checks every page that is read. With a path the checksums are kept beside it, in `PATH.sums`; as long as that exists
   * they are kept up, unless this is `false`, which removes it.
   */
  readonly checksums?: boolean | undefined;
}

export class FileStore implements BackingStore, NowStore, PageOutcomes {
  readonly type = "file";
  readonly durable: boolean;
  readonly capacity: number;
  readonly now: NowStore = this;
  readonly records: RecordStore;
  readonly #records: FileRecords;
  readonly #path: string | undefined;
  readonly #preallocate: boolean;
  readonly #checksums: boolean | undefined;
  readonly #held = new SlotSet();
  readonly #buffers = new IoBuffers();
  readonly #giveBack = (buffer: Uint8Array): void => this.#buffers.give(buffer);
  #file: OpenedFile | undefined;
  #io: PageIo | undefined;
  #sums: FileSums | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** Slots that the file is long: beyond them there is nothing to read. */
  #endSlot = 0;
  #flushFailure: TierError | undefined;
  #zeroPages = 0;
  #discardedPages = 0;
  #refusedSlots = 0;
  #flushes = 0;
  #truncations = 0;

  /** @throws TierError BAD_SIZE, STORE_BAD_OPTION */
  constructor(options: FileStoreOptions = {}) {
    this.#path = options.path;
    this.#preallocate = options.preallocate ?? false;
    this.#checksums = options.checksums;
    this.durable = options.path !== undefined;
    this.capacity = slotsOfSize(options.size ?? "auto");
    this.#records = new FileRecords({
      path: options.path,
      capacityBytes: this.capacity * PAGE_SIZE,
      failure: (what, cause) => this.#failure(what, cause, {}),
    });
    this.records = this.#records;
    if (this.#preallocate && this.capacity === Number.POSITIVE_INFINITY) {
      throw new TierError("STORE_BAD_OPTION", 'preallocate needs a size, but size is "auto"; write a size like 1GiB.');
    }
  }

  memoryBytes(): number {
    const tables = this.#held.memoryBytes() + (this.#sums?.memoryBytes() ?? 0);
    return this.#buffers.memoryBytes() + tables + this.#records.memoryBytes();
  }

  async open(): Promise<void> {
    assert(this.#opening === undefined && this.#closing === undefined, "a store is opened once");
    this.#opening = this.#open();
    await this.#opening;
  }

  readPages(slots: readonly number[], into: readonly Uint8Array[]): Promise<SlotStatus[]> {
    assert(slots.length === into.length, "there is one page for each slot");
    const call = new Call(slots.length);
    for (let first = 0; first < slots.length; ) {
      const slot = slots[first]!;
      const status = this.#refuse(slot);
      const held = status === undefined ? this.#held.run(slot, CLUSTER_PAGES) : 0;
      if (held === 0) {
        call.statuses[first] = status;
        if (status === undefined) this.#zero(into[first]!);
        first++;
        continue;
      }
      let end = first + 1;
      while (end - first < held && slots[end] === slot + end - first) end++;
      for (let index = first; index < end; index++) assertPage(into[index]!);
      this.#io!.read(new Run(call, first, slot, end - first), into);
      first = end;
    }
    return call.result();
  }

  writePages(slots: readonly number[], from: readonly Uint8Array[], lent = false): Promise<SlotStatus[]> {
    assert(slots.length === from.length, "there is one page for each slot");
    const call = new Call(slots.length);
    for (let first = 0; first < slots.length; ) {
      const end = this.#endOfWritable(slots, first, call.statuses);
      if (end > first) {
        const run = new Run(call, first, slots[first]!, end - first);
        this.#hold(run, from);
        if (lent) this.#io!.writeLent(run, from);
        else this.#io!.write(run, this.#copyOf(run, from), this.#giveBack);
      }
      first = Math.max(end, first + 1);
    }
    return call.result();
  }

  readPageNow(slot: number, into: Uint8Array): SlotStatus {
    const refused = this.#refuse(slot);
    if (refused !== undefined) return refused;
    if (!this.#held.has(slot)) return this.#zero(into);
    assertPage(into);
    return this.#io!.readNow(slot, into);
  }

  writePagesNow(slots: readonly number[], from: readonly Uint8Array[]): SlotStatus[] {
    assert(slots.length === from.length, "there is one page for each slot");
    const call = new Call(slots.length);
    for (let first = 0; first < slots.length; ) {
      const end = this.#endOfWritable(slots, first, call.statuses);
      if (end > first) {
        const run = new Run(call, first, slots[first]!, end - first);
        this.#hold(run, from);
        const buffer = this.#copyOf(run, from);
        this.#io!.writeNow(run, buffer);
        this.#buffers.give(buffer);
      }
      first = Math.max(end, first + 1);
    }
    return call.statuses;
  }

  async discard(slots: readonly number[]): Promise<void> {
    for (const slot of slots) {
      if (!isSlot(slot, this.capacity) || !this.#held.delete(slot)) continue;
      this.#sums?.forget(slot);
      this.#discardedPages++;
    }
    this.#truncate();
  }

  async flush(): Promise<void> {
    this.#assertOpened();
    if (this.#closing !== undefined) throw storeClosed(this.type);
    if (this.#flushFailure !== undefined) throw this.#flushFailure;
    try {
      await this.#io!.during(this.#sync());
    } finally {
      this.#flushes++;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  counters(): Counters {
    const io = this.#io;
    return {
      heldPages: this.#held.size,
      readPages: (io?.readPages ?? 0) + this.#zeroPages,
      zeroPages: this.#zeroPages,
      writtenPages: io?.writtenPages ?? 0,
      discardedPages: this.#discardedPages,
      readClusters: io?.readClusters ?? 0,
      writeClusters: io?.writeClusters ?? 0,
      failedSlots: (io?.failedSlots ?? 0) + this.#refusedSlots,
      flushes: this.#flushes,
      truncations: this.#truncations,
      ...this.#sums?.counters,
      ...this.#records.counters(),
    };
  }

  // What becomes of pages (PageOutcomes).

  get checks(): boolean {
    return this.#sums !== undefined;
  }

  arrived(slot: number, page: Uint8Array): SlotStatus {
    return this.#sums?.check(slot, page);
  }

  notRead(slot: number, error: unknown): TierError {
    if (error !== null) return this.#failure(`reading slot ${slot}`, error, { slot });
    return new TierError(
      "STORE_CORRUPT",
      `store file ${this.#place} ends before slot ${slot}, which was written: somebody shortened it; its content is lost.`,
      { path: this.#place, slot },
    );
  }

  notWritten(slot: number, error: unknown): TierError {
    this.#held.delete(slot); // The page may be torn; zeroes are honest.
    this.#sums?.forget(slot);
    return this.#failure(`writing slot ${slot}`, error ?? { code: "ENOSPC" }, { slot });
  }

  get #place(): string {
    return this.#file?.place ?? this.#path ?? "a temporary file";
  }

  async #open(): Promise<void> {
    const file = this.#path === undefined ? openPrivateFile() : openNamedFile(this.#path);
    this.#file = file;
    try {
      // A page cut short at the end of the file was never flushed; it reads as zeroes.
      this.#endSlot = Math.floor(fs.fstatSync(file.descriptor).size / PAGE_SIZE);
      this.#held.addBelow(Math.min(this.#endSlot, this.capacity));
      this.#io = new PageIo(file.descriptor, this);
      this.#openSums(file.place);
      if (this.#preallocate) await this.#extend(file.descriptor);
      await this.#records.open();
    } catch (error) {
      this.#io = undefined;
      this.#sums?.abandon();
      if (file.created && this.#path !== undefined) {
        for (const path of [file.place, `${file.place}.sums`]) fs.rmSync(path, { force: true });
      } else fs.ftruncateSync(file.descriptor, this.#endSlot * PAGE_SIZE);
      fs.closeSync(file.descriptor);
      file.release();
      throw TierError.is(error, "STORE_OPEN") ? error : cannotOpen(file.place, errnoOf(error), error);
    }
  }

  #openSums(place: string): void {
    const path = this.#path === undefined ? undefined : `${place}.sums`;
    if (this.#checksums === false && path !== undefined) fs.rmSync(path, { force: true });
    if (!(this.#checksums ?? (path !== undefined && fs.existsSync(path)))) return;
    this.#sums = new FileSums(place);
    // A slot with a checksum was written: if the file ends before it, somebody shortened that.
    if (path !== undefined) {
      this.#sums.open(path, (slot) => {
        if (slot < this.capacity) this.#held.add(slot);
      });
    }
  }

  /** Writes zeroes from the end of the file to the store's size. */
  async #extend(descriptor: number): Promise<void> {
    const zeroes = this.#buffers.take(CLUSTER_PAGES).fill(0);
    try {
      let position = this.#endSlot * PAGE_SIZE;
      while (position < this.capacity * PAGE_SIZE) {
        position += await writeSome(descriptor, zeroes, this.capacity * PAGE_SIZE - position, position);
      }
    } finally {
      this.#buffers.give(zeroes);
    }
  }

  async #sync(): Promise<void> {
    try {
      await this.#sums?.save();
    } catch (error) {
      throw this.#failure("writing the checksums", error, {}); // They are written again with the next flush.
    }
    const { descriptor } = this.#file!;
    try {
      const error = await new Promise<unknown>((resolve) => fs.fdatasync(descriptor, resolve));
      if (error !== null) throw error;
      await this.#records.flushRecords();
      await this.#sums?.sync();
    } catch (error) {
      // The system forgets which pages it could not write: no later flush can vouch for them.
      this.#flushFailure = new TierError(
        "STORE_IO",
        `flushing store file ${this.#place} failed (${errnoOf(error)}): what was written since the last flush may be lost; check the device and open the store again.`,
        { path: this.#place, errno: errnoOf(error) },
        { cause: error },
      );
      throw this.#flushFailure;
    }
  }

  async #close(): Promise<void> {
    await this.#opening?.catch(() => undefined); // Whoever opened it was told.
    await this.#io?.idle();
    await this.#records.close();
    await this.#sums?.close();
    if (this.#io !== undefined) {
      const { descriptor, release } = this.#file!;
      await new Promise((resolve) => fs.close(descriptor, resolve)); // What was not flushed was not promised.
      release();
    }
    this.#held.clear();
    this.#buffers.clear();
  }

  #refuse(slot: number): SlotStatus {
    this.#assertOpened();
    if (this.#closing === undefined && isSlot(slot, this.capacity)) return undefined;
    this.#refusedSlots++;
    return this.#closing !== undefined ? storeClosed(this.type) : badSlot(this.type, slot, this.capacity);
  }

  #assertOpened(): void {
    assert(this.#io !== undefined || this.#closing !== undefined, "a store is opened before it is used");
  }

  #zero(into: Uint8Array): undefined {
    assertPage(into);
    into.fill(0);
    this.#zeroPages++;
    return undefined;
  }

  /** End of the run of slots from `first` on that one I/O can write; `first` itself, with its status, if it is refused. */
  #endOfWritable(slots: readonly number[], first: number, statuses: SlotStatus[]): number {
    const slot = slots[first]!;
    statuses[first] = this.#refuse(slot);
    if (statuses[first] !== undefined) return first;
    let end = first + 1;
    while (end - first < CLUSTER_PAGES && slots[end] === slot + end - first && isSlot(slots[end]!, this.capacity))
      end++;
    return end;
  }

  /** Counts the slots of a run as held, with the pages that it is about to write. */
  #hold({ first, slot, pages }: Run, from: readonly Uint8Array[]): void {
    for (let done = 0; done < pages; done++) assertPage(from[first + done]!);
    this.#held.addRun(slot, pages);
    if (this.#sums !== undefined) {
      for (let done = 0; done < pages; done++) this.#sums.note(slot + done, from[first + done]!);
    }
    this.#endSlot = Math.max(this.#endSlot, slot + pages);
  }

  #copyOf({ first, pages }: Run, from: readonly Uint8Array[]): Uint8Array {
    const buffer = this.#buffers.take(pages);
    for (let done = 0; done < pages; done++) buffer.set(from[first + done]!, done * PAGE_SIZE);
    return buffer;
  }

  #failure(what: string, cause: unknown, details: { readonly slot?: number }): TierError {
    return systemError(`${what} of store file ${this.#place}`, cause, { path: this.#place, ...details });
  }

  /** Cuts off the end of the file that holds nothing. Never while a write is out, which could lie beyond the cut. */
  #truncate(): void {
    if (this.#preallocate || this.#io === undefined || this.#closing !== undefined || this.#io.writesInFlight > 0)
      return;
    const end = Math.max(this.#held.highest() + 1, this.#endSlot - TRUNCATE_SLOTS_MAX);
    if (this.#endSlot - end < TRUNCATE_SLOTS_MIN) return;
    try {
      fs.ftruncateSync(this.#file!.descriptor, end * PAGE_SIZE);
      this.#endSlot = end;
      this.#truncations++;
    } catch {
      // The space stays taken; nothing is wrong otherwise.
    }
  }
}

function assertPage(page: Uint8Array): void {
  assert(page.length === PAGE_SIZE, "a page has PAGE_SIZE bytes");
}

/** Writes up to `bytes` bytes of `source` and returns how many. */
function writeSome(descriptor: number, source: Uint8Array, bytes: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.write(descriptor, source, 0, Math.min(source.length, bytes), position, (error, written) => {
      if (error !== null) reject(error);
      else resolve(written);
    });
  });
}
