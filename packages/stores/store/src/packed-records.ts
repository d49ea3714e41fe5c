// Records of variable length on a device of pages: a log in segments, cleaned as it grows.
//
// Records are never written over. What one call puts becomes one chunk (record-chunk.ts), and chunks are appended to a
// segment until it is full; replacing or deleting a record leaves garbage where it lay. When more than a third of what
// is used is garbage, the segment that promises most is read, its live records are appended elsewhere, and it is free
// again. That costs writes beside those that were asked for (`deviceBytesWritten` against `recordBytesWritten`); records
// that were moved once get segments of their own, since they are likely to stay.
//
//   victim      most (1 - u) × age / (1 + u), u being the part in use: old garbage first, young garbage may still grow
//   free again  at once; where the device is durable, when it has flushed the copies, so that a power cut finds the one
//               or the other
//   recovery    reads the log; of each key the record with the highest sequence whose checksum is right
//
// Calls on one key take effect in the order in which they were made: a put that settles finds out whether a later call
// has overtaken it. Of the bytes on the device nothing is believed without its checksum.
//
// Source: Rosenblum and Ousterhout, "The Design and Implementation of a Log-Structured File System", SOSP 1991.

import { crc32 } from "node:zlib";
import { assert, type Counters, PAGE_SIZE, TierError } from "@pagetier/base";
import { CHUNK_RECORDS, ChunkWriter, DIRECTORY_BYTES, readChunk, SEGMENT_PAGES } from "./record-chunk.js";
import { NO_ENTRY, RecordIndex } from "./record-index.js";
import { type Segment, Segments } from "./record-segments.js";
import { sameStatus, storeClosed } from "./slots.js";
import type { Record, RecordNeighbours, RecordStore, SlotStatus } from "./store.js";

const SEGMENT_BYTES = SEGMENT_PAGES * PAGE_SIZE;
/** Garbage is collected when it is more than this part of what is live, … */
const GARBAGE_SHARE = 0.5;
/** … and more than so many segments. */
const GARBAGE_SEGMENTS_MIN = 4;
/** A segment that is fuller than this gains nothing. */
const VICTIM_FILL_MAX = 0.95;
/** Segments that only cleaning may take. */
const RESERVE_SEGMENTS = 2;
/** Segments that wait for a flush before the log asks for one itself. */
const UNFLUSHED_SEGMENTS_MAX = 16;

/** Pages that a record log lies on. Calls may overlap. */
export interface RecordDevice {
  /** Fills `into`, whole pages, from page `page` on. */
  read(page: number, into: Uint8Array): Promise<SlotStatus>;
  /** Writes whole pages from page `page` on. `from` is the callee's until the promise settles. */
  write(page: number, from: Uint8Array): Promise<SlotStatus>;
  /** Makes completed writes durable. @throws TierError */
  flush(): Promise<void>;
  /** What lies from page `pages` on is needed no more. Best effort. */
  truncate(pages: number): void;
}

export interface PackedRecordsOptions {
  /** The store's name, for messages. */
  readonly type: string;
  readonly device: RecordDevice;
  /** Most bytes of records; the log takes up to half as much again, and 2 MiB. `Infinity`: no limit. */
  readonly capacityBytes: number;
  /** Whether the device keeps what was flushed, so that the log may be recovered from it. */
  readonly durable: boolean;
}

/** A chunk that could not be written yet: there was no free segment. */
interface Waiting {
  readonly writer: ChunkWriter;
  readonly settled: (status: SlotStatus, chunkPage: number) => void;
}

export class PackedRecords implements RecordStore {
  readonly #type: string;
  readonly #device: RecordDevice;
  readonly #capacityBytes: number;
  readonly #durable: boolean;
  readonly #index = new RecordIndex();
  readonly #segments: Segments;
  /** Keys whose put is under way, with the sequence of the last one. */
  readonly #pending = new Map<number, number>();
  readonly #waiting: Waiting[] = [];
  readonly #inFlight = new Set<Promise<unknown>>();
  #collecting: Promise<void> | undefined;
  #sequence = 1;
  #closed = false;
  /** Of live records, with what each takes in a directory. */
  #liveBytes = 0;
  /** Of records whose put is under way. */
  #pendingBytes = 0;
  #inFlightBytes = 0;
  #recordBytesWritten = 0;
  #deviceBytesWritten = 0;
  #deviceBytesRead = 0;
  #recordsRead = 0;
  #recordsCorrupt = 0;
  #recordsMoved = 0;
  #segmentsCleaned = 0;
  #writeFailures = 0;

