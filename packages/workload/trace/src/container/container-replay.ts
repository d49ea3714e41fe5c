// Replay of a container: operations become calls of spaces, and every page that is read is compared with what the
// container says it holds. What it must hold is kept as a hash, 8 bytes a page, which comes with every content.

import { assert, realScheduler, type Scheduler } from "@pagetier/base";
import type { LatencyHistogram, LatencySummary } from "../latency-histogram.js";
import type { Pace } from "../pace.js";
import { PageBuffer } from "../page-buffer.js";
import { type OpenLoopOptions, type OpenLoopResult, ReplayLoop } from "../replay-loop.js";
import type { Container, ContainerReading } from "./container-reader.js";
import { type ContainerMismatch, OperationRunner } from "./operation-runner.js";
import { type AnonTarget, type FileTarget, ReplayedSpace, type SpaceToOpen } from "./replayed-space.js";
import type { OperationCounts } from "./totals.js";

/** Opens a space: a {@link FileTarget} for a file, an {@link AnonTarget} else. */
export type OpenSpace = (space: SpaceToOpen) => Promise<AnonTarget | FileTarget>;

export interface ContainerReplayOptions {
  /** `"all"` (default): every page read is compared. `"none"`: nothing is. */
  readonly verify?: "all" | "none" | undefined;
  /** Replays only the first so many operations. */
  readonly limit?: number | undefined;
  /** Gives turns and tells the time. Default: the event loop. */
  readonly scheduler?: Scheduler | undefined;
  /** In virtual time: what the application's own work takes. */
  readonly pace?: Pace | undefined;
  /** Keeps arrival times. Default: a closed loop. */
  readonly open?: OpenLoopOptions | undefined;
  /** Operations between two turns of the scheduler. Default 256. */
  readonly turnAccesses?: number | undefined;
  /** Called at most every 4096 operations and once at the end. */
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  /** Stops the replay at the next turn; `run` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface ContainerReplayResult {
  /** Operations that were carried out, presets included. */
  readonly operations: number;
  readonly counts: OperationCounts;
  /** Pages that held something when they were freed, cut off, or when their space ended. */
  readonly freedPages: number;
  /** Pages that ever held something. */
  readonly uniquePages: number;
  /** Pages that hold something now, and the most that did at one time. */
  readonly livePages: number;
  readonly livePagesMax: number;
  /** Reads compared and found equal, and different: together `counts.read`. */
  readonly verified: number;
  readonly mismatches: number;
  /** The first few of them. */
  readonly firstMismatches: readonly ContainerMismatch[];
  /** By the scheduler's clock, from the call of `run`. */
  readonly elapsedMs: number;
  readonly latency: LatencySummary;
  /** Of an open loop. */
  readonly openLoop: OpenLoopResult | undefined;
}

/** What reading every page back found that holds something. */
export interface ContainerAudit {
  readonly pages: number;
  readonly verified: number;
  readonly mismatches: number;
  readonly firstMismatches: readonly ContainerMismatch[];
  /** Pages whose read failed. */
  readonly unreadable: number;
  /** Why the first one failed. */
  readonly firstFailure: unknown;
}

const TURN_ACCESSES_DEFAULT = 256;
const PROGRESS_ACCESSES = 4096;
const MISMATCHES_DESCRIBED = 8;

/** One replay: {@link run} it, look at {@link result} whenever you like, and {@link audit} what the spaces hold. */
export class ContainerReplay {
  readonly #container: Container;
  readonly #openSpace: OpenSpace;
  readonly #options: ContainerReplayOptions;
  readonly #scheduler: Scheduler;
  readonly #turnAccesses: number;
  readonly #runner: OperationRunner;
  readonly #loop: ReplayLoop;
  #spacePages: readonly number[] = [];
  #total: number | undefined;
  #read = 0;
  #reportedAt = 0;
  #startNs = 0;
  #elapsedNs = 0;
  #started = false;

