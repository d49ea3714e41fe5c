// Least frequently used: the page with the fewest hits leaves; among equals the one that reached its count first.
//
// Counts are of resident pages and forgotten when a page leaves, so a page that was popular long ago stays for ever: good
// for a fixed popularity, poor when interest moves. All pages stand in one list, ordered by count and then by when they
// reached it. Pages of equal count form a run; a run is a record of its count, its newest page, and its neighbours, so a
// hit moves a page past its own run to the end of the next: O(1). A page that could not leave goes to the end of the last
// run, with that run's count. 12 bytes per id, 32 per run; when the accountant pays for no more runs, a count stays.
//
// Source: Shah, Mitra, Matani, "An O(1) algorithm for implementing the LFU cache eviction scheme", 2010.

import { assert, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import type { z } from "zod";
import { policyOptions } from "./setup/options.js";
import { completed, type PolicySetup } from "./setup/setup.js";
import { IdLists, NO_ID } from "./tables/id-lists.js";
import { IdWords } from "./tables/id-table.js";

const BY_COUNT = 1;

// Runs are numbered from 1; 0 is the end of the chain of runs: its "higher" is the run with the smallest count.
const CHAIN = 0;

// Fields of run r, at words 8r…: its count, its newest page, the runs with the next higher and next lower count, and how
// many pages it has. Free runs are chained by their HIGHER.
const WORDS_PER_RUN = 8;
const COUNT = 0;
const NEWEST = 1;
const HIGHER = 2;
const LOWER = 3;
const PAGES = 4;

export class LfuPolicy implements EvictionPolicy {
  readonly type = "lfu";
  readonly #capacity: number;
  /** All pages, fewest hits first. */
  readonly #lists: IdLists;
  /** The run of each id, 0: not resident. */
  readonly #runOf: IdWords;
  readonly #runs: IdWords;
  /** Runs that were ever used; more are made by counting up. */
  #runsMade = 0;
  #freeRun = CHAIN;
  #size = 0;

  constructor(setup: PolicySetup) {
    const { capacity, accountant } = completed(setup);
    this.#capacity = capacity;
    this.#lists = new IdLists(1, accountant);
    this.#runOf = new IdWords(accountant);
    this.#runs = new IdWords(accountant);
  }

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return this.#runOf.peek(id) !== 0;
  }

  hit(id: number): void {
    const run = this.#runOf.peek(id);
    assert(run !== 0, "a page that is hit is resident");
    const count = this.#field(run, COUNT) + 1;
    const higher = this.#field(run, HIGHER);
    if (higher !== CHAIN && this.#field(higher, COUNT) === count) {
      this.#leaveRun(id, run);
      this.#lists.remove(id);
      this.#joinRun(id, higher);
    } else if (this.#field(run, PAGES) === 1) {
      this.#setField(run, COUNT, count); // Nobody else is between the two counts: the run itself moves up.
    } else if (this.#ensureRun()) {
      const newest = this.#field(run, NEWEST);
      const next = this.#makeRun(count, run);
      this.#leaveRun(id, run);
      if (newest !== id) {
        this.#lists.remove(id);
        this.#lists.addNewer(newest, id);
      }
      this.#setField(next, NEWEST, id);
      this.#setField(next, PAGES, 1);
      this.#runOf.set(id, next);
    }
  }

  admit(id: number): number {
    if (!this.#lists.ensure(id) || !this.#runOf.ensure(id) || !this.#ensureRun()) return id;
    assert(this.#runOf.get(id) === 0, "a page that is admitted is not resident");
    const left = this.#size >= this.#capacity ? this.victim() : NO_VICTIM;
    this.#enter(id, this.#field(CHAIN, HIGHER), 1);
    return left;
  }

  victim(): number {
    const id = this.#lists.oldest(BY_COUNT);
    if (id !== NO_VICTIM) this.remove(id);
    return id;
  }

  rotate(id: number): void {
    assert(this.#size < this.#capacity, "a page that is put back fits");
    assert(id < this.#runOf.ids && this.#runOf.get(id) === 0, "a page that is put back had left");
    const last = this.#field(CHAIN, LOWER);
    this.#enter(id, last, last === CHAIN ? 1 : this.#field(last, COUNT));
  }

  remove(id: number): void {
    const run = this.#runOf.peek(id);
    if (run === 0) return;
    this.#leaveRun(id, run);
    this.#lists.remove(id);
    this.#runOf.set(id, 0);
    this.#size--;
  }

  memoryBytes(): number {
    return this.#lists.bytes + this.#runOf.bytes + this.#runs.bytes;
  }

  verify(): void {
    assert(this.#lists.verify()[BY_COUNT] === this.#size, "size counts the pages of the list");
    assert(this.#size <= this.#capacity, "no more pages than fit are resident");
    let id = this.#lists.oldest(BY_COUNT);
    let count = 0;
    let lower = CHAIN;
    for (let run = this.#size === 0 ? CHAIN : this.#field(CHAIN, HIGHER); run !== CHAIN; ) {
      assert(this.#field(run, COUNT) > count, "runs are in order of their counts");
      assert(this.#field(run, LOWER) === lower, "both directions of the chain of runs agree");
      count = this.#field(run, COUNT);
      lower = run;
      let last = NO_ID;
      let pages = 0;
      while (id !== NO_ID && this.#runOf.get(id) === run) {
        last = id;
        pages++;
        id = this.#lists.newer(id);
      }
      assert(last !== NO_ID && last === this.#field(run, NEWEST), "a run ends with its newest page");
      assert(pages === this.#field(run, PAGES), "a run's pages are counted");
      run = this.#field(run, HIGHER);
    }
    assert(id === NO_ID, "every page is in a run");
  }

  #field(run: number, field: number): number {
    return this.#runs.get(WORDS_PER_RUN * run + field);
  }

  #setField(run: number, field: number, value: number): void {
    this.#runs.set(WORDS_PER_RUN * run + field, value);
  }

  /** Makes sure that a run can be made. */
  #ensureRun(): boolean {
    return this.#freeRun !== CHAIN || this.#runs.ensure(WORDS_PER_RUN * (this.#runsMade + 1) + PAGES);
  }

  /** Puts a page that is in no list into `run` if that has this count, else into a new run that is the lowest of all. */
  #enter(id: number, run: number, count: number): void {
    this.#size++;
    if (run !== CHAIN && this.#field(run, COUNT) === count) {
      this.#joinRun(id, run);
      return;
    }
    const lowest = this.#makeRun(count, CHAIN);
    const oldest = this.#lists.oldest(BY_COUNT);
    if (oldest === NO_ID) this.#lists.addNewest(BY_COUNT, id);
    else this.#lists.addOlder(oldest, id);
    this.#setField(lowest, NEWEST, id);
    this.#setField(lowest, PAGES, 1);
    this.#runOf.set(id, lowest);
  }

  #joinRun(id: number, run: number): void {
    this.#lists.addNewer(this.#field(run, NEWEST), id);
    this.#setField(run, NEWEST, id);
    this.#setField(run, PAGES, this.#field(run, PAGES) + 1);
    this.#runOf.set(id, run);
  }

  /** Makes ready to take a page out of its run; the run of its last page is given back. */
  #leaveRun(id: number, run: number): void {
    const pages = this.#field(run, PAGES) - 1;
    if (pages === 0) {
      this.#giveRun(run);
      return;
    }
    this.#setField(run, PAGES, pages);
    if (this.#field(run, NEWEST) === id) this.#setField(run, NEWEST, this.#lists.older(id));
  }

  /** A run with that count, right above `lower`. */
  #makeRun(count: number, lower: number): number {
    let run = this.#freeRun;
    if (run === CHAIN) run = ++this.#runsMade;
    else this.#freeRun = this.#field(run, HIGHER);
    const higher = this.#field(lower, HIGHER);
    this.#setField(run, COUNT, count);
    this.#setField(run, HIGHER, higher);
    this.#setField(run, LOWER, lower);
    this.#setField(lower, HIGHER, run);
    this.#setField(higher, LOWER, run);
    return run;
  }

  #giveRun(run: number): void {
    const higher = this.#field(run, HIGHER);
    const lower = this.#field(run, LOWER);
    this.#setField(lower, HIGHER, higher);
    this.#setField(higher, LOWER, lower);
    this.#setField(run, HIGHER, this.#freeRun);
    this.#freeRun = run;
  }
}

/** Least frequently used, in recipes: `{ use: "lfu" }`. */
export function lfu(): PluginNode {
  return { use: "lfu" };
}

const lfuOptions = policyOptions({});

export const plugin: PolicyPlugin<z.output<typeof lfuOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "lfu",
  summary: "Least frequently used: counts hits of resident pages; good for a popularity that does not move.",
  options: lfuOptions,
  create: (parts) => new LfuPolicy(parts),
};
