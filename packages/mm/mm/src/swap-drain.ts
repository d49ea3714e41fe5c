// Emptying slots while everything goes on: what turns a swap store off, and what brings pages home from a pool.
//
// A slot in use leads to its page. If the page is in memory it gives the slot up on the spot, and with it every copy
// below; else it is brought in first, a cluster of pages at a time, and then does the same. From then on memory has the
// only copy, and the page leaves like any other, for another store.
//
// Bringing in never takes the reserve, and accesses go before: when one finds no memory the drain is cancelled, so that
// the slots it was about to empty can be used again. Source: Linux mm/swapfile.c, try_to_unuse().

import { type Scheduler, TierError } from "@pagetier/base";
import { NO_FRAME } from "@pagetier/frames";
import { CLUSTER_PAGES } from "./options.js";
import type { PageTable } from "./page-table.js";
import type { PageId } from "./space.js";
import type { Swap } from "./swap.js";
import type { SwapArea } from "./swap-area.js";
import { slotOf } from "./swap-slot.js";

/** Rounds in which nothing happens before giving up: what holds a slot then is neither a page nor a device. */
const IDLE_ROUNDS_MAX = 16;
/** Slots looked at before others have a turn in any case. */
const SCAN_SLOTS = 4096;
/** Slots between two looks at the clock, and nanoseconds after which others have a turn. */
const CLOCK_SLOTS = 16;
const STEP_NS = 2_000_000;

export interface DrainParts {
  readonly swap: Swap;
  readonly table: PageTable;
  readonly scheduler: Scheduler;
  /**
   * Brings a page in, or waits for somebody who is at it.
   *
   * @param arrived may be called in the turn in which the page came, before it can leave again
   */
  readonly bringIn: (page: PageId, arrived: () => void) => Promise<void>;
}

/** Which slots are to be emptied. */
export interface DrainTarget {
  readonly area: SwapArea;
  isWanted(offset: number): boolean;
  /** Whether nothing is left, slots on their way to being free included. */
  isDone(): boolean;
}

/**
 * - `"done"`: the target is empty, or as many pages went as were asked for.
 * - `"noRoom"`: memory found no place for them, or an access had none for itself.
 * - `"unreadable"`: of the pages that are left none can be brought in.
 * - `"held"`: no page is left, and somebody does not let go of a slot.
 */
export type DrainEnd = "done" | "noRoom" | "unreadable" | "held";

export class SwapDrain {
  readonly #parts: DrainParts;
  readonly #target: DrainTarget;
  #given = 0;
  #cancelled = false;
  #failure: unknown;
  #failedPages = 0;

  constructor(parts: DrainParts, target: DrainTarget) {
    this.#parts = parts;
    this.#target = target;
  }

  /** Pages that gave their slots up. */
  get given(): number {
    return this.#given;
  }

  /** Pages that could not be brought in when it was last tried. */
  get failedPages(): number {
    return this.#failedPages;
  }

  /** Why the last of them could not. */
  get failure(): unknown {
    return this.#failure;
  }

  get isCancelled(): boolean {
    return this.#cancelled;
  }

  /** Ends the drain as soon as what it has begun is done. */
  cancel(): void {
    this.#cancelled = true;
  }

  /** Empties slots until none is left that is wanted, or so many pages have given theirs up. */
  async run(pagesMax = Number.POSITIVE_INFINITY): Promise<DrainEnd> {
    for (let idle = 0; idle < IDLE_ROUNDS_MAX; idle++) {
      const before = this.#given;
      await this.#pass(pagesMax);
      if (this.#given >= pagesMax || this.#target.isDone()) return "done";
      if (this.#cancelled) return "noRoom";
      if (this.#given > before) idle = -1;
      else if (this.#failedPages > 0) return "unreadable";
      if (await this.#settle()) idle = -1;
    }
    return "held";
  }

  /** Lets slots become free that nobody needs any more. @returns whether something was waited for */
  async #settle(): Promise<boolean> {
    const { swap, scheduler } = this.#parts;
    swap.discardFreed();
    swap.writer.start(swap.areas);
    if (swap.io.count > 0) {
      await swap.io.next();
      return true;
    }
    await scheduler.turn();
    return false;
  }

  /** Looks at every slot once. */
  async #pass(pagesMax: number): Promise<void> {
    const { area } = this.#target;
    const { scheduler } = this.#parts;
    let stepEnd = scheduler.clock.now() + STEP_NS;
    const running = new Set<Promise<void>>();
    this.#failedPages = 0;
    for (let offset = 1; offset < area.top && !this.#cancelled && !this.#target.isDone(); offset++) {
      if (offset % SCAN_SLOTS === 0 || (offset % CLOCK_SLOTS === 0 && scheduler.clock.now() >= stepEnd)) {
        await scheduler.turn();
        stepEnd = scheduler.clock.now() + STEP_NS;
      }
      while (running.size > 0 && (running.size >= CLUSTER_PAGES || this.#given + running.size >= pagesMax)) {
        await Promise.race(running);
      }
      if (this.#given >= pagesMax) break;
      const page = area.pageOf(offset);
      if (page === undefined || !this.#target.isWanted(offset) || this.#giveUp(page, offset)) continue;
      const work = this.#empty(page, offset).finally(() => running.delete(work));
      running.add(work);
    }
    await Promise.all(running);
  }

  async #empty(page: PageId, offset: number): Promise<void> {
    const { area } = this.#target;
    try {
      while (!this.#cancelled && area.pageOf(offset) === page && this.#target.isWanted(offset)) {
        if (this.#giveUp(page, offset)) return;
        await this.#parts.bringIn(page, () => void this.#giveUp(page, offset));
      }
    } catch (error) {
      this.#failedPages++;
      this.#failure = error;
      // No memory for this page is none for the next: the others would try as long, and for nothing.
      if (TierError.is(error, "MM_OUT_OF_MEMORY") || TierError.is(error, "MM_CLOSED")) this.#cancelled = true;
    }
  }

  /** Has a page that is in memory give its slot up. @returns whether it was, and did */
  #giveUp(page: PageId, offset: number): boolean {
    const { swap, table } = this.#parts;
    const frame = table.frame(page);
    if (frame === NO_FRAME || table.slotOf(frame) !== slotOf(this.#target.area.type, offset)) return false;
    swap.makeDirty(page, frame);
    this.#given++;
    return true;
  }
}
