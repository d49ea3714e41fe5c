// What an experiment wants to know and no counter says: how good the victims were, and what became of what was written.
//
// The instruments stand between the replay and the space and look at each access before it is carried out, and MM tells
// them which pages leave. They cost no virtual time.
//
// - Rank of a victim: among pages in memory (a sample of 8), the share wanted later than the victim. 0 is Belady's choice,
//   one half is a random one.
// - Wanted again soon: evictions after which the page was wanted within four times as many requests as memory has pages.
// - LRU inversion: a device read of a page that left memory after the coldest page that the pool still holds.
// - Fate of a write: the page was read back from the device; or, without that, it was written to, or freed; or at the end it
//   lies in a pool or in memory as well; or nobody wanted it until then.

import { createPrng } from "@pagetier/base";
import type { AnonSpace, PageLocation } from "@pagetier/mm";
import type { ReplayTarget } from "@pagetier/trace";
import type { Future } from "./future.js";
import type { Eviction } from "./known-future-policies.js";

const NOTHING = 0;
const UNREAD = 1;
const READ = 2;
const WORD_BYTES = 8;
const SAMPLE = 8;
/** Every so many victims are ranked: it takes time. */
const RANK_EVERY = 4;
const TRIES_MAX = 400;
const SOON = 4;

/** Counts since the last {@link Instruments.reset}. */
export interface InstrumentCounts {
  evictions: number;
  /** Sums over the victims whose rank was taken. */
  rankSum: number;
  ranked: number;
  wantedSoon: number;
  wantedAgain: number;
  poolFaults: number;
  storeFaults: number;
  remoteFaults: number;
  inversions: number;
  writesUsed: number;
  writesDirtied: number;
  writesFreed: number;
  writesCopied: number;
  writesUnwanted: number;
}

function noCounts(): InstrumentCounts {
  return {
    evictions: 0,
    rankSum: 0,
    ranked: 0,
    wantedSoon: 0,
    wantedAgain: 0,
    poolFaults: 0,
    storeFaults: 0,
    remoteFaults: 0,
    inversions: 0,
    writesUsed: 0,
    writesDirtied: 0,
    writesFreed: 0,
    writesCopied: 0,
    writesUnwanted: 0,
  };
}

/** A space that can say where a page is, and forget it. */
export type WatchedSpace = ReplayTarget & Pick<AnonSpace, "where"> & Partial<Pick<AnonSpace, "discard">>;

export class Instruments implements ReplayTarget {
  readonly #space: WatchedSpace;
  readonly #future: Future;
  readonly #objects: number;
  readonly #soon: number;
  readonly #prng = createPrng(11);
  /** Request at which a page left memory, plus 1; 0: it did not, or is back. */
  readonly #leftAt: Float64Array;
  /** What the device holds of a page, as far as was seen: nothing, what nobody has read back yet, or what was. */
  readonly #copy: Uint8Array;
  /** Pages in the order in which they left, with the moment: the pool's coldest is the first that is still there. */
  readonly #queuePage: number[] = [];
  readonly #queueLeft: number[] = [];
  #head = 0;
  #counts = noCounts();
  /** The victims, in order. */
  readonly victims: Eviction[] = [];

  constructor(space: WatchedSpace, future: Future, objects: number, memoryPages: number) {
    this.#space = space;
    this.#future = future;
    this.#objects = objects;
    this.#soon = SOON * memoryPages;
    this.#leftAt = new Float64Array(objects);
    this.#copy = new Uint8Array(objects);
  }

  get pages(): number {
    return this.#space.pages;
  }

  get counts(): InstrumentCounts {
    return this.#counts;
  }

  /** Begins to count afresh; what was written before counts when its fate is known. */
  reset(): void {
    this.#counts = noCounts();
  }

