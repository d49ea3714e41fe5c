// The segments of a record log: which of them are free, which are written to, and which is worth cleaning.

import { assert, PAGE_SIZE } from "@pagetier/base";
import { SEGMENT_PAGES } from "./record-chunk.js";

const SEGMENT_BYTES = SEGMENT_PAGES * PAGE_SIZE;
/** What V8 keeps for a segment, roughly. */
const RECORD_BYTES = 96;

export class Segment {
  /** Nothing in it is needed, and it may be written to again. */
  isFree = false;
  /** Full, or given up: nothing is appended any more. */
  isClosed = false;
  /** Waits for a flush before it is free. */
  isUnflushed = false;
  /** Cleaning it did not work. */
  isStuck = false;
  /** Of live records, with what each takes in a directory. */
  liveBytes = 0;
  filledPages = 0;
  /** Chunks that are being written into it. */
  writes = 0;
  readers = 0;
  /** Sequence when something was last appended. */
  touched = 0;

  constructor(readonly number: number) {}

  get firstPage(): number {
    return this.number * SEGMENT_PAGES;
  }
}

export class Segments {
  /** In order of their place on the device. */
  readonly all: Segment[] = [];
  /** Those that are free as soon as the device has flushed, by the number under which each began to wait. */
  readonly #unflushed = new Map<number, Segment>();
  #lastUnflushed = 0;
  readonly #max: number;
  readonly #frontiers = new Map<"put" | "move", Segment>();
  #free = 0;

  constructor(segmentsMax: number) {
    this.#max = segmentsMax;
  }

  /** Segments that hold something. */
  get used(): number {
    return this.all.length - this.#free - this.#unflushed.size;
  }

  /** Segments that wait for a flush. */
  get unflushed(): number {
    return this.#unflushed.size;
  }

  /** Number of the last segment that began to wait: a flush that starts now is for those up to it. */
  get lastUnflushed(): number {
    return this.#lastUnflushed;
  }

  memoryBytes(): number {
    return this.all.length * RECORD_BYTES;
  }

  /** The segment of a page. */
  of(page: number): Segment {
    return this.all[Math.floor(page / SEGMENT_PAGES)]!;
  }

  /** Adds one that holds something already. It is the caller's to close. */
  addFilled(): void {
    const segment = new Segment(this.all.length);
    segment.filledPages = SEGMENT_PAGES;
    this.all.push(segment);
  }

  /**
   * Finds pages for a chunk.
   *
   * @param reserve segments that must stay free or possible
   * @returns its first page, if there was a place, and the segment that became full
   */
  place(
    frontier: "put" | "move",
    pages: number,
    reserve: number,
  ): { readonly page: number | undefined; readonly closed: Segment | undefined } {
    const present = this.#frontiers.get(frontier);
    if (present !== undefined && present.filledPages + pages <= SEGMENT_PAGES) {
      return { page: fill(present, pages), closed: undefined };
    }
    if (present !== undefined) {
      present.isClosed = true;
      this.#frontiers.delete(frontier);
    }
    const next = this.#take(reserve);
    if (next !== undefined) this.#frontiers.set(frontier, next);
    return { page: next === undefined ? undefined : fill(next, pages), closed: present };
  }

  /** Ends what is being appended to. @returns those segments */
  closeFrontiers(): Segment[] {
    const closed = [...this.#frontiers.values()];
    for (const segment of closed) segment.isClosed = true;
    this.#frontiers.clear();
    return closed;
  }

  /** A closed segment holds nothing any more. @param afterFlush whether it may be written to only after a flush */
  free(segment: Segment, afterFlush: boolean): void {
    if (segment.isFree || segment.isUnflushed) return;
    if (afterFlush) {
      segment.isUnflushed = true;
      this.#unflushed.set(++this.#lastUnflushed, segment);
    } else this.#release(segment);
  }

  /** Those that wait since before a flush started are free now that it has ended. */
  releaseUnflushed(last: number): void {
    for (const [number, segment] of this.#unflushed) {
      if (number > last) return;
      this.#unflushed.delete(number);
      this.#release(segment);
    }
  }

  /** Drops free segments at the end, if there are at least so many. @returns whether it did */
  trim(segmentsMin: number): boolean {
    let end = this.all.length;
    while (end > 0 && this.all[end - 1]!.isFree && this.all[end - 1]!.readers === 0) end--;
    const dropped = this.all.length - end;
    if (dropped < segmentsMin) return false;
    this.all.length = end;
    this.#free -= dropped;
    return true;
  }

  /** The segment whose cleaning promises most. @param liveBytesMax more than that, and it is not worth it */
  victim(now: number, liveBytesMax: number): Segment | undefined {
    let best: Segment | undefined;
    let bestScore = 0;
    for (const segment of this.all) {
      const { isClosed, isFree, isUnflushed, isStuck, writes, liveBytes } = segment;
      if (!isClosed || isFree || isUnflushed || isStuck || writes > 0 || liveBytes > liveBytesMax) continue;
      const used = liveBytes / SEGMENT_BYTES;
      const score = ((1 - used) * (1 + now - segment.touched)) / (1 + used);
      if (score <= bestScore) continue;
      best = segment;
      bestScore = score;
    }
    return best;
  }

  clear(): void {
    this.all.length = 0;
    this.#unflushed.clear();
    this.#frontiers.clear();
    this.#free = 0;
  }

  verify(): void {
    let free = 0;
    for (const [number, segment] of this.all.entries()) {
      assert(segment.number === number, "segments lie in their order");
      if (segment.isFree) free++;
      if (segment.isFree || segment.isUnflushed) assert(segment.liveBytes === 0, "what is free holds nothing");
      assert(segment.filledPages <= SEGMENT_PAGES, "a segment ends where the next begins");
    }
    assert(free === this.#free, "free counts the free segments");
  }

  #take(reserve: number): Segment | undefined {
    if (this.#free + this.#max - this.all.length <= reserve) return undefined;
    let segment = this.all.find(({ isFree, readers }) => isFree && readers === 0);
    if (segment !== undefined) this.#free--;
    else if (this.all.length < this.#max) {
      segment = new Segment(this.all.length);
      this.all.push(segment);
    } else return undefined;
    segment.isFree = false;
    segment.isClosed = false;
    segment.isStuck = false;
    segment.filledPages = 0;
    return segment;
  }

  #release(segment: Segment): void {
    segment.isUnflushed = false;
    segment.isFree = true;
    this.#free++;
  }
}

function fill(segment: Segment, pages: number): number {
  const page = segment.firstPage + segment.filledPages;
  segment.filledPages += pages;
  return page;
}
