// LIRS: ranks pages by the distance between their last two uses, not by the last use alone.
//
// Most of the capacity belongs to LIR pages, those whose last two uses were close together; a small rest, 1 %, to HIR
// pages. A stack S orders pages by recency: all LIR pages, and above its lowest LIR page whatever was used since, HIR pages
// and ghosts (HIR pages that left). A queue Q holds the resident HIR pages; its oldest leaves. A HIR page or ghost used
// while it stands in S has shown a shorter distance than the lowest LIR page has, so they change roles: it becomes LIR, and
// the lowest LIR page becomes the newest of Q. Then S is pruned to end with a LIR page again.
//
// As the authors' program counts: a use directly after a use of the same page is none; the HIR part is at least 2 pages;
// pages are LIR until the LIR part is full; and ghosts are limited by S alone, which here costs nothing, since a ghost is a
// state of its id. Pruning is paid by the uses that put pages into S, but one call may prune many. A page that could not
// leave becomes LIR, so Q drains and LIR pages get their turn. 17 bytes per id.
//
// With unbounded capacity, the parts are sized by the expected pages, or by the resident ones if more.
//
// Source: Jiang and Zhang, "LIRS: An Efficient Low Inter-reference Recency Set Replacement Policy to Improve Buffer Cache
// Performance", SIGMETRICS 2002, and the authors' simulator.

import { assert, type PluginNode } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM, POLICY_CONTRACT, type PolicyPlugin } from "@pagetier/policy";
import type { z } from "zod";
import { policyOptions, ratio } from "./setup/options.js";
import { completed, type PolicySetup } from "./setup/setup.js";
import { IdLists, NO_ID } from "./tables/id-lists.js";
import { IdBytes } from "./tables/id-table.js";

const LIST = 1;
const HIR_LEAST = 2;

// States of an id; whether it stands in S is known by S. A ghost is always in S.
const UNKNOWN = 0;
const GHOST = 1;
const HIR = 2;
const LIR = 3;

export interface LirsOptions {
  /** Part of the capacity for HIR pages, 0..1; default 0.01. At least two pages. */
  readonly hirRatio?: number;
}

export class LirsPolicy implements EvictionPolicy {
  readonly type = "lirs";
  readonly #capacity: number;
  readonly #queuePages: number;
  readonly #hirRatio: number;
  /** S: the newest end is the top. */
  readonly #stack: IdLists;
  /** Q: resident HIR pages. */
  readonly #queue: IdLists;
  readonly #states: IdBytes;
  #lir = 0;
  #hir = 0;
  #ghosts = 0;
  /** The page of the last use. */
  #last = NO_ID;

  constructor(setup: PolicySetup, options: LirsOptions = {}) {
    const { capacity, accountant, queuePages } = completed(setup);
    const { hirRatio = 0.01 } = options;
    assert(hirRatio >= 0 && hirRatio <= 1, "HIR pages are a part of the capacity");
    this.#capacity = capacity;
    this.#queuePages = queuePages;
    this.#hirRatio = hirRatio;
    this.#stack = new IdLists(1, accountant);
    this.#queue = new IdLists(1, accountant);
    this.#states = new IdBytes(accountant);
  }

  get size(): number {
    return this.#lir + this.#hir;
  }

  has(id: number): boolean {
    return this.#states.peek(id) >= HIR;
  }