  /** MM evicts a page. @param page as the replay numbers it */
  evicted(page: number): void {
    this.#counts.evictions++;
    this.victims.push({ page, at: this.#future.now });
    if (this.#counts.evictions % RANK_EVERY === 0) this.#rank(page);
    this.#leftAt[page] = this.#future.now + 1;
    this.#queuePage.push(page);
    this.#queueLeft.push(this.#future.now + 1);
  }

  readNow(page: number, offset: number, into: Uint8Array): boolean {
    this.#look(page);
    return this.#space.readNow(page, offset, into);
  }

  writeNow(page: number, offset: number, from: Uint8Array): boolean {
    this.#look(page);
    this.#lookAtWrite(page);
    return this.#space.writeNow(page, offset, from);
  }

  read(page: number, offset: number, into: Uint8Array): Promise<void> {
    return this.#space.read(page, offset, into);
  }

  write(page: number, offset: number, from: Uint8Array): Promise<void> {
    return this.#space.write(page, offset, from);
  }

  discard(page: number): void {
    this.#see(page);
    if (this.#copy[page] === UNREAD) this.#counts.writesFreed++;
    this.#copy[page] = NOTHING;
    this.#leftAt[page] = 0;
    this.#space.discard?.(page);
  }

  /** Looks at what was written and not read by now. */
  finish(): void {
    for (let page = 0; page < this.#objects; page++) {
      const { tier } = this.#see(page);
      if (this.#copy[page] !== UNREAD) continue;
      if (tier === "store") this.#counts.writesUnwanted++;
      else this.#counts.writesCopied++;
    }
  }

  /** Before an access: if the page is out, that is a fault. */
  #look(page: number): void {
    const left = this.#leftAt[page]!;
    if (left === 0) return;
    const { tier } = this.#see(page);
    if (tier === "resident" || tier === "none") {
      this.#leftAt[page] = 0; // It was used while its write was on the way.
      return;
    }
    const counts = this.#counts;
    counts.wantedAgain++;
    if (this.#future.now + 1 - left <= this.#soon) counts.wantedSoon++;
    if (tier === "pool") counts.poolFaults++;
    else if (tier === "remote") counts.remoteFaults++;
    else {
      counts.storeFaults++;
      if (left > this.#coldestInPool()) counts.inversions++;
      if (this.#copy[page] === UNREAD) counts.writesUsed++;
      this.#copy[page] = READ;
    }
    this.#leftAt[page] = 0;
  }

  /** Before a write: what the device holds of the page is worth nothing any more. */
  #lookAtWrite(page: number): void {
    if (this.#copy[page] === UNREAD) this.#counts.writesDirtied++;
    this.#copy[page] = NOTHING;
  }

  /** Where a page is; notes that the device has it. (A page in memory does not tell whether its copy is in a pool or on a device.) */
  #see(page: number): PageLocation {
    const where = this.#space.where(page);
    const onDevice = where.tier === "store" || (where.tier === "pool" && where.copyBelow);
    if (onDevice && this.#copy[page] === NOTHING) this.#copy[page] = UNREAD;
    return where;
  }

  /** When the coldest page of the pool left memory; infinity when the pool is empty. */
  #coldestInPool(): number {
    while (this.#head < this.#queuePage.length) {
      const page = this.#queuePage[this.#head]!;
      const left = this.#queueLeft[this.#head]!;
      const { tier, bytes } = this.#space.where(page);
      // A page of one repeated word takes no room, so nobody would rather have it on the device.
      if (this.#leftAt[page] === left && tier === "pool" && bytes > WORD_BYTES) return left;
      this.#head++;
    }
    return Number.POSITIVE_INFINITY;
  }

  #rank(victim: number): void {
    const next = this.#future.nextUse(victim);
    let found = 0;
    let later = 0;
    for (let tries = 0; found < SAMPLE && tries < TRIES_MAX; tries++) {
      const page = this.#prng.below(this.#objects);
      if (page === victim || this.#space.where(page).tier !== "resident") continue;
      found++;
      const other = this.#future.nextUse(page);
      if (other > next) later++;
    }
    if (found === 0) return;
    this.#counts.ranked++;
    this.#counts.rankSum += later / found;
  }
}
