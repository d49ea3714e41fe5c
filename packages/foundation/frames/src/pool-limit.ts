/** How a limit is compared, and when a pool that was full takes pages again: as in the version of Linux. */
export type LimitRule = "3.14" | "6.1" | "6.18";

/** What a store meets: room, the limit, or a pool that was full and has not fallen far enough since. */
export type LimitCheck = "accept" | "limit" | "hysteresis";

/**
 * The limit on pool frames, with hysteresis: once it was reached, stores are refused until usage has fallen to the
 * threshold, so that a full pool does not flutter between accepting and refusing.
 *
 * | rule | full when | takes pages again when | threshold |
 * |---|---|---|---|
 * | 6.18 | usage ≥ max | usage ≤ threshold | max × threshold % |
 * | 6.1 | usage > max | usage < threshold | (total × threshold %) × max % |
 * | 3.14 | usage > max | usage ≤ max | max |
 *
 * max = total × maxPoolPercent / 100; every division rounds down, and the order matters.
 *
 * @see Linux 6.18 mm/zswap.c, zswap_check_limits(); 6.1, zswap_is_full() and zswap_can_accept(); 3.14, zswap_is_full()
 */
export class PoolLimit {
  readonly #maxPercent: number;
  readonly #thresholdPercent: number;
  readonly #rule: LimitRule;
  #reachedFull = false;

  constructor(maxPercent: number, thresholdPercent: number, rule: LimitRule = "6.18") {
    this.#maxPercent = maxPercent;
    this.#thresholdPercent = thresholdPercent;
    this.#rule = rule;
  }

  /** Whether the limit was reached and usage has not fallen to the threshold since, as of the last {@link check}. */
  get reachedFull(): boolean {
    return this.#reachedFull;
  }

  maxFrames(totalFrames: number): number {
    return Math.floor((totalFrames * this.#maxPercent) / 100);
  }

  thresholdFrames(totalFrames: number): number {
    if (this.#rule === "3.14") return this.maxFrames(totalFrames);
    if (this.#rule === "6.1")
      return this.#percentOf(this.#percentOf(totalFrames, this.#thresholdPercent), this.#maxPercent);
    return this.#percentOf(this.maxFrames(totalFrames), this.#thresholdPercent);
  }

  /** Whether a pool that was full has fallen far enough. */
  isBelowThreshold(poolFrames: number, totalFrames: number): boolean {
    const threshold = this.thresholdFrames(totalFrames);
    return this.#rule === "6.1" ? poolFrames < threshold : poolFrames <= threshold;
  }

  /** Looks at usage before a store. */
  check(poolFrames: number, totalFrames: number): LimitCheck {
    const max = this.maxFrames(totalFrames);
    if (this.#rule === "6.18" ? poolFrames >= max : poolFrames > max) {
      this.#reachedFull = true;
      return "limit";
    }
    if (this.#reachedFull && this.isBelowThreshold(poolFrames, totalFrames)) this.#reachedFull = false;
    return this.#reachedFull ? "hysteresis" : "accept";
  }

  /** Whether copies that nobody asked for may come in: in the lower half of the way from the threshold to the limit. */
  hasRoomToSpare(poolFrames: number, totalFrames: number): boolean {
    return !this.#reachedFull && 2 * poolFrames < this.thresholdFrames(totalFrames) + this.maxFrames(totalFrames);
  }

  #percentOf(frames: number, percent: number): number {
    return Math.floor((frames * percent) / 100);
  }
}
