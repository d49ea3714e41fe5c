/** Reads time. Real or virtual; never goes backwards. */
export interface Clock {
  /** Nanoseconds since some fixed moment, as a number (exact for 104 days). */
  now(): number;
}

/**
 * Runs work later. The only way by which library code waits, so that replay in virtual time can take its place.
 */
export interface Scheduler {
  readonly clock: Clock;
  /** Resolves after at least `ns` nanoseconds. */
  sleep(ns: number): Promise<void>;
  /** Resolves after everything that is ready now (I/O completions included) has had its turn. */
  turn(): Promise<void>;
  /** Waits for something that is not part of what is timed, such as the next block of a trace: no sleeper wakes meanwhile. */
  outside<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** The process's monotonic clock. */
export const realClock: Clock = { now: () => performance.now() * 1e6 };

const NS_PER_MS = 1e6;

/** The event loop. Sleeps of less than two milliseconds, and the end of longer ones, are exact to a turn: timers are not. */
export const realScheduler: Scheduler = {
  clock: realClock,
  async sleep(ns) {
    const due = realClock.now() + ns;
    const wholeMs = Math.floor(ns / NS_PER_MS) - 1;
    if (wholeMs >= 1) await new Promise((resolve) => setTimeout(resolve, wholeMs));
    do await realScheduler.turn();
    while (realClock.now() < due);
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  outside: (work) => work(),
};

/** Where a composition root binds the scheduler of a stack. (A tsyringe token.) */
export const SCHEDULER: unique symbol = Symbol.for("@pagetier/base/Scheduler") as never;
/** Where a composition root binds the clock of a stack: the scheduler's. (A tsyringe token.) */
export const CLOCK: unique symbol = Symbol.for("@pagetier/base/Clock") as never;
