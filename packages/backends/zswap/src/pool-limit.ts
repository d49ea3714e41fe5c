/**
 * The limit on pool frames, with hysteresis: once it was reached, stores are refused until usage has fallen to the
 * threshold, so that a full pool does not flutter between accepting and refusing.
 *
 * max = total × maxPoolPercent / 100, threshold = max × acceptThresholdPercent / 100, both rounded down. Full when usage ≥
 * max, accepting again when usage ≤ threshold.
 *
 * @see Linux 6.18 mm/zswap.c, zswap_check_limits()
 */
export class PoolLimit {
  readonly #maxPercent: number;
  readonly #thresholdPercent: number;
  #reachedFull = false;

  constructor(maxPercent: number, thresholdPercent: number) {
    this.#maxPercent = maxPercent;
    this.#thresholdPercent = thresholdPercent;
  }

  /** Whether the limit was reached and usage has not fallen to the threshold since, as of the last {@link check}. */
  get reachedFull(): boolean {
    return this.#reachedFull;
  }

  maxFrames(totalFrames: number): number {
    return Math.floor((totalFrames * this.#maxPercent) / 100);
  }

  thresholdFrames(totalFrames: number): number {
    return Math.floor((this.maxFrames(totalFrames) * this.#thresholdPercent) / 100);
  }

  /** Looks at usage before a store. @returns `"limit"` when usage is at the limit, `"hysteresis"` when it is on its way down, else `"accept"` */
  check(poolFrames: number, totalFrames: number): "accept" | "limit" | "hysteresis" {
    if (poolFrames >= this.maxFrames(totalFrames)) {
      this.#reachedFull = true;
      return "limit";
    }
    if (this.#reachedFull && poolFrames <= this.thresholdFrames(totalFrames)) this.#reachedFull = false;
    return this.#reachedFull ? "hysteresis" : "accept";
  }
}
