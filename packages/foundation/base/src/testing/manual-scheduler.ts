import { assert } from "../assert.js";
import type { Clock, Scheduler } from "../clock.js";

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly wake: () => void;
}

/**
 * Time that moves only when a test says so. Sleepers wake in order of their due time, then of their call.
 */
export class ManualScheduler implements Scheduler {
  #now = 0;
  #order = 0;
  #timers: Timer[] = [];
  readonly clock: Clock = { now: () => this.#now };

  sleep(ns: number): Promise<void> {
    assert(ns >= 0, "a sleep is not negative");
    return new Promise((wake) => {
      this.#timers.push({ due: this.#now + ns, order: this.#order++, wake });
      this.#timers.sort((a, b) => a.due - b.due || a.order - b.order);
    });
  }

  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  outside<Result>(work: () => Promise<Result>): Promise<Result> {
    return work();
  }

  /** Sleepers that wait. */
  get sleeping(): number {
    return this.#timers.length;
  }

  /** Moves time forward by `ns`, waking each sleeper at its moment and letting everything ready run in between. */
  async advance(ns: number): Promise<void> {
    const end = this.#now + ns;
    await this.turn();
    for (let next = this.#timers[0]; next !== undefined && next.due <= end; next = this.#timers[0]) {
      this.#timers.shift();
      this.#now = next.due;
      next.wake();
      await this.turn();
    }
    this.#now = end;
  }
}
