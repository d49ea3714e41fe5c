// Who decides when the next operation of a replay begins.
//
// Closed loop: when the one before has ended. As fast as the stack is; a slow access delays those behind it, so its
// latency says how slow the stack is, not how long a user would have waited.
//
// Open loop: when it arrived in the trace, whatever became of the ones before. Its latency counts from there, so that a
// stall shows in every operation that came meanwhile, and not in one alone (Gil Tene's "coordinated omission"). Operations
// that wait run beside each other; only those on the same page keep their order. When too many wait, the next begins
// late, and its latency says so.
//
// In both, an operation that memory serves is done in a straight loop without a promise, and every so many the scheduler
// gets a turn, so that reclaim in the background, progress and Ctrl-C have their chance.

import { assert, type Scheduler, TierError } from "@pagetier/base";
import { LatencyHistogram } from "./latency-histogram.js";
import type { Pace } from "./pace.js";

/** Some operations, and how to carry them out. */
export interface ReplayWork {
  /** Carries out operations start..end - 1 as far as memory serves them. @returns the first that must wait, or `end` */
  runNow(start: number, end: number): number;
  /** Carries out one that must wait. Takes what it needs of the batch before it first waits. */
  runLater(index: number): Promise<void>;
  /** A number for what an operation works on, so that those on the same thing keep their order. {@link ALONE}: on everything. */
  keyOf(index: number): number;
  /** When operations arrived, in nanoseconds from any beginning; `undefined`: nobody knows. */
  readonly times: Float64Array | undefined;
  /** Bytes that an operation copies: what it costs in virtual time. */
  bytesOf(index: number): number;
}

/** An operation that must have no other beside it. */
export const ALONE = -1;

export interface OpenLoopOptions {
  /** 2 replays twice as fast as recorded. Default 1. */
  readonly speed?: number | undefined;
  /** Operations that may wait at a time. Default 64. */
  readonly outstandingMax?: number | undefined;
}

export interface ReplayLoopOptions {
  readonly scheduler: Scheduler;
  /** In virtual time: what the application's own work takes. */
  readonly pace?: Pace | undefined;
  /** Keeps arrival times; without it the loop is closed. */
  readonly open?: OpenLoopOptions | undefined;
  /** Operations between two turns of the scheduler. */
  readonly turnAccesses: number;
  /** Called after a turn. */
  readonly onTurn?: (() => void) | undefined;
}

/** How an open loop went. */
export interface OpenLoopResult {
  readonly speed: number;
  /** From the first arrival to the last, at this speed. */
  readonly scheduledMs: number;
  /** How late operations began, at worst. */
  readonly behindMsMax: number;
}

const OUTSTANDING_MAX_DEFAULT = 64;
/** So often a wait for the next arrival looks whether the replay is to stop. */
const SLEEP_NS_MAX = 100e6;

/** Carries batches of operations out, one after another. */
export class ReplayLoop {
  /** In an open loop of all operations, from their arrival; else, in virtual time of all, in real time of those that waited. */
  readonly latency = new LatencyHistogram();
  readonly #options: ReplayLoopOptions;
  readonly #scheduler: Scheduler;
  readonly #pace: Pace | undefined;
  #done = 0;
  /** Somebody else is due before the next operation. */
  #isBehind = false;

  // Of an open loop.
  readonly #speed: number;
  readonly #outstandingMax: number;
  readonly #outstanding = new Map<number, Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #startNs = 0;
  #firstArrival: number | undefined;
  #lastArrivalNs = 0;
  #behindNsMax = 0;

