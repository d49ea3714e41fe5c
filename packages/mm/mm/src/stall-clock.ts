import type { Clock } from "@pagetier/base";

/**
 * Adds up the time in which accesses wait: `some` while at least one does. An access that reclaims without waiting stalls
 * the whole thread, so its time counts as both `some` and `full`; waits overlap with other work and count as `full` only
 * while no access was completed.
 *
 * @see Linux Documentation/accounting/psi.rst
 */
export class StallClock {
  readonly #clock: Clock;
  #waiting = 0;
  #since = 0;
  #someNs = 0;
  #fullNs = 0;
  /** Waits that ended since the present period of waiting began. */
  #ended = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async during(wait: Promise<void>): Promise<void> {
    this.#enter();
    try {
      await wait;
    } finally {
      this.#leave();
    }
  }

  read(synchronousNs: number): { someMs: number; fullMs: number } {
    this.#accrue();
    return { someMs: (this.#someNs + synchronousNs) / 1e6, fullMs: (this.#fullNs + synchronousNs) / 1e6 };
  }

  #enter(): void {
    this.#accrue();
    this.#waiting++;
  }

  #leave(): void {
    this.#accrue();
    this.#waiting--;
    this.#ended++;
  }

  #accrue(): void {
    const now = this.#clock.now();
    if (this.#waiting > 0) {
      this.#someNs += now - this.#since;
      if (this.#ended === 0) this.#fullNs += now - this.#since;
    }
    this.#since = now;
    this.#ended = 0;
  }
}
