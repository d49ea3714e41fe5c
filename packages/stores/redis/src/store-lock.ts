import type { Clock } from "@pagetier/base";
import { LOCK, UNLOCK } from "./scripts.js";
import type { Values } from "./values.js";

/** How long a lock outlives its last renewal, and after which time it is renewed. */
const LEASE_MS = 60_000;
const RENEW_NS = 20e9;

/** One process at a time for a named store: a key that names who holds it, and that goes when it is not renewed. */
export class StoreLock {
  readonly #values: Values;
  readonly #key: string;
  readonly #me: string;
  readonly #clock: Clock;
  #renewedNs = 0;

  constructor(values: Values, key: string, me: string, clock: Clock) {
    this.#values = values;
    this.#key = key;
    this.#me = me;
    this.#clock = clock;
  }

  /** Takes the lock, or renews it. @returns whether it is ours */
  async hold(): Promise<boolean> {
    const now = this.#clock.now();
    if ((await this.#values.run(LOCK, this.#key, this.#me, String(LEASE_MS))) !== 1) return false;
    this.#renewedNs = now;
    return true;
  }

  /** Whether it is time to renew. */
  get isDue(): boolean {
    return this.#clock.now() - this.#renewedNs > RENEW_NS;
  }

  async release(): Promise<void> {
    await this.#values.run(UNLOCK, this.#key, this.#me);
  }
}
