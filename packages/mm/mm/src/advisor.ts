// Carrying out advice (advice.ts).
//
// What changes nothing but the order of pages or what is known of them is done at once. What brings pages in or sends them
// out goes the way that faults and reclaim go, a cluster at a time with turns for others between, and without their
// pressure: bringing in takes only frames above the low watermark, sending out looks at no other page than those named.
//
// Source: Linux 6.18 mm/madvise.c, mm/fadvise.c, mm/swap.c (lru_deactivate, lru_lazyfree).

import type { Scheduler } from "@pagetier/base";
import { type Frame, NO_FRAME, type PageFrames } from "@pagetier/frames";
import type { AccessPatterns } from "./access-patterns.js";
import type { Advice } from "./advice.js";
import type { CachedFile } from "./cached-file.js";
import type { Faults } from "./fault.js";
import { CLUSTER_PAGES } from "./options.js";
import type { PageCache } from "./page-cache.js";
import type { PageList } from "./page-list.js";
import type { PageLists } from "./page-lists.js";
import { ACTIVE, DIRTY, type PageTable, WRITEBACK } from "./page-table.js";
import type { Reclaim } from "./reclaim.js";
import type { PageId } from "./space.js";
import type { Swap } from "./swap.js";
import { isSlot } from "./swap-slot.js";

export interface AdvisorParts {
  readonly frames: PageFrames;
  readonly owner: number;
  readonly table: PageTable;
  readonly lists: PageLists;
  readonly swap: Swap;
  readonly cache: PageCache;
  readonly reclaim: Reclaim;
  readonly scheduler: Scheduler;
  readonly patterns: AccessPatterns;
  readonly faults: Faults;
  readonly isOpen: () => boolean;
  readonly discard: (page: PageId) => void;
  /** Fills a frame with a page that is not in memory, or gives it back. */
  readonly fill: (page: PageId, frame: Frame, accesses: readonly (() => void)[], arrived: () => void) => Promise<void>;
}

export class Advisor {
  readonly #parts: AdvisorParts;
  #pagedOut = 0;
  #deactivated = 0;
  #lazyfree = 0;

  constructor(parts: AdvisorParts) {
    this.#parts = parts;
  }

  counters(): Record<string, number> {
    return {
      advisedOut: this.#pagedOut,
      advisedCold: this.#deactivated,
      lazyFreePages: this.#lazyfree,
      lazyFreedPages: this.#parts.swap.lazyFreed,
    };
  }

  /** @param first of `count` anonymous pages */
  async adviseAnon(first: PageId, count: number, advice: Advice): Promise<void> {
    const { lists, discard } = this.#parts;
    const end = first + count;
    switch (advice) {
      case "dontneed":
        for (let page = first as number; page < end; page++) discard(page as PageId);
        return;
      case "free":
        for (let page = first as number; page < end; page++) this.#free(page as PageId);
        return;
      case "willneed":
        return this.#bringIn(first, end);
      default:
        return this.#adviseList(lists.anon, first, end, advice);
    }
  }

  /** @param index of the first of `count` pages of a file */
  async adviseFile(file: CachedFile, index: number, count: number, advice: Advice): Promise<void> {
    const { lists, cache } = this.#parts;
    if (advice === "dontneed") cache.dontNeed(file, index, index + count);
    else if (advice === "willneed") await cache.willNeed(file, index, index + count);
    else await this.#adviseList(lists.file, file.page(index), file.page(index) + count, advice);
  }

  /** What is the same for both kinds of pages. */
  async #adviseList(list: PageList, first: PageId, end: number, advice: Advice): Promise<void> {
    if (advice === "cold") for (let page = first as number; page < end; page++) this.#deactivate(list, page as PageId);
    else if (advice === "pageout") await this.#pageOut(list, first, end);
    else if (advice === "normal" || advice === "sequential" || advice === "random") {
      this.#parts.patterns.set(first, end, advice);
    }
  }

  /** A page in memory is as one that has just come, and is not known to be of any use. */
  #deactivate(list: PageList, page: PageId): void {
    const { table } = this.#parts;
    if (!list.has(page)) return;
    list.remove(page);
    list.admit(page);
    table.clear(table.frame(page), ACTIVE);
    this.#deactivated++;
  }

  #free(page: PageId): void {
    const { table, swap, lists, discard } = this.#parts;
    const frame = table.frame(page);
    if (frame === NO_FRAME) {
      discard(page);
      return;
    }
    swap.makeLazyfree(page, frame);
    this.#deactivate(lists.anon, page);
    this.#lazyfree++;
  }

  async #pageOut(list: PageList, first: PageId, end: number): Promise<void> {
    const { table, swap, cache, reclaim, scheduler, isOpen } = this.#parts;
    for (let page = first as number; page < end && isOpen(); page++) {
      if ((page - first) % CLUSTER_PAGES === CLUSTER_PAGES - 1) await scheduler.turn();
      while (this.#mustBeWritten(page as PageId) && swap.writer.room === 0 && swap.io.count > 0) {
        swap.writer.start(swap.areas);
        cache.writer.start();
        await swap.io.next();
      }
      if (!isOpen() || table.frame(page as PageId) === NO_FRAME || !list.has(page)) continue;
      if (reclaim.evict(list, page as PageId) !== "kept") this.#pagedOut++;
    }
    cache.writer.start();
    await swap.flush();
    await cache.writer.settledAll();
  }

  #mustBeWritten(page: PageId): boolean {
    const { table } = this.#parts;
    const frame = table.frame(page);
    return frame !== NO_FRAME && table.has(frame, DIRTY) && !table.has(frame, WRITEBACK);
  }

  async #bringIn(first: PageId, end: number): Promise<void> {
    const { frames, owner, table, swap, faults, fill, isOpen } = this.#parts;
    const running: Promise<void>[] = [];
    for (let number = first as number; number < end && isOpen(); number++) {
      const page = number as PageId;
      if (!isSlot(table.word(page)) || faults.has(page)) continue;
      if (frames.free <= frames.watermarks.low) break;
      const frame = frames.take("user", owner);
      if (frame === NO_FRAME) break;
      const accesses: (() => void)[] = [];
      const arrived = (): void => {
        const at = table.frame(page);
        if (at !== NO_FRAME && accesses.length === 0) swap.readahead.noteAhead(at);
      };
      // Whoever joins and waits in vain tries for itself, and is told why.
      const done = fill(page, frame, accesses, arrived)
        .catch(() => undefined)
        .finally(() => faults.delete(page));
      faults.set(page, { done, accesses });
      running.push(done);
      if (running.length % CLUSTER_PAGES === 0) await this.#parts.scheduler.turn();
    }
    await Promise.all(running);
  }
}
