// Two lists with second chance: what Linux' classic reclaim does, for one kind of page.
//
// A page starts on the inactive list and must prove itself there; only a page used twice reaches the active list, so a
// scan flows through the inactive list and leaves the active one alone. Two bits per page:
//
// - REFERENCED, Linux' page flag: used before, and one more use activates.
// - ACCESSED, Linux' page-table bit: used since the page's present trip over the inactive list began.
//
// Rules, newest end first:
//
// | event | inactive page | active page |
// | --- | --- | --- |
// | admit | enters at the newest end, both bits clear | |
// | hit, not REFERENCED | sets both bits | sets both bits |
// | hit, REFERENCED | to the newest end of the active list, both bits clear | sets ACCESSED |
// | at the oldest end, ACCESSED | another trip: newest end, ACCESSED clear, REFERENCED kept | deactivated (below) |
// | at the oldest end, not ACCESSED | leaves | deactivated (below) |
// | activate (came back too soon) | to the newest end of the active list, both bits clear | |
// | rotate (could not leave) | to the newest end of the active list, both bits clear | |
//
// The active list is shortened only while the inactive list is low: inactive × ratio < active, with
// ratio = int(sqrt(10 × GB)), at least 1. Then its oldest page goes to the newest end of the inactive list, ACCESSED
// cleared and REFERENCED kept, whether it was used or not: proving use is the inactive list's business.
//
// One victim call deactivates at most 32 pages and spares at most 32; the page after that leaves whatever its bits say,
// so the work of a call is bounded. 9 bytes per id.
//
// Source: Linux 6.18 mm/vmscan.c (shrink_active_list, inactive_is_low, folio_check_references) and mm/swap.c
// (folio_mark_accessed); a cluster of 32 is SWAP_CLUSTER_MAX.