  hit(id: number): void {
    const state = this.#states.peek(id);
    assert(state >= HIR, "a page that is hit is resident");
    if (id === this.#last) return;
    this.#last = id;
    if (state === LIR) {
      const wasLowest = this.#stack.oldest(LIST) === id;
      this.#stack.moveToNewest(LIST, id);
      if (wasLowest) this.#prune();
    } else if (this.#stack.isLinked(id)) {
      this.#queue.remove(id);
      this.#hir--;
      this.#stack.moveToNewest(LIST, id);
      this.#becomeLir(id);
    } else {
      this.#queue.moveToNewest(LIST, id);
      this.#stack.addNewest(LIST, id);
      this.#prune();
    }
  }

  admit(id: number): number {
    if (!this.#stack.ensure(id) || !this.#queue.ensure(id) || !this.#states.ensure(id)) return id;
    assert(this.#states.get(id) < HIR, "a page that is admitted is not resident");
    const left = this.size >= this.#capacity ? this.victim() : NO_VICTIM;
    this.#last = id;
    // A victim may have made room below the ghost, so look only now whether it still stands in S.
    if (this.#states.get(id) === GHOST) {
      this.#ghosts--;
      this.#stack.moveToNewest(LIST, id);
      this.#becomeLir(id);
      return left;
    }
    this.#stack.addNewest(LIST, id);
    if (this.#lir < this.#lirMost(this.size + 1)) this.#becomeLir(id);
    else {
      this.#enterQueue(id);
      this.#prune();
    }
    return left;
  }

  victim(): number {
    const id = this.#queue.takeOldest(LIST);
    if (id !== NO_ID) {
      this.#hir--;
      const remembered = this.#stack.isLinked(id);
      this.#states.set(id, remembered ? GHOST : UNKNOWN);
      if (remembered) this.#ghosts++;
      return id;
    }
    const lowest = this.#stack.oldest(LIST); // Without HIR pages, S ends with a LIR page or is empty.
    if (lowest !== NO_ID) this.remove(lowest);
    return lowest;
  }

  rotate(id: number): void {
    assert(this.size < this.#capacity, "a page that is put back fits");
    assert(id < this.#states.ids && !this.has(id), "a page that is put back had left");
    this.remove(id); // It may be a ghost.
    this.#stack.addNewest(LIST, id);
    this.#becomeLir(id);
  }

  remove(id: number): void {
    const state = this.#states.peek(id);
    if (state === UNKNOWN) return;
    this.#states.set(id, UNKNOWN);
    if (this.#stack.isLinked(id)) this.#stack.remove(id);
    if (state === GHOST) this.#ghosts--;
    else if (state === LIR) {
      this.#lir--;
      this.#prune();
    } else {
      this.#queue.remove(id);
      this.#hir--;
    }
    if (id === this.#last) this.#last = NO_ID;
  }

  memoryBytes(): number {
    return this.#stack.bytes + this.#queue.bytes + this.#states.bytes;
  }

  verify(): void {
    const inStack = this.#stack.verify()[LIST]!;
    assert(this.#queue.verify()[LIST] === this.#hir, "resident HIR pages are counted, and in Q");
    let lir = 0;
    let ghosts = 0;
    let hirInStack = 0;
    for (let id = 0; id < this.#states.ids; id++) {
      const state = this.#states.get(id);
      if (state === LIR) lir++;
      if (state === GHOST) ghosts++;
      if (state === HIR && this.#stack.isLinked(id)) hirInStack++;
      if (state === HIR) assert(this.#queue.isLinked(id), "a resident HIR page is in Q");
      if (state === LIR || state === GHOST) assert(this.#stack.isLinked(id), "LIR pages and ghosts are in S");
    }
    assert(lir === this.#lir && ghosts === this.#ghosts, "LIR pages and ghosts are counted");
    assert(inStack === lir + ghosts + hirInStack, "S holds nobody else");
    const lowest = this.#stack.oldest(LIST);
    assert(lowest === NO_ID || this.#states.get(lowest) === LIR, "S ends with a LIR page");
    assert(this.size <= this.#capacity, "no more pages than fit are resident");
  }

  /** Pages that may be LIR when so many are resident. */
  #lirMost(resident: number): number {
    const pages = Math.min(this.#capacity, Math.max(this.#queuePages, resident));
    return pages - Math.min(Math.max(HIR_LEAST, Math.floor(pages * this.#hirRatio)), Math.max(1, pages - 1));
  }

  /** Makes the top of S, which is in no queue, a LIR page; if there are too many now, the lowest becomes HIR. */
  #becomeLir(id: number): void {
    this.#states.set(id, LIR);
    this.#lir++;
    if (this.#lir > this.#lirMost(this.size)) {
      const lowest = this.#stack.oldest(LIST);
      this.#stack.remove(lowest);
      this.#lir--;
      this.#enterQueue(lowest);
    }
    this.#prune();
  }

  #enterQueue(id: number): void {
    this.#queue.addNewest(LIST, id);
    this.#states.set(id, HIR);
    this.#hir++;
  }

  /** Takes off the lower end of S until a LIR page is there. */
  #prune(): void {
    for (;;) {
      const id = this.#stack.oldest(LIST);
      if (id === NO_ID) return;
      const state = this.#states.get(id);
      if (state === LIR) return;
      this.#stack.remove(id);
      if (state !== GHOST) continue;
      this.#states.set(id, UNKNOWN);
      this.#ghosts--;
    }
  }
}

/** LIRS, in recipes: `{ use: "lirs" }`. */
export function lirs(options: LirsOptions = {}): PluginNode {
  return { use: "lirs", ...options };
}

const lirsOptions = policyOptions({ hirRatio: ratio(0, 1, 0.01) });

export const plugin: PolicyPlugin<z.output<typeof lirsOptions>> = {
  family: "policy",
  contract: POLICY_CONTRACT,
  name: "lirs",
  summary: "LIRS: keeps pages whose last two uses were close together; strong on loops and scans.",
  options: lirsOptions,
  create: (parts, options) => new LirsPolicy(parts, options),
};
