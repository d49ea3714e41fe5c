// Virtual time: a discrete-event simulation that runs the very code that runs in real time.
//
// Whoever waits (an application, the background reclaimer, a modelled device) sleeps on this scheduler; the clock jumps from
// one due time to the next, and everything that is ready has had its turn before it does. Work that takes CPU time says
// how much (`charge`). Code between two waits runs at one moment of the event loop, so what it charged is paid when it next
// sleeps: its sleep begins when its work is done. Work after the last sleep of such a section overlaps with whatever it
// waits for then. Every actor has a CPU of its own.
//
// Order is total (due time, then order of the call), nothing reads the process's clock: the same calls give the same times.

import { assert } from "./assert.js";
import { type Clock, realScheduler, type Scheduler } from "./clock.js";
import { TierError } from "./error.js";

/** Where work says how much CPU time it took. */
export interface CpuMeter {
  /** Adds `ns` ≥ 0 nanoseconds to the section that is running. */
  charge(ns: number): void;
}

/** How a loop of synchronous work keeps step with everybody else in virtual time. */
export interface VirtualProgress extends CpuMeter {
  /**
   * Moves the clock on by what was charged, if nobody else is due before.
   *
   * @returns false when somebody is: the clock stands, and the caller gives a turn
   */
  advance(): boolean;
}

/** What giving up the CPU costs: without it a loop of turns would stand still in time. A context switch takes about this long. */
const TURN_NS = 1000;
/** Turns of the event loop without anything to do after which something waits for what never comes. */
const IDLE_TURNS_MAX = 10_000;

export class VirtualScheduler implements Scheduler, VirtualProgress {
  #now = 0;
  /** Charged by the running section and not paid. */
  #owed = 0;
  #busyNs = 0;
  #outside = 0;
  #calls = 0;
  // A binary heap by (due, call).
  readonly #due: number[] = [];
  readonly #call: number[] = [];
  readonly #wake: (() => void)[] = [];

  readonly clock: Clock = { now: () => this.#now + this.#owed };

  /** CPU time charged so far, by everybody. */
  get busyNs(): number {
    return this.#busyNs;
  }

  charge(ns: number): void {
    this.#owed += ns;
    this.#busyNs += ns;
  }

  advance(): boolean {
    const time = this.#now + this.#owed;
    if (this.#due.length > 0 && this.#due[0]! <= time) return false;
    this.#now = time;
    this.#owed = 0;
    return true;
  }

  sleep(ns: number): Promise<void> {
    assert(ns >= 0, "a sleep is not negative");
    const due = this.#now + this.#owed + ns;
    this.#owed = 0;
    return new Promise((wake) => this.#push(due, wake));
  }

  turn(): Promise<void> {
    return this.sleep(TURN_NS);
  }

  async outside<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#outside++;
    try {
      return await work();
    } finally {
      this.#outside--;
    }
  }

  /**
   * Runs `main` and everything that sleeps on this scheduler until `main` has settled.
   *
   * @throws what `main` throws; TierError VIRTUAL_TIME_STUCK when it waits for something that is not on this scheduler
   */
  async run<Result>(main: () => Promise<Result>): Promise<Result> {
    let settled = false;
    const result = main().finally(() => {
      settled = true;
    });
    result.catch(() => {}); // Its failure is the caller's, at the end.
    for (let idle = 0; !settled; ) {
      await realScheduler.turn();
      if (settled || this.#outside > 0) continue;
      if (this.#due.length > 0) {
        idle = 0;
        this.#wakeNext();
      } else if (++idle > IDLE_TURNS_MAX) {
        throw new TierError(
          "VIRTUAL_TIME_STUCK",
          "virtual time stands still: something waits for an event outside the simulation, such as a file, and nobody sleeps; use modelled stores, or run in real time.",
          { nowNs: this.#now },
        );
      }
    }
    return result;
  }

  #push(due: number, wake: () => void): void {
    const call = this.#calls++;
    let hole = this.#due.length;
    this.#due.push(due);
    this.#call.push(call);
    this.#wake.push(wake);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (this.#due[parent]! <= due) break; // The call is the latest: equal times stay behind.
      this.#copy(parent, hole);
      hole = parent;
    }
    this.#place(hole, due, call, wake);
  }

  #wakeNext(): void {
    const wake = this.#wake[0]!;
    this.#now = Math.max(this.#now, this.#due[0]!);
    this.#owed = 0;
    const due = this.#due.pop()!;
    const call = this.#call.pop()!;
    const last = this.#wake.pop()!;
    const size = this.#due.length;
    if (size > 0) {
      let hole = 0;
      for (let child = 1; child < size; child = 2 * hole + 1) {
        if (child + 1 < size && this.#isBefore(child + 1, this.#due[child]!, this.#call[child]!)) child++;
        if (!this.#isBefore(child, due, call)) break;
        this.#copy(child, hole);
        hole = child;
      }
      this.#place(hole, due, call, last);
    }
    wake();
  }

  #isBefore(index: number, due: number, call: number): boolean {
    return this.#due[index]! < due || (this.#due[index]! === due && this.#call[index]! < call);
  }

  #copy(from: number, to: number): void {
    this.#place(to, this.#due[from]!, this.#call[from]!, this.#wake[from]!);
  }

  #place(index: number, due: number, call: number, wake: () => void): void {
    this.#due[index] = due;
    this.#call[index] = call;
    this.#wake[index] = wake;
  }
}