import { assert, PAGE_SIZE, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import { z } from "zod";
import { completed, type PolicySetup } from "./setup/setup.js";
import { IdLists } from "./tables/id-lists.js";
import { IdBytes } from "./tables/id-table.js";

const INACTIVE = 1;
const ACTIVE = 2;

// A page's byte: its list in the low bits (0: not resident), and the two bits.
const LIST_MASK = 3;
const REFERENCED = 4;
const ACCESSED = 8;

const CLUSTER = 32;
const PAGES_PER_GB = 2 ** 30 / PAGE_SIZE;

/**
 * How many times larger than the inactive list the active list may be.
 *
 * @param pages pages on both lists
 * @returns 1 below 0.4 GB, 3 at 1 GB, 10 at 10 GB, 31 at 100 GB
 * @see Linux 6.18 mm/vmscan.c, inactive_is_low()
 */
export function inactiveRatio(pages: number): number {
  return Math.max(1, Math.floor(Math.sqrt((10 * pages) / PAGES_PER_GB)));
}

export class TwoListPolicy implements EvictionPolicy {
  readonly type = "two-list";
  readonly #capacity: number;
  readonly #lists: IdLists;
  readonly #states: IdBytes;
  #inactive = 0;
  #active = 0;

  constructor(setup: PolicySetup) {
    const { capacity, accountant } = completed(setup);
    this.#capacity = capacity;
    this.#lists = new IdLists(2, accountant);
    this.#states = new IdBytes(accountant);
  }

  get size(): number {
    return this.#inactive + this.#active;
  }

  /** Pages on the active list. */
  get active(): number {
    return this.#active;
  }

  /** Pages on the inactive list. */
  get inactive(): number {
    return this.#inactive;
  }

  has(id: number): boolean {
    return this.#states.peek(id) !== 0;
  }

  hit(id: number): void {
    const state = this.#states.peek(id);
    assert(state !== 0, "a page that is hit is resident");
    if ((state & REFERENCED) === 0 || (state & LIST_MASK) === ACTIVE) {
      this.#states.set(id, state | REFERENCED | ACCESSED);
      return;
    }
    this.#lists.moveToNewest(ACTIVE, id);
    this.#states.set(id, ACTIVE);
    this.#inactive--;
    this.#active++;
  }

  admit(id: number): number {
    if (!this.#lists.ensure(id) || !this.#states.ensure(id)) return id;
    assert(this.#states.get(id) === 0, "a page that is admitted is not resident");
    const left = this.size >= this.#capacity ? this.victim() : NO_VICTIM;
    this.#lists.addNewest(INACTIVE, id);
    this.#states.set(id, INACTIVE);
    this.#inactive++;
    return left;
  }

  activate(id: number): void {
    const state = this.#states.peek(id);
    assert(state !== 0, "a page that is activated is resident");
    if ((state & LIST_MASK) === ACTIVE) return;
    this.#lists.moveToNewest(ACTIVE, id);
    this.#states.set(id, ACTIVE);
    this.#inactive--;
    this.#active++;
  }

  victim(): number {
    this.#balance();
    for (let spared = 0; ; spared++) {
      const id = this.#lists.oldest(INACTIVE);
      if (id === NO_VICTIM) return NO_VICTIM;
      const state = this.#states.get(id);
      if ((state & ACCESSED) === 0 || spared === CLUSTER) {
        this.#lists.remove(id);
        this.#states.set(id, 0);
        this.#inactive--;
        return id;
      }
      this.#lists.moveToNewest(INACTIVE, id);
      this.#states.set(id, state & ~ACCESSED);
    }
  }

  rotate(id: number): void {
    assert(this.size < this.#capacity, "a page that is put back fits");
    assert(id < this.#states.ids && this.#states.get(id) === 0, "a page that is put back had left");
    this.#lists.addNewest(ACTIVE, id);
    this.#states.set(id, ACTIVE);
    this.#active++;
  }

  remove(id: number): void {
    const state = this.#states.peek(id);
    if (state === 0) return;
    this.#lists.remove(id);
    this.#states.set(id, 0);
    if ((state & LIST_MASK) === ACTIVE) this.#active--;
    else this.#inactive--;
  }

  memoryBytes(): number {
    return this.#lists.bytes + this.#states.bytes;
  }

  verify(): void {
    const counts = this.#lists.verify();
    assert(counts[INACTIVE] === this.#inactive, "the inactive pages are counted");
    assert(counts[ACTIVE] === this.#active, "the active pages are counted");
    for (const list of [INACTIVE, ACTIVE]) {
      for (let id = this.#lists.oldest(list); id !== NO_VICTIM; id = this.#lists.newer(id))
        assert((this.#states.get(id) & LIST_MASK) === list, "a page's state names its list");
    }
    let resident = 0;
    for (let id = 0; id < this.#states.ids; id++) if (this.#states.get(id) !== 0) resident++;
    assert(resident === this.size, "size counts the resident pages");
    assert(resident <= this.#capacity, "no more pages than fit are resident");
  }

  /** Moves pages from the active to the inactive list while that is low; at most a cluster. */
  #balance(): void {
    const ratio = inactiveRatio(this.size);
    for (let moved = 0; moved < CLUSTER && this.#inactive * ratio < this.#active; moved++) {
      const id = this.#lists.oldest(ACTIVE);
      this.#lists.moveToNewest(INACTIVE, id);
      this.#states.set(id, INACTIVE | (this.#states.get(id) & REFERENCED));
      this.#active--;
      this.#inactive++;
    }
  }
}

/** Active and inactive list with second chance, in recipes: `{ use: "two-list" }`. */
export function twoList(): PluginNode {
  return { use: "two-list" };
}

const twoListOptions = z.strictObject({});

export const plugin: PolicyPlugin<z.output<typeof twoListOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "two-list",
  summary: "Linux' active and inactive list with second chance: a page must be used twice before it is protected.",
  options: twoListOptions,
  create: (parts) => new TwoListPolicy(parts),
};
