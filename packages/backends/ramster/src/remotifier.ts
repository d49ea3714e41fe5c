// Who leaves this machine's memory, and where to: other machines first; the swap store for what they do not take; nowhere for what
// may be dropped.
//
// In the background pages leave from the moment the pool holds `remotifyStartPercent` of its limit until it will hold
// `remotifyStopPercent` (what is on its way counts as gone), the coldest first, ephemeral and persistent ones in turn. Memory
// pressure (the shrinker) and MM (which may size pools) ask for more.
//
// Machines that are full or away are left alone for a while, longer each time. Meanwhile persistent pages are written back when the
// pool is nearly full, or when they are asked for. Nothing spins: each round sends something, waits for something, or ends.

import { type Scheduler, TierError } from "@pagetier/base";
import type { SwapWriteback } from "@pagetier/frontswap";
import { type ListLru, NO_OBJECT } from "@pagetier/shrinker";
import { type RemoteKind, swapOffsetOf, swapTypeOf } from "@pagetier/tmem";
import { CLEAN, type LocalPages, WRITING } from "./local-pages.js";
import type { RamsterOptions } from "./options.js";
import type { RemotePages } from "./remote-pages.js";

const PAGE_BYTES = 4096;
/** Entries looked at for one that may leave. */
const LOOKS_MAX = 16;
/** Pages written back between two looks at the limit. */
const WRITE_BATCH = 32;
/** Rounds of write-back without a page written after which the worker gives up. */
const FAILURES_MAX = 16;
/** Share of the limit above which pages that no machine takes are written back. */
const WRITE_PERCENT = 90;
const RETRY_MIN_NS = 20e6;
const RETRY_MAX_NS = 5000e6;

/** What became of the coldest page of a kind. */
type Exit = "sent" | "dropped" | "writing" | "none";

export class Remotifier {
  readonly #local: LocalPages;
  readonly #remote: RemotePages;
  readonly #writeback: SwapWriteback;
  readonly #scheduler: Scheduler;
  readonly #options: RamsterOptions;
  readonly #closed = { persistent: false, ephemeral: false };
  readonly #waiting: (() => void)[] = [];
  #worker: Promise<void> | undefined;
  /** Pages are leaving until the pool has fallen to the lower mark. */
  #draining = false;
  /** Further pages that somebody asked for. */
  #asked = 0;
  #turn: RemoteKind = "ephemeral";
  #retryNs = 0;
  #pauseNs = RETRY_MIN_NS;
  #underWay = 0;
  #writtenBack = 0;
  #droppedClean = 0;
  #rejectReclaimFail = 0;
  #outages = 0;

  constructor(
    local: LocalPages,
    remote: RemotePages,
    writeback: SwapWriteback,
    scheduler: Scheduler,
    options: RamsterOptions,
  ) {
    this.#local = local;
    this.#remote = remote;
    this.#writeback = writeback;
    this.#scheduler = scheduler;
    this.#options = options;
  }

