// How long accesses took, in buckets of logarithmic width: 16 to a power of two, so that a quantile is within 6.25 % of what
// was measured. 1 ns to 2^53 ns, fixed memory, no allocation per value.
//
// Source: the idea of HdrHistogram (Gil Tene), which names the error instead of the range.

const SUB_BITS = 4;
const SUB = 2 ** SUB_BITS;
const BUCKETS = (53 - SUB_BITS + 1) * SUB;

export interface LatencySummary {
  readonly count: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly p999Ns: number;
  readonly maxNs: number;
}

export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #max = 0;

  /** @param ns 0 or more */
  add(ns: number): void {
    this.#counts[bucketOf(ns)]!++;
    this.#count++;
    this.#sum += ns;
    if (ns > this.#max) this.#max = ns;
  }

  /** Forgets everything. */
  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#sum = 0;
    this.#max = 0;
  }

  /** The value below or at which so large a part of all lies (the upper end of its bucket), 0 when there is none. */
  quantile(part: number): number {
    const rank = Math.max(1, Math.ceil(part * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(this.#max, upperEnd(bucket));
    }
    return 0;
  }

  summary(): LatencySummary {
    return {
      count: this.#count,
      meanNs: this.#count === 0 ? 0 : this.#sum / this.#count,
      p50Ns: this.quantile(0.5),
      p90Ns: this.quantile(0.9),
      p99Ns: this.quantile(0.99),
      p999Ns: this.quantile(0.999),
      maxNs: this.#max,
    };
  }

  /** Buckets that hold something: upper end in nanoseconds, and how many. */
  buckets(): readonly (readonly [number, number])[] {
    const filled: [number, number][] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      if (this.#counts[bucket]! > 0) filled.push([upperEnd(bucket), this.#counts[bucket]!]);
    }
    return filled;
  }
}

function bucketOf(ns: number): number {
  if (ns < SUB) return Math.floor(ns);
  const power = Math.floor(Math.log2(ns));
  const within = Math.floor(ns / 2 ** (power - SUB_BITS)) - SUB;
  return Math.min(BUCKETS - 1, (power - SUB_BITS + 1) * SUB + Math.max(0, Math.min(SUB - 1, within)));
}

function upperEnd(bucket: number): number {
  if (bucket < SUB) return bucket;
  const power = Math.floor(bucket / SUB) + SUB_BITS - 1;
  return ((bucket % SUB) + SUB + 1) * 2 ** (power - SUB_BITS);
}
