import type { Prng } from "@pagetier/base";

const NS_PER_SECOND = 1e9;
const NS_PER_MS = 1e6;

/** Requests that come together, and the silence between two such bursts. */
export interface Bursts {
  readonly requests: number;
  readonly idleMs: number;
}

/** When requests arrive: gaps are drawn from an exponential distribution, as those of many independent askers are. */
export class Arrivals {
  readonly #meanGapNs: number;
  readonly #bursts: Bursts | undefined;
  readonly #prng: Prng;
  #ns = 0;
  #count = 0;

  constructor(requestsPerSecond: number, bursts: Bursts | undefined, prng: Prng) {
    this.#meanGapNs = NS_PER_SECOND / requestsPerSecond;
    this.#bursts = bursts;
    this.#prng = prng;
  }

  /** Nanoseconds since the first request; it grows by whole ones. */
  next(): number {
    const count = this.#count++;
    if (count === 0) return 0;
    this.#ns += Math.round(-Math.log(1 - this.#prng.unit()) * this.#meanGapNs);
    if (this.#bursts !== undefined && count % this.#bursts.requests === 0) this.#ns += this.#bursts.idleMs * NS_PER_MS;
    return this.#ns;
  }
}
