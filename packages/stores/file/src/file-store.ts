// A store in one sparse file: slot n is the page at byte n * PAGE_SIZE.
//
// Slots of one call that follow one another are one I/O of up to CLUSTER_PAGES pages. Reads go straight into the
// caller's pages; writes are copied at once (see io-buffers.ts). A bit per slot says whether it holds a page, so slots
// never written, and discarded ones, read as zeroes without I/O. Node cannot punch holes: discarding gives disk space
// back only at the end of the file, by truncation.
//
// When an I/O of several pages fails it is done again page by page, so that the status of each slot is its own.
import fs from "node:fs";
import { assert, type Counters, PAGE_SIZE, TierError } from "@pagetier/base";
import {
  type BackingStore,
  badSlot,
  isSlot,
  type NowStore,
  type RecordStore,
  type SlotStatus,
  sameStatus,
  slotsOfSize,
  storeClosed,
} from "@pagetier/store";
import { FileRecords } from "./file-records.js";
import { CLUSTER_PAGES, IoBuffers } from "./io-buffers.js";
import { cannotOpen, type OpenedFile, openNamedFile, openPrivateFile } from "./open-file.js";
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
}

export class FileStore implements BackingStore, NowStore {
  readonly type = "file";
  readonly durable: boolean;
  readonly capacity: number;
  readonly now: NowStore = this;
  readonly records: RecordStore;
  readonly #records: FileRecords;
  readonly #path: string | undefined;
  readonly #preallocate: boolean;
  readonly #held = new SlotSet();
  readonly #buffers = new IoBuffers();
  #file: OpenedFile | undefined;
  #descriptor = -1;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** Slots that the file is long: beyond them there is nothing to read. */
  #endSlot = 0;
  #operationsInFlight = 0;
  #writesInFlight = 0;
  #whenIdle: (() => void) | undefined;
  #flushFailure: TierError | undefined;
  #readPages = 0;
  #zeroPages = 0;
  #writtenPages = 0;
  #discardedPages = 0;
  #readClusters = 0;
  #writeClusters = 0;
  #failedSlots = 0;
  #flushes = 0;
  #truncations = 0;

