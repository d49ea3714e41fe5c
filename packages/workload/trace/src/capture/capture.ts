// A program's accesses and system calls become a workload: what enters and leaves a filter of always-resident pages.
//
//   access ── in the filter ─▶ nothing (bytes that are stored are noted)
//       │ not
//       ├─ the page used longest ago leaves: a write, if it was stored to or its bytes have changed
//       └─ the page enters: a read, if it was there before; else alloc and a write of what it holds
//
//   munmap, brk, madvise ─▶ free     mremap ─▶ pages keep their numbers     exit ─▶ exit
//   read, write, recv, send ─▶ accesses of the kernel to the buffer
//
// Contents are read from the program's memory when a page enters or leaves. The program is a little ahead of what it said
// (by what lies in the pipe), so bytes may be newer than the operation; but the workload is consistent in itself: a page
// that is read holds what it was last written with. When bytes changed without a store that was seen (the kernel's work),
// the next entry writes them.

import { assert, ChunkedWords, PAGE_SIZE } from "@pagetier/base";
import type { ContainerWriter } from "../container/container-writer.js";
import { PageBuffer } from "../page-buffer.js";
import { PageHash } from "../page-hash.js";
import type { LackeyListener, SystemCall } from "./lackey-parser.js";
import { PageFilter } from "./page-filter.js";
import { PageNumbers } from "./page-numbers.js";

/** A program's memory, or a dump of it. */
export interface ProgramMemory {
  /** Copies the page at `page * PAGE_SIZE`. @returns `false` when there is none */
  read(page: number, into: Uint8Array): boolean;
}

export interface CaptureOptions {
  /** Pages of the filter. Default 256. */
  readonly filterPages?: number | undefined;
  /** The program's time now, in whole nanoseconds. */
  readonly now: () => number;
}

export const FILTER_PAGES_DEFAULT = 256;

const MADV_DONTNEED = 4;
const MADV_FREE = 8;
const MADV_REMOVE = 9;
/** Calls by which the kernel writes to a buffer or reads one: buffer and length are the second and third argument. */
const KERNEL_WRITES = new Set(["read", "pread64", "recvfrom"]);
const KERNEL_READS = new Set(["write", "pwrite64", "sendto"]);

/** Writes a workload into space 0 of a container. */
export class Capture implements LackeyListener {
  readonly #writer: ContainerWriter;
  readonly #memory: ProgramMemory;
  readonly #now: () => number;
  readonly #space: number;
  readonly #filter: PageFilter;
  readonly #numbers = new PageNumbers();
  // By number: hash of what the workload says the page holds; both 0: nothing.
  readonly #low = new ChunkedWords();
  readonly #high = new ChunkedWords();
  readonly #buffer = new PageBuffer();
  readonly #hash = new PageHash();
  #lastPage = -1;
  #lastEntry = 0;
  #brk = 0;
  #hasExited = false;
  #unreadable = 0;