  /** @param openSpace called for each space when it is described, in their order; the replay closes only those that exit */
  constructor(container: Container, openSpace: OpenSpace, options: ContainerReplayOptions = {}) {
    assert((options.limit ?? 1) > 0, "the limit is at least one operation");
    this.#container = container;
    this.#openSpace = openSpace;
    this.#options = options;
    this.#scheduler = options.scheduler ?? realScheduler;
    this.#turnAccesses = options.turnAccesses ?? TURN_ACCESSES_DEFAULT;
    this.#runner = new OperationRunner((options.verify ?? "all") === "all");
    this.#loop = new ReplayLoop({
      scheduler: this.#scheduler,
      pace: options.pace,
      open: options.open,
      turnAccesses: this.#turnAccesses,
      onTurn: () => this.#onTurn(),
    });
  }

  /**
   * Carries the container out. Once.
   *
   * @throws what a target or the container throws, or the signal's reason; that operation was not done
   */
  async run(): Promise<ContainerReplayResult> {
    assert(!this.#started, "a replay runs once");
    this.#started = true;
    const { limit, signal } = this.#options;
    signal?.throwIfAborted();
    const totals = await this.#scheduler.outside(() => this.#container.totals(limit));
    this.#total = totals.operations;
    this.#spacePages = totals.spacePages;
    const reading = this.#container.read({ limit });
    const batches = reading[Symbol.asyncIterator]();
    this.#startNs = this.#scheduler.clock.now();
    try {
      for (;;) {
        const { done, value: batch } = await this.#scheduler.outside(() => batches.next());
        if (done === true) break;
        await this.#openSpaces(reading);
        this.#runner.begin(batch, reading.window, this.#read);
        await this.#loop.run(this.#runner, 0, batch.length);
        this.#read += batch.length;
      }
      await this.#loop.settle();
    } finally {
      this.#elapsedNs = this.#scheduler.clock.now() - this.#startNs;
      await this.#scheduler.outside(async () => batches.return?.(undefined));
    }
    this.#options.onProgress?.(this.#total, this.#total);
    return this.result();
  }

  /** How long operations took, as {@link ContainerReplayResult.latency}. */
  get latency(): LatencyHistogram {
    return this.#loop.latency;
  }

  /** What has happened so far. */
  result(): ContainerReplayResult {
    const { counter, freedPages, livePages, livePagesMax, verified, mismatches, firstMismatches } = this.#runner;
    const { operations, counts } = counter.totals([]);
    return {
      operations,
      counts,
      freedPages,
      uniquePages: this.#runner.spaces.reduce((sum, space) => sum + space.uniquePages, 0),
      livePages,
      livePagesMax,
      verified,
      mismatches,
      firstMismatches: [...firstMismatches],
      elapsedMs: this.#elapsedNs / 1e6,
      latency: this.#loop.latency.summary(),
      openLoop: this.#loop.openLoop,
    };
  }

  /** Reads every page back that holds something, in the spaces that have not ended. */
  async audit(signal?: AbortSignal): Promise<ContainerAudit> {
    const found: ContainerMismatch[] = [];
    const buffer = new PageBuffer();
    let [pages, verified, unreadable] = [0, 0, 0];
    let firstFailure: unknown;
    for (const space of this.#runner.spaces) {
      for (let page = 0; page < space.end; page++) {
        if (!space.holdsSomething(page)) continue;
        signal?.throwIfAborted();
        if (++pages % this.#turnAccesses === 0) await this.#scheduler.turn();
        try {
          if (!space.target.readNow(page, 0, buffer.bytes)) await space.target.read(page, 0, buffer.bytes);
        } catch (error) {
          if (unreadable++ === 0) firstFailure = error;
          continue;
        }
        if (this.#runner.isExpected(space, page, buffer)) verified++;
        else found.push({ space: space.name, page, operation: -1 });
      }
    }
    const firstMismatches = found.slice(0, MISMATCHES_DESCRIBED);
    return { pages, verified, mismatches: found.length, firstMismatches, unreadable, firstFailure };
  }

  /** Bytes of the replayer's own tables; the window of contents counts with the reading. */
  memoryBytes(): number {
    return this.#runner.spaces.reduce((sum, space) => sum + space.memoryBytes(), 0);
  }

  async #openSpaces(reading: ContainerReading): Promise<void> {
    const { spaces } = this.#runner;
    for (let number = spaces.length; number < reading.spaces.length; number++) {
      const space = { ...reading.spaces[number]!, number, pages: Math.max(1, this.#spacePages[number] ?? 1) };
      spaces.push(new ReplayedSpace(space, await this.#openSpace(space)));
    }
  }

  #onTurn(): void {
    const { signal, onProgress } = this.#options;
    signal?.throwIfAborted();
    const { operations } = this.#runner.counter;
    if (onProgress === undefined || operations - this.#reportedAt < PROGRESS_ACCESSES) return;
    this.#reportedAt = operations;
    onProgress(operations, this.#total);
  }
}