  constructor({ type, device, capacityBytes, durable }: PackedRecordsOptions) {
    this.#type = type;
    this.#device = device;
    this.#capacityBytes = capacityBytes;
    this.#durable = durable;
    const segmentsMax = Math.ceil((capacityBytes * (1 + GARBAGE_SHARE)) / SEGMENT_BYTES) + 2 * GARBAGE_SEGMENTS_MIN;
    this.#segments = new Segments(segmentsMax);
  }

  memoryBytes(): number {
    return this.#index.memoryBytes() + this.#segments.memoryBytes() + this.#inFlightBytes;
  }

  /** Bytes of live records. */
  get #recordBytes(): number {
    return this.#liveBytes - this.#index.size * DIRECTORY_BYTES;
  }

  /** Reads what an earlier log left in the first `pages` pages. Comes before everything else, if it comes. @throws TierError */
  async recover(pages: number): Promise<void> {
    /** Sequence of the record that was found for a key; -1 for one whose bytes are damaged. */
    const found = new Map<number, number>();
    const bytes = new Uint8Array(SEGMENT_BYTES);
    for (let first = 0; first < pages; first += SEGMENT_PAGES) {
      const part = bytes.subarray(0, Math.min(SEGMENT_PAGES, pages - first) * PAGE_SIZE);
      const status = await this.#device.read(first, part);
      if (status !== undefined) throw status;
      this.#segments.addFilled();
      for (let page = 0; page * PAGE_SIZE < part.length; ) {
        const chunk = readChunk(part, page * PAGE_SIZE, first + page);
        for (const record of chunk?.records ?? []) {
          const start = page * PAGE_SIZE + record.offset;
          const isWhole = crc32(part.subarray(start, start + record.length)) === record.checksum;
          const sequence = isWhole ? record.sequence : -1;
          this.#sequence = Math.max(this.#sequence, record.sequence + 1);
          if (sequence < (found.get(record.key) ?? -2)) continue;
          found.set(record.key, sequence);
          this.#install(record.key, { ...record, chunkPage: first + page, chunkPages: chunk!.pages });
        }
        page += chunk?.pages ?? 1;
      }
    }
    for (const segment of this.#segments.all) {
      segment.isClosed = true; // Not before: a record found later may lie in one that looked empty.
      if (segment.liveBytes === 0) this.#segments.free(segment, false);
    }
    this.#trim(1);
  }

  putRecords(records: readonly Record[]): Promise<SlotStatus[]> {
    if (this.#closed) return Promise.resolve(sameStatus(records.length, storeClosed(this.#type)));
    const statuses = sameStatus<SlotStatus>(records.length, undefined);
    const writes: Promise<void>[] = [];
    let writer = new ChunkWriter();
    let members: number[] = [];
    const write = (): void => {
      if (members.length > 0) writes.push(this.#put(writer, members, statuses));
      writer = new ChunkWriter();
      members = [];
    };
    for (const [index, { key, bytes }] of records.entries()) {
      assert(Number.isSafeInteger(key) && key >= 0, "a record's key is a whole number from 0 on");
      assert(bytes.length >= 1 && bytes.length <= PAGE_SIZE, "a record has 1..PAGE_SIZE bytes");
      if (this.#recordBytes + this.#pendingBytes + bytes.length > this.#capacityBytes) {
        statuses[index] = this.#full(key);
        continue;
      }
      if (!writer.fits(bytes.length, SEGMENT_PAGES)) write();
      const sequence = this.#sequence++;
      writer.add(key, sequence, bytes, crc32(bytes));
      members.push(index);
      this.#pending.set(key, sequence);
      this.#pendingBytes += bytes.length;
      this.#recordBytesWritten += bytes.length;
    }
    write();
    return this.#tracked(Promise.all(writes).then(() => statuses));
  }

  async getRecord(key: number, into: Uint8Array, neighbours?: RecordNeighbours): Promise<number> {
    if (this.#closed) throw storeClosed(this.#type);
    const entry = this.#index.find(key);
    if (entry === NO_ENTRY) return 0;
    const length = this.#index.length(entry);
    const checksum = this.#index.checksum(entry);
    const offset = this.#index.offset(entry);
    const chunkPage = this.#index.chunkPage(entry);
    // Alone, only its pages; with neighbours, the chunk.
    const first = neighbours === undefined ? Math.floor(offset / PAGE_SIZE) : 0;
    const end = neighbours === undefined ? Math.ceil((offset + length) / PAGE_SIZE) : this.#index.chunkPages(entry);
    const bytes = await this.#tracked(this.#read(chunkPage + first, end - first));
    const start = offset - first * PAGE_SIZE;
    const found = bytes.subarray(start, start + length);
    if (crc32(found) !== checksum) {
      this.#recordsCorrupt++;
      throw new TierError(
        "STORE_CORRUPT",
        `record ${key} of store ${this.#type} is not what was written: its checksum is wrong; its content is lost.`,
        { type: this.#type, key, page: chunkPage + first },
      );
    }
    into.set(found);
    this.#recordsRead++;
    if (neighbours !== undefined) this.#visit(bytes, chunkPage, offset, neighbours);
    return length;
  }

  async deleteRecords(keys: readonly number[]): Promise<void> {
    for (const key of keys) {
      this.#pending.delete(key);
      this.#forget(key);
    }
    this.#collectIfWasteful();
  }

  async clearRecords(): Promise<void> {
    if (this.#closed) return;
    const keys: number[] = [];
    this.#index.forEach((key) => {
      keys.push(key);
    });
    this.#pending.clear();
    for (const key of keys) this.#forget(key);
    // A frontier that is left holds nothing either.
    for (const segment of this.#segments.closeFrontiers()) this.#freeIfEmpty(segment);
    if (this.#segments.unflushed > 0) await this.#tracked(this.flush());
    this.#trim(1);
  }

  /** Makes completed puts durable, and what they replaced free. @throws TierError */
  async flush(): Promise<void> {
    if (this.#segments.all.length === 0) return;
    const { lastUnflushed } = this.#segments;
    await this.#device.flush();
    this.#segments.releaseUnflushed(lastUnflushed);
  }

  /** Waits for what is under way. The device is the owner's to close. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#failWaiting(storeClosed(this.#type));
    await Promise.allSettled([...this.#inFlight, this.#collecting]);
    this.#index.clear();
    this.#segments.clear();
    this.#liveBytes = 0;
  }

  counters(): Counters {
    return {
      records: this.#index.size,
      recordBytes: this.#recordBytes,
      recordSegments: this.#segments.used,
      recordBytesWritten: this.#recordBytesWritten,
      deviceBytesWritten: this.#deviceBytesWritten,
      deviceBytesRead: this.#deviceBytesRead,
      recordsRead: this.#recordsRead,
      recordsCorrupt: this.#recordsCorrupt,
      recordsMoved: this.#recordsMoved,
      recordSegmentsCleaned: this.#segmentsCleaned,
      recordWriteFailures: this.#writeFailures,
    };
  }

  /** Throws AssertionError at the first broken invariant. O(records). */
  verify(): void {
    this.#index.verify();
    const live = new Map<Segment, number>();
    let liveBytes = 0;
    this.#index.forEach((_key, entry) => {
      const segment = this.#segments.of(this.#index.chunkPage(entry));
      assert(!segment.isFree, "a record lies in a segment in use");
      const bytes = this.#index.length(entry) + DIRECTORY_BYTES;
      live.set(segment, (live.get(segment) ?? 0) + bytes);
      liveBytes += bytes;
    });
    for (const segment of this.#segments.all) {
      assert(segment.liveBytes === (live.get(segment) ?? 0), "liveBytes of a segment sums its records");
      assert(segment.readers >= 0 && segment.writes >= 0, "what is under way is counted");
    }
    assert(liveBytes === this.#liveBytes, "liveBytes sums the records");
    if (this.#inFlight.size === 0) assert(this.#pendingBytes === 0, "bytes are on their way in calls only");
    this.#segments.verify();
  }

  /** Writes one chunk of a put. */
  #put(writer: ChunkWriter, members: readonly number[], statuses: SlotStatus[]): Promise<void> {
    return new Promise((resolve) => {
      const settled = (status: SlotStatus, chunkPage: number): void => {
        for (const [at, record] of writer.records.entries()) {
          statuses[members[at]!] = status;
          this.#pendingBytes -= record.length;
          if (this.#pending.get(record.key) !== record.sequence) continue; // Overtaken: what was written is garbage.
          this.#pending.delete(record.key);
          if (status === undefined) this.#install(record.key, { ...record, chunkPage, chunkPages: writer.pages });
        }
        resolve();
        this.#collectIfWasteful();
      };
      if (this.#waiting.length === 0 && this.#append(writer, "put", settled)) return;
      writer.own();
      this.#waiting.push({ writer, settled });
      this.#collect();
    });
  }

  /** Starts writing a chunk. @returns whether there was a place */
  #append(
    writer: ChunkWriter,
    frontier: "put" | "move",
    settled: (status: SlotStatus, chunkPage: number) => void,
  ): boolean {
    const { pages } = writer;
    const { page, closed } = this.#segments.place(frontier, pages, frontier === "put" ? RESERVE_SEGMENTS : 0);
    if (closed !== undefined) this.#freeIfEmpty(closed);
    if (page === undefined) return false;
    const segment = this.#segments.of(page);
    segment.writes++;
    segment.touched = this.#sequence;
    const chunk = writer.finish(page);
    this.#inFlightBytes += chunk.length;
    const write = this.#device.write(page, chunk).then((status) => {
      this.#inFlightBytes -= chunk.length;
      segment.writes--;
      if (status === undefined) this.#deviceBytesWritten += chunk.length;
      else this.#writeFailures++;
      settled(status, page);
      this.#freeIfEmpty(segment);
    });
    void this.#tracked(write);
    return true;
  }

  #install(key: number, place: Parameters<RecordIndex["set"]>[1]): void {
    this.#forget(key);
    this.#index.set(key, place);
    this.#segments.of(place.chunkPage).liveBytes += place.length + DIRECTORY_BYTES;
    this.#liveBytes += place.length + DIRECTORY_BYTES;
  }

  #forget(key: number): void {
    const entry = this.#index.find(key);
    if (entry === NO_ENTRY) return;
    const bytes = this.#index.length(entry) + DIRECTORY_BYTES;
    const segment = this.#segments.of(this.#index.chunkPage(entry));
    segment.liveBytes -= bytes;
    this.#liveBytes -= bytes;
    this.#index.delete(key);
    this.#freeIfEmpty(segment);
  }

  #freeIfEmpty(segment: Segment): void {
    if (!segment.isClosed || segment.writes > 0 || segment.liveBytes > 0) return;
    this.#segments.free(segment, this.#durable);
    this.#trim(GARBAGE_SEGMENTS_MIN);
  }

  /** Cuts off free segments at the end, if there are at least so many. */
  #trim(segmentsMin: number): void {
    if (this.#segments.trim(segmentsMin)) this.#device.truncate(this.#segments.all.length * SEGMENT_PAGES);
  }

  async #read(page: number, pages: number): Promise<Uint8Array> {
    const segment = this.#segments.of(page);
    const bytes = new Uint8Array(pages * PAGE_SIZE);
    segment.readers++; // Keeps the segment from being used again meanwhile.
    this.#inFlightBytes += bytes.length;
    const status = await this.#device.read(page, bytes);
    this.#inFlightBytes -= bytes.length;
    segment.readers--;
    if (status !== undefined) throw status;
    this.#deviceBytesRead += bytes.length;
    return bytes;
  }

  /** Shows the records beside the one at `offset`, nearest first, the following before the preceding. */
  #visit(bytes: Uint8Array, chunkPage: number, offset: number, { recordsMax, visit }: RecordNeighbours): void {
    const records = readChunk(bytes, 0, chunkPage)?.records;
    const own = records?.findIndex((record) => record.offset === offset) ?? -1;
    if (records === undefined || own < 0) return;
    let left = recordsMax;
    for (let distance = 1; distance < records.length && left > 0; distance++) {
      for (const record of [records[own + distance], records[own - distance]]) {
        if (record === undefined || left === 0) continue;
        if (!this.#index.isAt(this.#index.find(record.key), chunkPage, record.offset)) continue;
        const found = bytes.subarray(record.offset, record.offset + record.length);
        if (crc32(found) !== record.checksum) continue;
        left--;
        visit(record.key, found);
      }
    }
  }

  #isWasteful(): boolean {
    const garbage = this.#segments.used * SEGMENT_BYTES - this.#liveBytes;
    return garbage > this.#liveBytes * GARBAGE_SHARE + GARBAGE_SEGMENTS_MIN * SEGMENT_BYTES;
  }

  #collectIfWasteful(): void {
    if (this.#collecting === undefined && !this.#closed && this.#isWasteful()) this.#collect();
  }

  #collect(): void {
    this.#collecting ??= this.#collectAll().finally(() => {
      this.#collecting = undefined;
    });
  }

  async #collectAll(): Promise<void> {
    await undefined; // Nothing settles from within a call.
    while (!this.#closed && (this.#waiting.length > 0 || this.#isWasteful())) {
      if (!(await this.#releaseUnflushed())) break;
      this.#writeWaiting();
      const victim = this.#segments.victim(this.#sequence, VICTIM_FILL_MAX * SEGMENT_BYTES);
      if (victim === undefined || !(await this.#clean(victim))) break;
    }
    await this.#releaseUnflushed();
    this.#writeWaiting();
    if (!this.#closed) this.#failWaiting(this.#full());
  }

  /** Gets segments back that wait for a flush, when they are many or wanted. @returns whether none of them is stuck */
  async #releaseUnflushed(): Promise<boolean> {
    const { unflushed } = this.#segments;
    if (unflushed === 0 || (unflushed <= UNFLUSHED_SEGMENTS_MAX && this.#waiting.length === 0)) return true;
    try {
      await this.flush();
      return true;
    } catch {
      return false; // The device says so again to whoever flushes it.
    }
  }

  #writeWaiting(): void {
    while (this.#waiting.length > 0) {
      const { writer, settled } = this.#waiting[0]!;
      if (!this.#append(writer, "put", settled)) return;
      this.#waiting.shift();
    }
  }

  #failWaiting(status: TierError): void {
    for (const { settled } of this.#waiting.splice(0)) settled(status, 0);
  }

  /** Moves what is live in a segment elsewhere. @returns whether there was a place for it */
  async #clean(victim: Segment): Promise<boolean> {
    const base = victim.firstPage;
    let bytes: Uint8Array;
    try {
      bytes = await this.#read(base, victim.filledPages);
    } catch {
      victim.isStuck = true;
      return true;
    }
    const moves: Promise<void>[] = [];
    let room = true;
    let writer = new ChunkWriter();
    let from: { readonly chunkPage: number; readonly offset: number }[] = [];
    const move = (): void => {
      if (from.length > 0 && room) room = this.#move(writer, from, moves);
      writer = new ChunkWriter();
      from = [];
    };
    for (let page = 0; page < victim.filledPages && room; ) {
      const chunk = readChunk(bytes, page * PAGE_SIZE, base + page);
      for (const record of chunk?.records ?? []) {
        const entry = this.#index.find(record.key);
        if (!this.#index.isAt(entry, base + page, record.offset)) continue;
        if (!writer.fits(record.length, SEGMENT_PAGES)) move();
        const start = page * PAGE_SIZE + record.offset;
        // With the sequence it was put under: a put that is under way stays the later one, also after a power cut.
        writer.add(
          record.key,
          record.sequence,
          bytes.subarray(start, start + record.length),
          this.#index.checksum(entry),
        );
        from.push({ chunkPage: base + page, offset: record.offset });
      }
      page += chunk?.pages ?? 1;
    }
    move();
    await Promise.all(moves);
    if (!room) return false;
    this.#segmentsCleaned++;
    // What is left could not be written elsewhere, or its directory is damaged: it can be read, and stays.
    if (!victim.isFree && victim.liveBytes > 0) victim.isStuck = true;
    return true;
  }

  #move(
    writer: ChunkWriter,
    from: readonly { readonly chunkPage: number; readonly offset: number }[],
    moves: Promise<void>[],
  ): boolean {
    let finish: (() => void) | undefined;
    const started = this.#append(writer, "move", (status, chunkPage) => {
      for (const [at, record] of writer.records.entries()) {
        const old = from[at]!;
        if (status !== undefined || !this.#index.isAt(this.#index.find(record.key), old.chunkPage, old.offset))
          continue;
        this.#install(record.key, { ...record, chunkPage, chunkPages: writer.pages });
        this.#recordsMoved++;
      }
      finish?.();
    });
    if (started) {
      moves.push(
        new Promise((resolve) => {
          finish = resolve;
        }),
      );
    }
    return started;
  }

  #tracked<Result>(work: Promise<Result>): Promise<Result> {
    this.#inFlight.add(work);
    const done = (): void => {
      this.#inFlight.delete(work);
    };
    work.then(done, done);
    return work;
  }

  #full(key?: number): TierError {
    return new TierError(
      "STORE_NO_SPACE",
      `store ${this.#type} has no room for another record: ${this.#recordBytes} of ${this.#capacityBytes} bytes are taken; give it a larger size.`,
      { type: this.#type, key, recordBytes: this.#recordBytes, capacityBytes: this.#capacityBytes },
    );
  }
}

assert(SEGMENT_PAGES * PAGE_SIZE >= CHUNK_RECORDS * (PAGE_SIZE + DIRECTORY_BYTES) + 32, "a segment holds any chunk");
