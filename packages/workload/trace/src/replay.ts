// Replay: a trace becomes accesses to a space, and every byte that comes back is checked.
//
// The first touch of a page is a write that fills it, unless pages hold something from the beginning, as those of a file. A
// later write reads the page (and so checks it), patches the copy in the replayer's scratch, and writes the patch alone; a
// read reads the whole page. What a page must hold is kept as a 64-bit hash, 12 bytes a page with its version, so that a
// footprint of gigabytes is verified from a few megabytes.
//
// Sync first: an access that memory can serve goes through readNow and writeNow in one straight loop without a promise;
// the first one that cannot ends the loop, is completed with await, and the loop goes on behind it. Every so many
// accesses the scheduler gets a turn, so that reclaim in the background, progress and Ctrl-C have their chance.

import { assert, ChunkedWords, PAGE_SIZE, realScheduler, type Scheduler, TierError } from "@pagetier/base";
import { LatencyHistogram, type LatencySummary } from "./latency-histogram.js";
import type { Pace } from "./pace.js";
import { PageContents } from "./page-contents.js";
import type { PageFile } from "./page-file.js";
import { PageHash } from "./page-hash.js";
import { REQUEST_OPS, type TraceBatch, type TraceReader } from "./trace.js";

/** What a replay drives: an anonymous space of `@pagetier/mm`, or anything that behaves like one. */
export interface ReplayTarget {
  readonly pages: number;
  read(page: number, offset: number, into: Uint8Array): Promise<void>;
  write(page: number, offset: number, from: Uint8Array): Promise<void>;
  readNow(page: number, offset: number, into: Uint8Array): boolean;
  writeNow(page: number, offset: number, from: Uint8Array): boolean;
  /** Forgets a page, where the target can. */
  discard?(page: number): void;
}

export interface ReplayOptions {
  /** Chooses contents and patches. Default 1. */
  readonly seed?: number | undefined;
  /** Probability that a write replaces its page instead of patching it, 0..100. Default 5. */
  readonly replacePercent?: number | undefined;
  /** `"all"` (default): every page read is compared. `"none"`: nothing is, and a write does not read first. */
  readonly verify?: "all" | "none" | undefined;
  /**
   * The target's pages hold what they hold before their first write: a file. Then a first touch is a read or a write like any
   * other. Default `false`: they are empty, and a first touch fills its page.
   */
  readonly prefilled?: boolean | undefined;
  /** Replays only the first so many requests. */
  readonly limit?: number | undefined;
  /** Gives turns and tells the time. Default: the event loop. */
  readonly scheduler?: Scheduler | undefined;
  /** In virtual time: what the application's own work takes. */
  readonly pace?: Pace | undefined;
  /** Accesses between two turns of the scheduler. Default 256. */
  readonly turnAccesses?: number | undefined;
  /** Called at most every 4096 accesses and once at the end; `total` as far as it is known. */
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  /** Called after every turn of the scheduler with the accesses done, for whoever samples the target while it runs. */
  readonly onTurn?: ((done: number) => void) | undefined;
  /** Stops the replay at the next turn; `run` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A page that came back with other bytes than were written. */
export interface Mismatch {
  readonly page: number;
  readonly key: number;
  /** Number of the access that saw it, from 0; -1 for the audit. */
  readonly access: number;
  /** Writes that the page had seen, its first touch included. */
  readonly writes: number;
}

export interface ReplayResult {
  /** Requests of the trace that were carried out: `firstTouches + reads + writes + frees`. */
  readonly accesses: number;
  /** Accesses to touched pages that read, and that wrote. */
  readonly reads: number;
  readonly writes: number;
  /**
   * Accesses that were the first of their page, or the first since it was freed, whatever the trace called them: each wrote a
   * page. Where pages are prefilled, only those after a free.
   */
  readonly firstTouches: number;
  /** Pages freed. Whatever was there is forgotten. */
  readonly frees: number;
  /** Page reads compared and found equal. */
  readonly verified: number;
  /** Page reads compared and found different. */
  readonly mismatches: number;
  /** The first few of them. */
  readonly firstMismatches: readonly Mismatch[];
  /** Pages touched. */
  readonly uniquePages: number;
  /** By the scheduler's clock, from the call of `run`. */
  readonly elapsedMs: number;
  /** How long accesses took: in virtual time all of them, in real time those that had to wait. */
  readonly latency: LatencySummary;
}

export interface AuditResult {
  /** Pages touched, each of which was read back: `verified + mismatches + unreadable`. */
  readonly pages: number;
  readonly verified: number;
  readonly mismatches: number;
  readonly firstMismatches: readonly Mismatch[];
  /** Pages whose read failed. */
  readonly unreadable: number;
  /** Why the first one failed. */
  readonly firstFailure: unknown;
}

const SEED_DEFAULT = 1;
const REPLACE_PERCENT_DEFAULT = 5;
const TURN_ACCESSES_DEFAULT = 256;
const PROGRESS_ACCESSES = 4096;
const MISMATCHES_DESCRIBED = 8;

// What the access at which the straight loop stopped still needs.
const PENDING_FILL = 1;
const PENDING_READ = 2;
const PENDING_WRITE = 3;

/** In place of the number of writes: the page was freed, and is as good as new. */
const FREED = 0xffff_ffff;

/** Replays a trace on a target. See {@link Replay} for reading everything back afterwards. */
export function replay(
  target: ReplayTarget,
  trace: TraceReader,
  pages: PageFile,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  return new Replay(target, trace, pages, options).run();
}

/**
 * One replay: {@link run} it, look at {@link result} whenever you like (also after it failed), and {@link audit} what
 * the target holds at the end.
 */
export class Replay {
  readonly #target: ReplayTarget;
  readonly #trace: TraceReader;
  readonly #contents: PageContents;
  readonly #scheduler: Scheduler;
  readonly #options: ReplayOptions;
  readonly #verify: boolean;
  readonly #limit: number;
  readonly #turnAccesses: number;
  readonly #prefilled: boolean;
  readonly #pace: Pace | undefined;
  readonly #latency = new LatencyHistogram();
  /** Somebody else is due before the next access. */
  #behind = false;