  constructor(writer: ContainerWriter, memory: ProgramMemory, options: CaptureOptions) {
    this.#writer = writer;
    this.#memory = memory;
    this.#now = options.now;
    this.#filter = new PageFilter(options.filterPages ?? FILTER_PAGES_DEFAULT);
    this.#space = writer.addSpace({ name: "program", kind: "anon", filePages: 0 });
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** Pages that were gone from memory when they should have been read. */
  get unreadable(): number {
    return this.#unreadable;
  }

  access(address: number, bytes: number, isStore: boolean): void {
    const page = Math.floor(address / PAGE_SIZE);
    const offset = address % PAGE_SIZE;
    if (offset + bytes <= PAGE_SIZE) this.#touch(page, isStore, offset, offset + bytes);
    else this.#touchRange(address, bytes, isStore);
  }

  call({ name, args, result }: SystemCall): void {
    const [first = 0, second = 0, third = 0] = args;
    if (name === "munmap") this.#free(first, first + second);
    else if (name === "mmap" || name === "mmap2") this.#free(result, result + second);
    else if (name === "mremap") this.#move(first, second, result, third);
    else if (name === "madvise") {
      if (third === MADV_DONTNEED || third === MADV_FREE || third === MADV_REMOVE) this.#free(first, first + second);
    } else if (name === "brk") {
      if (result < this.#brk) this.#free(result, this.#brk);
      this.#brk = result;
    } else if (KERNEL_WRITES.has(name)) this.#touchRange(second, result, true);
    else if (KERNEL_READS.has(name)) this.#touchRange(second, result, false);
    else if (name === "exit_group") this.#exit();
  }

  /** The program was stopped before its end: what the filter holds leaves it. */
  flush(): void {
    while (this.#filter.size > 0 && !this.#hasExited) this.#leave(this.#filter.oldest);
  }

  #exit(): void {
    if (this.#hasExited) return;
    this.#hasExited = true;
    this.#writer.exit(this.#space, this.#now());
  }

  // ── The filter ──────────────────────────────────────────────────────────────────────────────────────────────────

  #touchRange(address: number, bytes: number, isStore: boolean): void {
    const end = address + bytes;
    for (let at = address; at < end; ) {
      const page = Math.floor(at / PAGE_SIZE);
      const next = Math.min(end, (page + 1) * PAGE_SIZE);
      this.#touch(page, isStore, at % PAGE_SIZE, next - page * PAGE_SIZE);
      at = next;
    }
  }

  #touch(page: number, isStore: boolean, from: number, to: number): void {
    if (page !== this.#lastPage) {
      if (this.#hasExited) return;
      this.#lastEntry = this.#filter.use(page) || this.#enter(page);
      this.#lastPage = page;
    }
    if (isStore) this.#filter.store(this.#lastEntry, from, to);
  }

  #enter(page: number): number {
    if (this.#filter.isFull) this.#leave(this.#filter.oldest);
    const number = this.#numbers.take(page);
    const isReadable = this.#readPage(page);
    if (this.#holdsSomething(number)) {
      this.#writer.read(this.#space, number, this.#now());
      if (isReadable && this.#hasChanged(number)) this.#write(number, 0, 0);
    } else {
      if (!isReadable) this.#buffer.bytes.fill(0);
      this.#hash.update(this.#buffer.words);
      this.#writer.alloc(this.#space, number, 1, this.#now());
      this.#write(number, 0, PAGE_SIZE);
    }
    return this.#filter.add(page);
  }

  #leave(entry: number): void {
    const page = this.#filter.pageOf(entry);
    const number = this.#numbers.get(page);
    assert(number !== undefined, "a page in the filter has a number");
    const to = this.#filter.storedTo(entry);
    if (this.#readPage(page) && (this.#hasChanged(number) || to > 0)) {
      this.#write(number, this.#filter.storedFrom(entry), to);
    }
    this.#forget(page);
  }

  /** Lets the filter go of a page. */
  #forget(page: number): void {
    this.#filter.remove(page);
    if (page === this.#lastPage) this.#lastPage = -1;
  }

  // ── Contents ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Copies a page into the buffer. */
  #readPage(page: number): boolean {
    if (this.#memory.read(page, this.#buffer.bytes)) return true;
    this.#unreadable++;
    return false;
  }

  /** Hashes the buffer. @returns whether it differs from what the workload says the page holds */
  #hasChanged(number: number): boolean {
    this.#hash.update(this.#buffer.words);
    return this.#low.get(number) !== this.#hash.low || this.#high.get(number) !== this.#hash.high;
  }

  #holdsSomething(number: number): boolean {
    return number < this.#low.capacity && (this.#low.get(number) !== 0 || this.#high.get(number) !== 0);
  }

  /** Writes the buffer, whose hash was just taken: bytes from..to - 1, and all others that differ from before. */
  #write(number: number, from: number, to: number): void {
    const before = this.#holdsSomething(number) ? this.#writer.contentOf(this.#space, number) : undefined;
    let [start, end] = [from, to];
    if (before === undefined) [start, end] = [0, PAGE_SIZE];
    else {
      const { bytes } = this.#buffer;
      let first = 0;
      while (first < PAGE_SIZE && before[first] === bytes[first]) first++;
      let last = PAGE_SIZE;
      while (last > first && before[last - 1] === bytes[last - 1]) last--;
      if (first < last) [start, end] = end === 0 ? [first, last] : [Math.min(start, first), Math.max(end, last)];
    }
    this.#writer.write(this.#space, number, this.#now(), this.#buffer.bytes, start, end - start);
    this.#low.ensure(number + 1);
    this.#high.ensure(number + 1);
    this.#low.set(number, this.#hash.low);
    this.#high.set(number, this.#hash.high);
  }

  // ── Mappings ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whole pages in [start, end) are given up; the last one may be begun only, as munmap rounds up. */
  #free(start: number, end: number): void {
    const freed: number[] = [];
    for (const page of this.#numbers.within(Math.ceil(start / PAGE_SIZE), Math.ceil(end / PAGE_SIZE))) {
      this.#forget(page);
      const number = this.#numbers.get(page)!;
      if (!this.#holdsSomething(number)) continue;
      this.#low.set(number, 0);
      this.#high.set(number, 0);
      freed.push(number);
    }
    freed.sort((a, b) => a - b);
    for (let index = 0; index < freed.length; ) {
      let count = 1;
      while (freed[index + count] === freed[index]! + count) count++;
      this.#writer.free(this.#space, freed[index]!, count, this.#now());
      index += count;
    }
  }

  /** mremap: pages keep their numbers, whatever their addresses; those cut off are freed. */
  #move(from: number, fromBytes: number, to: number, toBytes: number): void {
    if (toBytes < fromBytes) this.#free(from + toBytes, from + fromBytes);
    if (from === to) return;
    const kept = Math.ceil(Math.min(fromBytes, toBytes) / PAGE_SIZE);
    this.#free(to, to + toBytes);
    const firstFrom = from / PAGE_SIZE;
    const moved = [...this.#numbers.within(firstFrom, firstFrom + kept)].sort((a, b) => a - b);
    // Leaving the filter first: its entries are by address, and at the old one nothing can be read any more.
    for (const page of moved) this.#forget(page);
    for (const page of moved) this.#numbers.move(page, page - firstFrom + to / PAGE_SIZE);
  }
}
