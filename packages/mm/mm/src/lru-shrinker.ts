// A list of pages as a shrinker: the page lists of `engine: shrinkers` and `trigger: shrinker`.
//
// The pages are objects of a list-lru, oldest first, with a bit each that says "used since the last look". A scan is a
// walk with an isolate callback: a used page loses its bit and goes to the newest end (ROTATE), a page that can leave at
// once leaves (REMOVED), one that must be written first leaves the list with its write on the way (REMOVED, and counted
// as submitted), and one that cannot leave now goes to the newest end (ROTATE). No goal is set here: how much is scanned
// is the registry's arithmetic.
//
// The same order as the policy `clock` with one bit, so that the engine can be compared with everything else equal.
//
// Source: linux-mm 7.10 in the words of the mail thread: "the entire MM could be run by the shrinker based reclaim".

import { assert, ChunkedBytes } from "@pagetier/base";
import { type EvictionPolicy, NO_VICTIM } from "@pagetier/policy";
import {
  ListLru,
  LRU_REMOVED,
  LRU_ROTATE,
  LRU_STOP,
  type LruStatus,
  SHRINK_EMPTY,
  SHRINK_STOP,
  type ShrinkControl,
  type Shrinker,
} from "@pagetier/shrinker";
import type { MmObserver } from "./observer.js";
import type { SwapOutcome } from "./swap.js";

/** Sends a page out of memory that its list gave up. */
export type PageOut = (page: number, mayIo: boolean) => SwapOutcome;

/** Pages that may stay in a walk before it stops: those behind will hardly fare better. */
const KEPT_MAX = 4;
const ALWAYS = (): boolean => true;

export class LruShrinker implements EvictionPolicy, Shrinker {
  readonly type = "list-lru";
  readonly name: string;
  readonly seeks?: number;
  readonly batch?: number;
  readonly #list = new ListLru();
  readonly #used = new ChunkedBytes();
  readonly #observer: MmObserver | undefined;
  #pageOut: PageOut | undefined;
  #mayIo = false;
  #mayGoOn: () => boolean = ALWAYS;
  #freed = 0;
  #submitted = 0;
  #kept = 0;
  /** Pages that this walk tried to send out. */
  #sent = 0;
  readonly #isolate = (page: number): LruStatus => this.#look(page);

  /**
   * @param options.seeks cost of getting a page back, in disk seeks
   * @param options.batch pages per scan call
   * @param options.observer is told of every look and admission
   */
  constructor(
    name: string,
    options: {
      readonly seeks?: number | undefined;
      readonly batch?: number | undefined;
      readonly observer?: MmObserver | undefined;
    } = {},
  ) {
    this.name = name;
    this.#observer = options.observer;
    if (options.seeks !== undefined) this.seeks = options.seeks;
    if (options.batch !== undefined) this.batch = options.batch;
  }

  /** Says how pages leave. Comes once, before the first scan. */
  connect(pageOut: PageOut): void {
    assert(this.#pageOut === undefined, "a list is connected once");
    this.#pageOut = pageOut;
  }

  // ── As a shrinker ───────────────────────────────────────────────────────────────────────────────────────────────

  countObjects(): number {
    return this.#list.size === 0 ? SHRINK_EMPTY : this.#list.size;
  }

  scanObjects(control: ShrinkControl): number {
    assert(this.#pageOut !== undefined, "a list is connected before it is scanned");
    this.#mayIo = control.mayIo;
    this.#mayGoOn = control.mayGoOn ?? ALWAYS;
    this.#freed = 0;
    this.#submitted = 0;
    this.#kept = 0;
    this.#sent = 0;
    this.#list.walk(this.#isolate, control.nrToScan);
    control.nrScanned = this.#list.walked;
    control.framesFreed = this.#freed;
    control.submitted = this.#submitted;
    const gained = this.#freed + this.#submitted;
    return control.nrScanned === 0 || (gained === 0 && this.#kept > 0) ? SHRINK_STOP : this.#freed;
  }

  #look(page: number): LruStatus {
    this.#observer?.looked?.();
    if (this.#used.get(page) !== 0) {
      this.#used.set(page, 0);
      return LRU_ROTATE;
    }
    if (this.#kept >= KEPT_MAX || (this.#sent++ > 0 && !this.#mayGoOn())) return LRU_STOP;
    switch (this.#pageOut!(page, this.#mayIo)) {
      case "freed":
        this.#freed++;
        return LRU_REMOVED;
      case "queued":
        this.#submitted++;
        return LRU_REMOVED;
      case "kept":
        this.#kept++;
        return LRU_ROTATE;
    }
  }

  // ── As the order of pages ───────────────────────────────────────────────────────────────────────────────────────

  get size(): number {
    return this.#list.size;
  }

  has(page: number): boolean {
    return this.#list.has(page);
  }

  hit(page: number): void {
    this.#used.set(page, 1);
  }

  admit(page: number): number {
    this.#list.ensure(page + 1);
    this.#used.ensure(page + 1);
    assert(this.#list.add(page), "a page that is admitted is not resident");
    this.#observer?.admitted?.();
    this.#used.set(page, 0);
    return NO_VICTIM;
  }

  victim(): number {
    for (;;) {
      const page = this.#list.oldest;
      if (page === NO_VICTIM) return NO_VICTIM;
      if (this.#used.get(page) === 0) {
        this.#list.delete(page);
        return page;
      }
      this.#used.set(page, 0);
      this.#list.moveToNewest(page);
    }
  }

  rotate(page: number): void {
    this.#list.add(page);
    this.#used.set(page, 1);
  }

  activate(page: number): void {
    this.#used.set(page, 1);
  }

  remove(page: number): void {
    this.#list.delete(page);
  }

  memoryBytes(): number {
    return this.#list.memoryBytes() + this.#used.bytes;
  }

  verify(): void {
    this.#list.verify();
  }
}