  // Per page: writes seen (0: never touched), and the hash of what it must hold.
  readonly #versions = new ChunkedWords();
  readonly #low = new ChunkedWords();
  readonly #high = new ChunkedWords();

  readonly #scratch = new Uint8Array(PAGE_SIZE);
  readonly #scratchWords = new Int32Array(this.#scratch.buffer);
  readonly #hash = new PageHash();

  #accesses = 0;
  #reads = 0;
  #writes = 0;
  #firstTouches = 0;
  #uniquePages = 0;
  #frees = 0;
  #verified = 0;
  #mismatches = 0;
  readonly #firstMismatches: Mismatch[] = [];
  #startNs = 0;
  #elapsedNs = 0;
  #started = false;
  #pending = 0;
  // The write that is being carried out: what goes where.
  #from: Uint8Array = this.#scratch;
  #offset = 0;

  constructor(target: ReplayTarget, trace: TraceReader, pages: PageFile, options: ReplayOptions = {}) {
    this.#target = target;
    this.#trace = trace;
    this.#options = options;
    this.#contents = new PageContents(
      pages,
      options.seed ?? SEED_DEFAULT,
      options.replacePercent ?? REPLACE_PERCENT_DEFAULT,
    );
    this.#scheduler = options.scheduler ?? realScheduler;
    this.#verify = (options.verify ?? "all") === "all";
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.#turnAccesses = options.turnAccesses ?? TURN_ACCESSES_DEFAULT;
    this.#prefilled = options.prefilled ?? false;
    this.#pace = options.pace;
    assert(this.#limit > 0, "the limit is at least one request");
    assert(this.#turnAccesses > 0, "there is at least one access between two turns");
  }

  /**
   * Carries the trace out. Once.
   *
   * @throws what the target throws (that access was not done, the state stays consistent with what the target
   *   promised), what the trace throws, the signal's reason, or TierError REPLAY_TARGET_TOO_SMALL
   */
  async run(): Promise<ReplayResult> {
    assert(!this.#started, "a replay runs once");
    this.#started = true;
    this.#startNs = this.#scheduler.clock.now();
    try {
      this.#options.signal?.throwIfAborted();
      const batches = this.#trace[Symbol.asyncIterator]();
      try {
        while (this.#accesses < this.#limit) {
          const { done, value: batch } = await this.#scheduler.outside(() => batches.next());
          if (done === true) break;
          await this.#runBatch(batch, Math.min(batch.length, this.#limit - this.#accesses));
        }
      } finally {
        await this.#scheduler.outside(async () => batches.return?.());
      }
    } finally {
      this.#elapsedNs = this.#scheduler.clock.now() - this.#startNs;
    }
    this.#options.onProgress?.(this.#accesses, this.#accesses);
    return this.result();
  }

  /** What has happened so far. */
  result(): ReplayResult {
    return {
      accesses: this.#accesses,
      reads: this.#reads,
      writes: this.#writes,
      firstTouches: this.#firstTouches,
      frees: this.#frees,
      verified: this.#verified,
      mismatches: this.#mismatches,
      firstMismatches: [...this.#firstMismatches],
      uniquePages: this.#uniquePages,
      elapsedMs: this.#elapsedNs / 1e6,
      latency: this.#latency.summary(),
    };
  }

  /** Requests carried out so far. */
  get accesses(): number {
    return this.#accesses;
  }

  /** How long accesses took, as {@link ReplayResult.latency}. */
  get latency(): LatencyHistogram {
    return this.#latency;
  }

  /**
   * Reads every touched page back and compares it: nothing that was written may be lost, also when the replay ended
   * with an error. Needs `verify: "all"`.
   *
   * @param signal stops it; a replay that was stopped can still be audited
   * @throws the signal's reason
   */
  async audit(signal?: AbortSignal): Promise<AuditResult> {
    assert(this.#verify, "an audit needs the hashes that verify: all keeps");
    const mismatches: Mismatch[] = [];
    let pages = 0;
    let verified = 0;
    let unreadable = 0;
    let firstFailure: unknown;
    const end = Math.min(this.#versions.capacity, this.#trace.keys.count);
    for (let page = 0; page < end; page++) {
      if (this.#versions.get(page) === 0 || this.#versions.get(page) === FREED) continue;
      pages++;
      signal?.throwIfAborted(); // Where no page can leave, each one that comes in takes a while.
      if (pages % this.#turnAccesses === 0) await this.#scheduler.turn();
      try {
        if (!this.#target.readNow(page, 0, this.#scratch)) await this.#target.read(page, 0, this.#scratch);
      } catch (error) {
        if (unreadable++ === 0) firstFailure = error;
        continue;
      }
      if (this.#isExpected(page)) verified++;
      else mismatches.push(this.#mismatch(page, this.#trace.keys.keyOf(page), -1));
    }
    return {
      pages,
      verified,
      mismatches: mismatches.length,
      firstMismatches: mismatches.slice(0, MISMATCHES_DESCRIBED),
      unreadable,
      firstFailure,
    };
  }

  /** Bytes of the replayer's own tables; the keys of the trace count there. */
  memoryBytes(): number {
    return this.#versions.bytes + this.#low.bytes + this.#high.bytes;
  }

  async #runBatch(batch: TraceBatch, end: number): Promise<void> {
    const { signal, onProgress, onTurn } = this.#options;
    this.#makeRoom();
    for (let index = 0; index < end; ) {
      const untilTurn = this.#turnAccesses - (this.#accesses % this.#turnAccesses);
      const stop = Math.min(end, index + untilTurn);
      index = this.#pace === undefined ? this.#runNow(batch, index, stop) : this.#runPaced(batch, index, stop);
      if (this.#behind) {
        this.#behind = false;
        await this.#scheduler.sleep(0);
      } else if (index < stop) {
        const start = this.#scheduler.clock.now();
        await this.#complete(batch, index++);
        this.#pace?.access(PAGE_SIZE);
        this.#latency.add(this.#scheduler.clock.now() - start);
        if (this.#pace?.think() === true) await this.#scheduler.sleep(0);
      }
      if (this.#accesses % this.#turnAccesses !== 0) continue;
      await this.#scheduler.turn();
      signal?.throwIfAborted();
      onTurn?.(this.#accesses);
      if (onProgress !== undefined && this.#accesses % PROGRESS_ACCESSES < this.#turnAccesses) {
        onProgress(this.#accesses, this.#totalExpected());
      }
    }
  }

  #totalExpected(): number | undefined {
    const total = this.#trace.total;
    if (total === undefined) return Number.isFinite(this.#limit) ? this.#limit : undefined;
    return Math.min(total, this.#limit);
  }

  #makeRoom(): void {
    const pages = Math.min(this.#trace.keys.count, this.#target.pages);
    this.#versions.ensure(pages);
    if (!this.#verify) return;
    this.#low.ensure(pages);
    this.#high.ensure(pages);
  }

  /** Carries out batch[start..end) as far as memory serves it. Returns the first access that needs to wait, or `end`. */
  #runNow(batch: TraceBatch, start: number, end: number): number {
    const target = this.#target;
    const versions = this.#versions;
    for (let index = start; index < end; index++) {
      const page = batch.pages[index]!;
      if (page >= target.pages) throw this.#tooSmall();
      let version = versions.get(page);
      if (version === 0 && this.#prefilled && batch.ops?.[index] !== REQUEST_OPS.free) {
        version = this.#meet(page, batch.keys[index]!);
      }
      if (batch.ops?.[index] === REQUEST_OPS.free) {
        this.#free(page, version);
      } else if (version === 0 || version === FREED) {
        this.#prepareFill(batch.keys[index]!);
        this.#pending = PENDING_FILL;
        if (!target.writeNow(page, 0, this.#scratch)) return index;
        this.#noteFill(page);
      } else if (batch.writes[index] === 0) {
        this.#pending = PENDING_READ;
        if (!target.readNow(page, 0, this.#scratch)) return index;
        this.#noteRead(page, batch.keys[index]!);
      } else {
        if (this.#verify) {
          this.#pending = PENDING_READ;
          if (!target.readNow(page, 0, this.#scratch)) return index;
          this.#check(page, batch.keys[index]!);
        }
        this.#prepareWrite(batch.keys[index]!, version);
        this.#pending = PENDING_WRITE;
        if (!target.writeNow(page, this.#offset, this.#from)) return index;
        this.#noteWrite(page, version);
      }
    }
    return end;
  }

  /** As {@link #runNow}, one access after another in virtual time. Also ends where somebody else is due. */
  #runPaced(batch: TraceBatch, start: number, end: number): number {
    const { clock } = this.#scheduler;
    for (let index = start; index < end; index++) {
      const begin = clock.now();
      if (this.#runNow(batch, index, index + 1) === index) return index;
      this.#pace!.access(PAGE_SIZE);
      this.#latency.add(clock.now() - begin);
      this.#behind = this.#pace!.think();
      if (this.#behind) return index + 1;
    }
    return end;
  }

  /** Completes the access at which {@link #runNow} stopped. Counters change only when the access is done. */
  async #complete(batch: TraceBatch, index: number): Promise<void> {
    const target = this.#target;
    const page = batch.pages[index]!;
    const key = batch.keys[index]!;
    if (this.#pending === PENDING_FILL) {
      await target.write(page, 0, this.#scratch);
      this.#noteFill(page);
      return;
    }
    const version = this.#versions.get(page);
    if (this.#pending === PENDING_READ) {
      await target.read(page, 0, this.#scratch);
      if (batch.writes[index] === 0) {
        this.#noteRead(page, key);
        return;
      }
      this.#check(page, key);
      this.#prepareWrite(key, version);
      if (target.writeNow(page, this.#offset, this.#from)) {
        this.#noteWrite(page, version);
        return;
      }
    }
    await target.write(page, this.#offset, this.#from);
    this.#noteWrite(page, version);
  }

  #prepareFill(key: number): void {
    this.#scratch.set(this.#contents.pageFor(key, 0));
  }

  #noteFill(page: number): void {
    this.#accesses++;
    this.#firstTouches++;
    if (this.#versions.get(page) === 0) this.#uniquePages++;
    this.#remember(page, 1);
  }

  /** A prefilled page is touched for the first time: notes what it must hold. @returns its version */
  #meet(page: number, key: number): number {
    this.#prepareFill(key);
    this.#uniquePages++;
    this.#remember(page, 1);
    return 1;
  }

  #free(page: number, version: number): void {
    this.#accesses++;
    this.#frees++;
    if (version === 0 || version === FREED) return;
    this.#target.discard?.(page);
    this.#versions.set(page, FREED);
  }

  #noteRead(page: number, key: number): void {
    if (this.#verify) this.#check(page, key);
    this.#accesses++;
    this.#reads++;
  }

  /** Chooses what the write writes, and brings the scratch to what the page holds afterwards. */
  #prepareWrite(key: number, version: number): void {
    const contents = this.#contents;
    if (contents.replaces(key, version)) {
      this.#scratch.set(contents.pageFor(key, version));
      this.#from = this.#scratch;
      this.#offset = 0;
      return;
    }
    this.#from = contents.patchFor(key, version);
    this.#offset = contents.patchOffset;
    if (this.#verify) this.#scratch.set(this.#from, this.#offset);
  }

  #noteWrite(page: number, version: number): void {
    this.#accesses++;
    this.#writes++;
    this.#remember(page, version + 1);
  }

  #remember(page: number, version: number): void {
    this.#versions.set(page, version);
    if (!this.#verify) return;
    this.#hash.update(this.#scratchWords);
    this.#low.set(page, this.#hash.low);
    this.#high.set(page, this.#hash.high);
  }

  #isExpected(page: number): boolean {
    this.#hash.update(this.#scratchWords);
    return this.#hash.low === this.#low.get(page) && this.#hash.high === this.#high.get(page);
  }

  #check(page: number, key: number): void {
    if (this.#isExpected(page)) {
      this.#verified++;
      return;
    }
    if (this.#mismatches++ < MISMATCHES_DESCRIBED)
      this.#firstMismatches.push(this.#mismatch(page, key, this.#accesses));
  }

  #mismatch(page: number, key: number, access: number): Mismatch {
    return { page, key, access, writes: this.#versions.get(page) };
  }

  #tooSmall(): TierError {
    const { pages } = this.#target;
    return new TierError(
      "REPLAY_TARGET_TOO_SMALL",
      `The trace ${this.#trace.name} touches more than ${pages} pages, but the space has only ${pages}; ` +
        "make the space larger, or limit the trace.",
      { pages, trace: this.#trace.name },
    );
  }
}