  constructor(options: ReplayLoopOptions) {
    this.#options = options;
    this.#scheduler = options.scheduler;
    this.#pace = options.pace;
    this.#speed = options.open?.speed ?? 1;
    this.#outstandingMax = options.open?.outstandingMax ?? OUTSTANDING_MAX_DEFAULT;
    assert(options.turnAccesses > 0, "there is at least one access between two turns");
    assert(this.#speed > 0, "the speed is positive");
    assert(this.#outstandingMax > 0, "one operation may wait");
  }

  get openLoop(): OpenLoopResult | undefined {
    if (this.#options.open === undefined) return undefined;
    return {
      speed: this.#speed,
      scheduledMs: this.#lastArrivalNs / 1e6,
      behindMsMax: this.#behindNsMax / 1e6,
    };
  }

  /**
   * Carries out operations start..end - 1 of a batch.
   *
   * @throws what `work` throws; TierError REPLAY_NO_TIMES for an open loop without arrival times
   */
  async run(work: ReplayWork, start: number, end: number): Promise<void> {
    if (this.#options.open !== undefined) await this.#runOpen(work, start, end);
    else await this.#runClosed(work, start, end);
  }

  /** Waits for operations that are under way. @throws what they threw */
  async settle(): Promise<void> {
    await Promise.all(this.#outstanding.values());
    this.#throwIfFailed();
  }

  // ── Closed ──────────────────────────────────────────────────────────────────────────────────────────────────────

  async #runClosed(work: ReplayWork, start: number, end: number): Promise<void> {
    const { clock } = this.#scheduler;
    for (let index = start; index < end; ) {
      const stop = Math.min(end, index + this.#untilTurn());
      const next = this.#pace === undefined ? work.runNow(index, stop) : this.#runPaced(work, index, stop);
      this.#done += next - index;
      index = next;
      if (this.#isBehind) {
        this.#isBehind = false;
        await this.#scheduler.sleep(0);
      } else if (index < stop) {
        const begin = clock.now();
        await work.runLater(index);
        this.#pace?.access(work.bytesOf(index));
        this.latency.add(clock.now() - begin);
        index++;
        this.#done++;
        if (this.#pace?.think() === true) await this.#scheduler.sleep(0);
      }
      await this.#turnIfDue();
    }
  }

  /** One operation after another in virtual time. Also ends where somebody else is due. */
  #runPaced(work: ReplayWork, start: number, end: number): number {
    const { clock } = this.#scheduler;
    for (let index = start; index < end; index++) {
      const begin = clock.now();
      if (work.runNow(index, index + 1) === index) return index;
      this.#pace!.access(work.bytesOf(index));
      this.latency.add(clock.now() - begin);
      this.#isBehind = this.#pace!.think();
      if (this.#isBehind) return index + 1;
    }
    return end;
  }

  // ── Open ────────────────────────────────────────────────────────────────────────────────────────────────────────

  async #runOpen(work: ReplayWork, start: number, end: number): Promise<void> {
    const { clock } = this.#scheduler;
    for (let index = start; index < end; ) {
      const next = this.#runDue(work, index, Math.min(end, index + this.#untilTurn()));
      this.#done += next - index;
      if (next > index) {
        index = next;
        if (this.#isBehind) await this.#scheduler.sleep(0);
        this.#isBehind = false;
        await this.#turnIfDue();
        this.#throwIfFailed();
        continue;
      }
      const arrival = this.#arrivalOf(work, index);
      if (arrival > clock.now()) {
        await this.#scheduler.sleep(Math.min(SLEEP_NS_MAX, arrival - clock.now()));
        this.#options.onTurn?.();
        continue;
      }
      const key = work.keyOf(index);
      if (this.#mustWait(key)) {
        await this.#waitForOthers(key);
        continue;
      }
      this.#begin(work, index, key, arrival);
      if (key === ALONE) await this.settle();
      index++;
      this.#done++;
      await this.#turnIfDue();
      this.#throwIfFailed();
    }
  }

  /** Operations that have arrived, one after another. Ends where one must wait, or somebody else is due in virtual time. */
  #runDue(work: ReplayWork, start: number, end: number): number {
    const { clock } = this.#scheduler;
    for (let index = start; index < end; index++) {
      const arrival = this.#arrivalOf(work, index);
      const behind = clock.now() - arrival;
      if (behind < 0 || this.#mustWait(work.keyOf(index))) return index;
      if (work.runNow(index, index + 1) === index) return index;
      if (behind > this.#behindNsMax) this.#behindNsMax = behind;
      this.#pace?.access(work.bytesOf(index));
      this.latency.add(clock.now() - arrival);
      this.#isBehind = this.#pace?.think() === true;
      if (this.#isBehind) return index + 1;
    }
    return end;
  }

  /** By the scheduler's clock. */
  #arrivalOf(work: ReplayWork, index: number): number {
    if (work.times === undefined) {
      throw new TierError(
        "REPLAY_NO_TIMES",
        "the trace says nothing of when its requests arrived; replay it in a closed loop, or take one with arrival times.",
      );
    }
    const time = work.times[index]!;
    if (this.#firstArrival === undefined) {
      this.#firstArrival = time;
      this.#startNs = this.#scheduler.clock.now();
    }
    this.#lastArrivalNs = (time - this.#firstArrival) / this.#speed;
    return this.#startNs + this.#lastArrivalNs;
  }

  /** Whether an operation must not begin before another has ended. */
  #mustWait(key: number): boolean {
    const { size } = this.#outstanding;
    return size > 0 && (key === ALONE || size >= this.#outstandingMax || this.#outstanding.has(key));
  }

  async #waitForOthers(key: number): Promise<void> {
    if (key === ALONE) await Promise.all(this.#outstanding.values());
    else await (this.#outstanding.get(key) ?? Promise.race(this.#outstanding.values()));
    this.#throwIfFailed();
  }

  /** Begins an operation that waits, and goes on. */
  #begin(work: ReplayWork, index: number, key: number, arrival: number): void {
    const { clock } = this.#scheduler;
    const bytes = work.bytesOf(index);
    this.#behindNsMax = Math.max(this.#behindNsMax, clock.now() - arrival);
    const ended = work.runLater(index).then(
      () => {
        this.#pace?.access(bytes);
        this.latency.add(clock.now() - arrival);
        this.#outstanding.delete(key);
      },
      (error: unknown) => {
        this.#failure ??= { error };
        this.#outstanding.delete(key);
      },
    );
    this.#outstanding.set(key, ended);
  }

  // ── Both ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #untilTurn(): number {
    return this.#options.turnAccesses - (this.#done % this.#options.turnAccesses);
  }

  async #turnIfDue(): Promise<void> {
    if (this.#done % this.#options.turnAccesses !== 0) return;
    await this.#scheduler.turn();
    this.#options.onTurn?.();
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