  /** @throws TierError BAD_SIZE, STORE_BAD_OPTION */
  constructor(options: FileStoreOptions = {}) {
    this.#path = options.path;
    this.#preallocate = options.preallocate ?? false;
    this.durable = options.path !== undefined;
    this.capacity = slotsOfSize(options.size ?? "auto");
    this.#records = new FileRecords({
      path: options.path,
      capacityBytes: this.capacity * PAGE_SIZE,
      failure: (what, cause) => this.#systemError(`${what} of store file ${this.#place}`, cause, {}),
    });
    this.records = this.#records;
    if (this.#preallocate && this.capacity === Number.POSITIVE_INFINITY) {
      throw new TierError("STORE_BAD_OPTION", 'preallocate needs a size, but size is "auto"; write a size like 1GiB.');
    }
  }

  memoryBytes(): number {
    return this.#buffers.memoryBytes() + this.#held.memoryBytes() + this.#records.memoryBytes();
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
      if (status !== undefined || !this.#held.has(slot)) {
        call.statuses[first] = status;
        if (status === undefined) this.#zero(into[first]!);
        first++;
        continue;
      }
      let end = first + 1;
      while (end - first < CLUSTER_PAGES && slots[end] === slot + end - first && this.#held.has(slots[end]!)) end++;
      this.#startRead(new Run(call, first, slot, end - first), into.slice(first, end));
      first = end;
    }
    return call.result();
  }

  writePages(slots: readonly number[], from: readonly Uint8Array[]): Promise<SlotStatus[]> {
    assert(slots.length === from.length, "there is one page for each slot");
    const call = new Call(slots.length);
    for (let first = 0; first < slots.length; ) {
      const end = this.#endOfWritable(slots, first, call.statuses);
      if (end > first) {
        const buffer = this.#copyIn(slots[first]!, from, first, end);
        this.#startWrite(new Run(call, first, slots[first]!, end - first), buffer);
      }
      first = Math.max(end, first + 1);
    }
    return call.result();
  }

  readPageNow(slot: number, into: Uint8Array): SlotStatus {
    const refused = this.#refuse(slot);
    if (refused !== undefined) return refused;
    if (!this.#held.has(slot)) return this.#zero(into);
    assert(into.length === PAGE_SIZE, "a page has PAGE_SIZE bytes");
    this.#readClusters++;
    try {
      const bytes = fs.readSync(this.#descriptor, into, 0, PAGE_SIZE, slot * PAGE_SIZE);
      if (bytes < PAGE_SIZE) return this.#failed(this.#tooShort(slot));
    } catch (error) {
      return this.#failed(this.#ioError("reading", slot, error));
    }
    this.#readPages++;
    return undefined;
  }

  writePagesNow(slots: readonly number[], from: readonly Uint8Array[]): SlotStatus[] {
    assert(slots.length === from.length, "there is one page for each slot");
    const call = new Call(slots.length);
    for (let first = 0; first < slots.length; ) {
      const end = this.#endOfWritable(slots, first, call.statuses);
      if (end > first) {
        const buffer = this.#copyIn(slots[first]!, from, first, end);
        this.#writeNow(new Run(call, first, slots[first]!, end - first), buffer);
        this.#buffers.give(buffer);
      }
      first = Math.max(end, first + 1);
    }
    return call.statuses;
  }

  async discard(slots: readonly number[]): Promise<void> {
    for (const slot of slots) {
      if (isSlot(slot, this.capacity) && this.#held.delete(slot)) this.#discardedPages++;
    }
    this.#truncate();
  }

  async flush(): Promise<void> {
    this.#assertOpened();
    if (this.#closing !== undefined) throw storeClosed(this.type);
    if (this.#flushFailure !== undefined) throw this.#flushFailure;
    this.#operationsInFlight++;
    try {
      const error = await new Promise<unknown>((resolve) => fs.fdatasync(this.#descriptor, resolve));
      if (error !== null) throw error;
      await this.#records.flushRecords();
    } catch (error) {
      // The system forgets which pages it could not write: no later flush can vouch for them.
      const errno = TierError.is(error) ? String(error.context.errno) : errnoOf(error);
      this.#flushFailure = new TierError(
        "STORE_IO",
        `flushing store file ${this.#place} failed (${errno}): what was written since the last flush may be lost; check the device and open the store again.`,
        { path: this.#place, errno },
        { cause: error },
      );
      throw this.#flushFailure;
    } finally {
      this.#operationsInFlight--;
      this.#flushes++;
      this.#wakeIfIdle();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  counters(): Counters {
    return {
      heldPages: this.#held.size,
      readPages: this.#readPages,
      zeroPages: this.#zeroPages,
      writtenPages: this.#writtenPages,
      discardedPages: this.#discardedPages,
      readClusters: this.#readClusters,
      writeClusters: this.#writeClusters,
      failedSlots: this.#failedSlots,
      flushes: this.#flushes,
      truncations: this.#truncations,
      ...this.#records.counters(),
    };
  }

  get #place(): string {
    return this.#file?.place ?? this.#path ?? "a temporary file";
  }

  async #open(): Promise<void> {
    const file = this.#path === undefined ? openPrivateFile() : openNamedFile(this.#path);
    this.#file = file;
    this.#descriptor = file.descriptor;
    try {
      // A page cut short at the end of the file was never flushed; it reads as zeroes.
      this.#endSlot = Math.floor(fs.fstatSync(file.descriptor).size / PAGE_SIZE);
      this.#held.addBelow(Math.min(this.#endSlot, this.capacity));
      if (this.#preallocate) await this.#extend();
      await this.#records.open();
    } catch (error) {
      if (file.created && this.#path !== undefined) fs.rmSync(file.place, { force: true });
      else fs.ftruncateSync(file.descriptor, this.#endSlot * PAGE_SIZE);
      fs.closeSync(file.descriptor);
      file.release();
      this.#descriptor = -1;
      throw TierError.is(error, "STORE_OPEN") ? error : cannotOpen(file.place, errnoOf(error), error);
    }
  }

  /** Writes zeroes from the end of the file to the store's size. */
  async #extend(): Promise<void> {
    const zeroes = this.#buffers.take(CLUSTER_PAGES).fill(0);
    try {
      let position = this.#endSlot * PAGE_SIZE;
      while (position < this.capacity * PAGE_SIZE) {
        position += await writeSome(this.#descriptor, zeroes, this.capacity * PAGE_SIZE - position, position);
      }
    } finally {
      this.#buffers.give(zeroes);
    }
  }

  async #close(): Promise<void> {
    await this.#opening?.catch(() => undefined); // Whoever opened it was told.
    if (this.#operationsInFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve;
      });
    }
    await this.#records.close();
    if (this.#descriptor >= 0) {
      await new Promise((resolve) => fs.close(this.#descriptor, resolve)); // What was not flushed was not promised.
      this.#file?.release();
    }
    this.#descriptor = -1;
    this.#held.clear();
    this.#buffers.clear();
  }

  #refuse(slot: number): SlotStatus {
    this.#assertOpened();
    if (this.#closing === undefined && isSlot(slot, this.capacity)) return undefined;
    this.#failedSlots++;
    return this.#closing !== undefined ? storeClosed(this.type) : badSlot(this.type, slot, this.capacity);
  }

  #assertOpened(): void {
    assert(this.#descriptor >= 0 || this.#closing !== undefined, "a store is opened before it is used");
  }

  #zero(into: Uint8Array): undefined {
    assert(into.length === PAGE_SIZE, "a page has PAGE_SIZE bytes");
    into.fill(0);
    this.#readPages++;
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

  /** Takes the bytes of a run and counts its slots as held. */
  #copyIn(slot: number, from: readonly Uint8Array[], first: number, end: number): Uint8Array {
    const buffer = this.#buffers.take(end - first);
    for (let index = first; index < end; index++) {
      const page = from[index]!;
      assert(page.length === PAGE_SIZE, "a page has PAGE_SIZE bytes");
      buffer.set(page, (index - first) * PAGE_SIZE);
      this.#held.add(slot + index - first);
    }
    this.#endSlot = Math.max(this.#endSlot, slot + end - first);
    return buffer;
  }

  #startRead(run: Run, into: readonly Uint8Array[]): void {
    for (const page of into) assert(page.length === PAGE_SIZE, "a page has PAGE_SIZE bytes");
    run.call.pending++;
    this.#operationsInFlight++;
    const step = (): void => {
      this.#readClusters++;
      const asked = run.next();
      const settled = (error: unknown, bytes: number): void => {
        this.#readPages += this.#settle(run, asked, bytes, error, "reading");
        if (run.done < run.pages) step();
        else this.#finish(run.call);
      };
      const position = (run.slot + run.done) * PAGE_SIZE;
      if (asked === 1) fs.read(this.#descriptor, into[run.done]!, 0, PAGE_SIZE, position, settled);
      else fs.readv(this.#descriptor, run.done === 0 ? into : into.slice(run.done), position, settled);
    };
    step();
  }

  #startWrite(run: Run, buffer: Uint8Array): void {
    run.call.pending++;
    this.#operationsInFlight++;
    this.#writesInFlight++;
    const step = (): void => {
      this.#writeClusters++;
      const asked = run.next();
      const settled = (error: unknown, bytes: number): void => {
        this.#writtenPages += this.#settle(run, asked, bytes, error, "writing");
        if (run.done < run.pages) {
          step();
          return;
        }
        this.#writesInFlight--;
        this.#buffers.give(buffer);
        this.#finish(run.call);
      };
      const position = (run.slot + run.done) * PAGE_SIZE;
      fs.write(this.#descriptor, buffer, run.done * PAGE_SIZE, asked * PAGE_SIZE, position, settled);
    };
    step();
  }

  #writeNow(run: Run, buffer: Uint8Array): void {
    while (run.done < run.pages) {
      this.#writeClusters++;
      const asked = run.next();
      let bytes = 0;
      let failure: unknown = null;
      try {
        const position = (run.slot + run.done) * PAGE_SIZE;
        bytes = fs.writeSync(this.#descriptor, buffer, run.done * PAGE_SIZE, asked * PAGE_SIZE, position);
      } catch (error) {
        failure = error;
      }
      this.#writtenPages += this.#settle(run, asked, bytes, failure, "writing");
    }
  }

  /**
   * Takes note of what one I/O of `asked` pages did: moves the run on, turns it to single pages, or gives one up.
   *
   * @returns pages that are done well
   */
  #settle(run: Run, asked: number, bytes: number, error: unknown, action: "reading" | "writing"): number {
    const whole = error === null ? Math.floor(bytes / PAGE_SIZE) : 0;
    run.done += whole;
    if (whole === asked) return whole;
    if (asked > 1) {
      run.single = true;
      return whole;
    }
    const slot = run.slot + run.done;
    let status: TierError;
    if (error !== null) status = this.#ioError(action, slot, error);
    else status = action === "reading" ? this.#tooShort(slot) : this.#ioError(action, slot, { code: "ENOSPC" });
    if (action === "writing") this.#held.delete(slot); // The page may be torn; zeroes are honest.
    run.call.statuses[run.first + run.done] = this.#failed(status);
    run.done++;
    return 0;
  }

  #finish(call: Call): void {
    this.#operationsInFlight--;
    call.finishOne();
    this.#wakeIfIdle();
  }

  #wakeIfIdle(): void {
    if (this.#operationsInFlight === 0) this.#whenIdle?.();
  }

  #failed(status: TierError): TierError {
    this.#failedSlots++;
    return status;
  }

  #ioError(action: "reading" | "writing", slot: number, cause: unknown): TierError {
    return this.#systemError(`${action} slot ${slot} of store file ${this.#place}`, cause, { slot });
  }

  /** @param what what failed, as the beginning of a sentence */
  #systemError(what: string, cause: unknown, details: { readonly slot?: number }): TierError {
    const errno = errnoOf(cause);
    const context = { path: this.#place, ...details, errno };
    const options = cause instanceof Error ? { cause } : undefined;
    if (errno === "ENOSPC" || errno === "EDQUOT") {
      const message = `${what} failed: the disk is full (${errno}); free space.`;
      return new TierError("STORE_NO_SPACE", message, context, options);
    }
    if (errno === "EFBIG") {
      const message = `${what} failed: the file may not get larger (EFBIG); raise the file-size limit (ulimit -f) or set a smaller size.`;
      return new TierError("STORE_NO_SPACE", message, context, options);
    }
    return new TierError("STORE_IO", `${what} failed (${errno}); check the device.`, context, options);
  }

  #tooShort(slot: number): TierError {
    return new TierError(
      "STORE_CORRUPT",
      `store file ${this.#place} ends before slot ${slot}, which was written: somebody shortened it; its content is lost.`,
      { path: this.#place, slot },
    );
  }

  /** Cuts off the end of the file that holds nothing. Never while a write is out, which could lie beyond the cut. */
  #truncate(): void {
    if (this.#preallocate || this.#writesInFlight > 0 || this.#descriptor < 0) return;
    const end = Math.max(this.#held.highest() + 1, this.#endSlot - TRUNCATE_SLOTS_MAX);
    if (this.#endSlot - end < TRUNCATE_SLOTS_MIN) return;
    try {
      fs.ftruncateSync(this.#descriptor, end * PAGE_SIZE);
      this.#endSlot = end;
      this.#truncations++;
    } catch {
      // The space stays taken; nothing is wrong otherwise.
    }
  }
}

/** One call's statuses, and how many of its I/Os are out. */
class Call {
  readonly statuses: SlotStatus[];
  pending = 0;
  #resolve: ((statuses: SlotStatus[]) => void) | undefined;

  constructor(count: number) {
    this.statuses = sameStatus<SlotStatus>(count, undefined);
  }

  result(): Promise<SlotStatus[]> {
    if (this.pending === 0) return Promise.resolve(this.statuses);
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  finishOne(): void {
    if (--this.pending === 0) this.#resolve?.(this.statuses);
  }
}

/** Slots `slot`..`slot + pages - 1`, which are the call's `first`..`first + pages - 1`. */
class Run {
  /** Pages that are settled, well or not. */
  done = 0;
  /** After a failure: one page at a time. */
  single = false;

  constructor(
    readonly call: Call,
    readonly first: number,
    readonly slot: number,
    readonly pages: number,
  ) {}

  /** Pages that the next I/O asks for. */
  next(): number {
    return this.single ? 1 : this.pages - this.done;
  }
}

function errnoOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "unknown error";
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
