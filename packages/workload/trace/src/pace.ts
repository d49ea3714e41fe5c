import type { Prng, VirtualProgress } from "@pagetier/base";

/** How a replay's application spends time in virtual time. */
export interface PaceOptions {
  /** The scheduler in virtual time. */
  readonly time: VirtualProgress;
  /** Nanoseconds of an access to memory, and of each byte copied. */
  readonly accessNs: number;
  readonly copyByteNs: number;
  /** Nanoseconds between two accesses, on average; each gap is 0.5 to 1.5 times as long. */
  readonly thinkNs: number;
  readonly prng: Prng;
}

/** Charges an application's accesses, and tells when it has to let others go first. */
export class Pace {
  readonly #options: PaceOptions;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** An access to memory was done. */
  access(bytes: number): void {
    const { time, accessNs, copyByteNs } = this.#options;
    time.charge(accessNs + copyByteNs * bytes);
  }

  /** The application thinks. @returns whether somebody else is due before it goes on */
  think(): boolean {
    const { time, thinkNs, prng } = this.#options;
    if (thinkNs > 0) time.charge(thinkNs * (0.5 + prng.unit()));
    return !time.advance();
  }
}