  /** Looks after a put whether pages should leave. Cheap when not. */
  afterPut(): void {
    if (!this.#draining && this.#local.poolFrames < this.#mark(this.#options.remotifyStartPercent)) return;
    this.#draining = true;
    this.#wake();
  }

  /** Makes up to so many of the coldest pages leave, without waiting. @returns pages that the background will see to */
  ask(pages: number): number {
    const most = this.#local.persistent.size + this.#local.ephemeral.size;
    this.#asked = Math.min(most, this.#asked + pages);
    if (this.#asked > 0) this.#wake();
    return Math.min(pages, most);
  }

  /**
   * As {@link ask}, from within reclaim: what may be dropped goes at once.
   *
   * @returns pages dropped, and pages on their way
   */
  shrink(pages: number, mayIo: boolean): { dropped: number; submitted: number } {
    const total = this.#local.ephemeral.size + this.#local.persistent.size;
    let dropped = 0;
    let submitted = 0;
    const drops = total === 0 ? 0 : Math.ceil((pages * this.#local.ephemeral.size) / total);
    while (dropped < drops && this.#local.evictEphemeral()) dropped++;
    while (dropped + submitted < pages) {
      const exit = this.#exit("persistent", mayIo);
      if (exit === "dropped") dropped++;
      else if (exit === "sent" || exit === "writing") submitted++;
      else break;
    }
    return { dropped, submitted };
  }

  /** Whether a persistent page could leave now, or (without I/O) be dropped. */
  canLeave(mayIo: boolean): boolean {
    return mayIo && (this.#maySend("persistent") || this.#options.poolFull === "writeback-lru");
  }

  /** No page of the kind leaves any more; resolves when what was on its way has settled. */
  async close(kind: RemoteKind): Promise<void> {
    this.#closed[kind] = true;
    await this.#worker;
    while (this.#underWay > 0) await this.#next();
    await this.#writeback.flush();
  }

  counters(): Record<string, number> {
    return {
      writtenBackPages: this.#writtenBack,
      droppedCleanPages: this.#droppedClean,
      rejectReclaimFail: this.#rejectReclaimFail,
      remoteOutages: this.#outages,
    };
  }

  #wake(): void {
    this.#worker ??= this.#run().finally(() => {
      this.#worker = undefined;
    });
  }

  async #run(): Promise<void> {
    await this.#scheduler.turn();
    for (let failures = 0; failures < FAILURES_MAX; ) {
      this.#sendWhatIsDue();
      const before = this.#writtenBack + this.#droppedClean;
      const wrote = this.#writeWhatMust();
      if (wrote > 0) await this.#writeback.flush();
      else if (this.#underWay > 0) await this.#next();
      else break;
      if (wrote > 0 && this.#writtenBack + this.#droppedClean === before) failures++;
    }
    this.#asked = 0;
  }

  #sendWhatIsDue(): void {
    while (this.#underWay < this.#options.inFlightPagesMax && this.#isDue()) {
      this.#turn = this.#turn === "persistent" ? "ephemeral" : "persistent";
      if (
        this.#sendColdest(this.#turn) ||
        this.#sendColdest(this.#turn === "persistent" ? "ephemeral" : "persistent")
      ) {
        if (this.#asked > 0) this.#asked--;
      } else break;
    }
  }

  #sendColdest(kind: RemoteKind): boolean {
    if (!this.#maySend(kind)) return false;
    const exit = this.#exit(kind, true);
    return exit === "sent" || exit === "dropped";
  }

  #writeWhatMust(): number {
    let wrote = 0;
    while (wrote < WRITE_BATCH && this.#mustWrite()) {
      const exit = this.#exit("persistent", true);
      if (exit !== "writing" && exit !== "dropped") break;
      if (this.#asked > 0) this.#asked--;
      wrote++;
    }
    return wrote;
  }

  /** Sends the coldest page that may go, whichever way is open. */
  #exit(kind: RemoteKind, mayIo: boolean): Exit {
    if (this.#closed[kind]) return "none";
    const list = this.#local.listOf(kind);
    for (let look = 0; look < LOOKS_MAX; look++) {
      const page = list.oldest;
      if (page === NO_OBJECT) return "none";
      if (this.#local.has(page, CLEAN)) {
        this.#droppedClean++;
        this.#local.tmem.remove(page);
        return "dropped";
      }
      if (
        mayIo &&
        this.#maySend(kind) &&
        this.#underWay < this.#options.inFlightPagesMax &&
        !this.#remote.isBusy(page)
      ) {
        this.#send(page);
        return "sent";
      }
      if (mayIo && kind === "persistent" && !this.#maySend(kind) && this.#options.poolFull === "writeback-lru") {
        const outcome = this.#writeBack(page, list);
        if (outcome !== "busy") return outcome;
      } else if (!this.#remote.isBusy(page)) return "none";
      list.moveToNewest(page);
    }
    return "none";
  }

  #send(page: number): void {
    this.#underWay++;
    const sending = this.#remote.send(page).then((outcome) => {
      if (outcome === "sent") this.#pauseNs = RETRY_MIN_NS;
      else this.#leaveAlone();
    });
    void this.#writeback.track(sending).finally(() => {
      this.#underWay--;
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** Machines that did not take a page are not asked for a while. */
  #leaveAlone(): void {
    const now = this.#scheduler.clock.now();
    if (now < this.#retryNs) return; // Pages that were on their way together fail together.
    this.#outages++;
    this.#retryNs = now + this.#pauseNs;
    this.#pauseNs = Math.min(2 * this.#pauseNs, RETRY_MAX_NS);
  }

  #writeBack(page: number, list: ListLru): Exit | "busy" {
    const { tmem, zpages } = this.#local;
    const generation = tmem.generationOf(page);
    const oid = tmem.oidOf(page);
    const claim = this.#writeback.claim(swapTypeOf(oid), swapOffsetOf(oid, tmem.indexOf(page)));
    if (claim === "noMemory") return "none";
    if (claim === "exists") return "busy";
    if (!tmem.isCurrent(page, generation)) {
      this.#writeback.release(claim); // Given back and taken again while the claim was made.
      return "busy";
    }
    try {
      zpages.read(tmem.wordOf(page), tmem.metaOf(page), claim.page);
    } catch (error) {
      this.#writeback.release(claim);
      this.#rejectReclaimFail++;
      if (!TierError.is(error)) throw error;
      return "busy";
    }
    list.delete(page);
    this.#local.setFlag(page, WRITING);
    this.#writeback.submit(claim, (outcome) => {
      if (!tmem.isCurrent(page, generation)) return false;
      this.#local.clearFlag(page, WRITING);
      if (outcome === "failed") {
        this.#rejectReclaimFail++;
        list.add(page);
        return false;
      }
      this.#writtenBack++;
      tmem.remove(page);
      return true;
    });
    return "writing";
  }

  #maySend(kind: RemoteKind): boolean {
    const { remotify } = this.#options;
    return (remotify === "both" || remotify === kind) && this.#scheduler.clock.now() >= this.#retryNs;
  }

  #isDue(): boolean {
    if (this.#draining && this.#projectedFrames() <= this.#mark(this.#options.remotifyStopPercent))
      this.#draining = false;
    return this.#draining || this.#asked > 0;
  }

  #mustWrite(): boolean {
    if (this.#options.poolFull !== "writeback-lru" || this.#maySend("persistent")) return false;
    return this.#asked > 0 || this.#local.poolFrames > this.#mark(WRITE_PERCENT);
  }

  /** Frames that the pool will hold when what is on its way has arrived. */
  #projectedFrames(): number {
    return this.#local.poolFrames - Math.floor(this.#remote.outgoingBytes / PAGE_BYTES);
  }

  #mark(percent: number): number {
    return Math.floor((this.#local.maxFrames * percent) / 100);
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
