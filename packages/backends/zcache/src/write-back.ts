// How persistent pages leave: clean ones at once, others to the device, group by group, so that frames come back.
//
// The zpage stays until its write is durable, and its frame counts as free only then. Work is bounded by what it looks at, not
// by what it achieves, and what achieves nothing is tried 16 times in a row at most. (Linux' zcache took having tried for
// progress.)
//
// MM may do anything while a slot is claimed: free it, give it to another page. So the pages of a group are noted with their
// generations first, and each is looked up again before it is touched.

import { PAGE_SIZE, type Scheduler, TierError } from "@pagetier/base";
import type { SwapWriteback } from "@pagetier/frontswap";
import { swapOffsetOf, swapTypeOf } from "@pagetier/tmem";
import { VICTIMS_MAX } from "./eviction-order.js";
import { CLEAN, IN_FLIGHT, type Zpages } from "./zpages.js";

/** Rounds without gain after which the background work gives up (Linux: MAX_RECLAIM_RETRIES). */
const FAILURES_MAX = 16;
/** Pages sent on between two looks at the limit. */
const BATCH = 32;

/** What one round of looking at pages came to. */
export interface SentDown {
  /** Pages looked at. */
  looked: number;
  /** Gone at once. */
  dropped: number;
  /** On their way. */
  submitted: number;
  /** Whether nothing more can be sent for now. */
  stopped: boolean;
}

export class WriteBack {
  readonly #zpages: Zpages;
  readonly #writeback: SwapWriteback;
  readonly #scheduler: Scheduler;
  readonly #mayWrite: boolean;
  readonly #victims = new Uint32Array(VICTIMS_MAX);
  readonly #generations = new Uint32Array(VICTIMS_MAX);
  /** Frames that the last group gives back when all of it has gone. */
  #chosenFrames = 0;
  #worker: Promise<void> | undefined;
  #closed = false;

  writtenBackPages = 0;
  outstandingWritebackPages = 0;
  droppedCleanPages = 0;
  /** Write-backs that failed: the write, or reading the zpage before it. */
  failed = 0;

  /** @param mayWrite whether pages that are not clean are ever sent on */
  constructor(zpages: Zpages, writeback: SwapWriteback, scheduler: Scheduler, mayWrite: boolean) {
    this.#zpages = zpages;
    this.#writeback = writeback;
    this.#scheduler = scheduler;
    this.#mayWrite = mayWrite;
  }

  /** Starts sending pages on until they are at the threshold, unless that is under way. */
  start(): void {
    if (this.#worker !== undefined || this.#closed) return;
    this.#worker = this.#drain().finally(() => {
      this.#worker = undefined;
    });
  }

  /**
   * Sends the groups on that should go next, until so many pages were looked at.
   *
   * @param wholeGroups whether the last group is finished even if that are more pages
   */
  send(pages: number, mayIo: boolean, wholeGroups: boolean): SentDown {
    const sent: SentDown = { looked: 0, dropped: 0, submitted: 0, stopped: false };
    while (sent.looked < pages && !sent.stopped) {
      if (!this.#sendGroup(wholeGroups ? VICTIMS_MAX : pages - sent.looked, mayIo, sent)) break;
    }
    return sent;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker;
    await this.#writeback.flush();
  }

  async #drain(): Promise<void> {
    let failures = 0;
    await this.#scheduler.turn();
    while (!this.#closed && failures < FAILURES_MAX && this.#isAboveThreshold(0)) {
      const before = this.writtenBackPages + this.droppedCleanPages;
      let submitted = 0;
      // Zpages stay until their writes have settled, so what is on its way out counts here: no more leaves than must.
      let leavingFrames = 0;
      for (let looks = 0; looks < BATCH && submitted < BATCH && this.#isAboveThreshold(leavingFrames); looks++) {
        const sent = this.send(1, true, true);
        submitted += sent.submitted;
        // Only a whole group gives frames back, so it counts when all of it is on its way.
        if (sent.submitted > 0 && sent.submitted + sent.dropped === sent.looked) leavingFrames += this.#chosenFrames;
        if (sent.stopped || sent.looked === 0) break;
      }
      if (submitted > 0) await this.#writeback.flush();
      else await this.#scheduler.turn();
      if (this.writtenBackPages + this.droppedCleanPages === before) failures++;
      else failures = 0;
    }
  }

  #isAboveThreshold(leavingFrames: number): boolean {
    return this.#zpages.persistent.frames - Math.floor(leavingFrames) > this.#zpages.thresholdFrames;
  }

  /** @param most pages to look at @returns whether there was a group */
  #sendGroup(most: number, mayIo: boolean, sent: SentDown): boolean {
    const { tmem, persistent } = this.#zpages;
    const count = Math.min(most, persistent.order.choose(this.#victims));
    if (count === 0) return false;
    this.#chosenFrames = persistent.order.chosenFrames || persistent.meanBytes / PAGE_SIZE;
    for (let index = 0; index < count; index++) this.#generations[index] = tmem.generationOf(this.#victims[index]!);
    persistent.order.spare(); // Whatever comes of it, another group is next.
    for (let index = 0; index < count && !sent.stopped; index++) {
      sent.looked++;
      if (tmem.isCurrent(this.#victims[index]!, this.#generations[index]!))
        this.#sendPage(this.#victims[index]!, mayIo, sent);
    }
    return true;
  }

  #sendPage(page: number, mayIo: boolean, sent: SentDown): void {
    const { tmem } = this.#zpages;
    const meta = tmem.metaOf(page);
    if ((meta & CLEAN) !== 0) {
      this.droppedCleanPages++;
      sent.dropped++;
      tmem.remove(page);
    } else if (mayIo && this.#mayWrite && (meta & IN_FLIGHT) === 0) this.#write(page, sent);
  }

  #write(page: number, sent: SentDown): void {
    const { tmem } = this.#zpages;
    const generation = tmem.generationOf(page);
    const oid = tmem.oidOf(page);
    const index = tmem.indexOf(page);
    const claim = this.#writeback.claim(swapTypeOf(oid), swapOffsetOf(oid, index));
    if (claim === "noMemory") sent.stopped = true;
    if (claim === "noMemory" || claim === "exists") return;
    // The slot may have been given back and taken again while the claim was made.
    if (!tmem.isCurrent(page, generation) || !this.#fill(oid, index, claim.page)) {
      this.#writeback.release(claim);
      return;
    }
    tmem.setMeta(page, (tmem.metaOf(page) | IN_FLIGHT) >>> 0);
    this.outstandingWritebackPages++;
    sent.submitted++;
    this.#writeback.submit(claim, (outcome) => {
      this.outstandingWritebackPages--;
      if (!tmem.isCurrent(page, generation)) return false;
      tmem.setMeta(page, (tmem.metaOf(page) & ~IN_FLIGHT) >>> 0);
      if (outcome === "failed") {
        this.failed++;
        return false;
      }
      this.writtenBackPages++;
      tmem.remove(page);
      return true;
    });
  }

  #fill(oid: number, index: number, into: Uint8Array): boolean {
    const { tmem, swap } = this.#zpages;
    try {
      if (tmem.get(swap, oid, index, into, false) === "hit") return true;
      this.droppedCleanPages++; // It was marked clean while its slot was claimed, and is damaged: the device has it.
      return false;
    } catch (error) {
      if (!TierError.is(error, "FRONTSWAP_LOST")) throw error;
      this.failed++;
      return false;
    }
  }
}
