// What a handful of repetitions says: medians, and intervals by the bootstrap.
//
// Few repetitions and unknown distributions leave little else: resample them with replacement, and take the middle 95 %
// of what the statistic then is (percentile bootstrap; Efron and Tibshirani, An Introduction to the Bootstrap, 1993). With
// five repetitions an interval is coarse: its ends are medians of three of the five values or means of what was seen.

import { createPrng, type Prng } from "@pagetier/base";

const RESAMPLES = 2000;
const SEED = 20_130_219;

/** A statistic with the interval in which 95 % of resamples have it. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which so large a part lies, interpolated. NaN of nothing. */
export function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const place = part * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (place - below);
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The median with its bootstrap interval. */
export function estimate(
  values: readonly number[],
  statistic: (sample: readonly number[]) => number = median,
): Estimate {
  const value = statistic(values);
  if (values.length < 2) return { value, low: value, high: value };
  const prng = createPrng(SEED);
  const resampled = Array.from({ length: RESAMPLES }, () => statistic(resample(values, prng)));
  return { value, low: quantile(resampled, 0.025), high: quantile(resampled, 0.975) };
}

/**
 * The mean of paired differences `values[i] - base[i]`, with its bootstrap interval. Repetition i of both shares its seed, so
 * what the seed does to both falls out.
 */
export function pairedDifference(values: readonly number[], base: readonly number[]): Estimate {
  const differences = values.map((value, index) => value - base[index]!);
  return estimate(differences, mean);
}

/** The ratio of two medians, with a bootstrap interval: repetitions of the two have nothing to do with each other. */
export function ratioOfMedians(values: readonly number[], base: readonly number[]): Estimate {
  const value = median(values) / median(base);
  if (median(base) === 0 || (values.length < 2 && base.length < 2)) return { value, low: value, high: value };
  const prng = createPrng(SEED);
  const resampled = Array.from(
    { length: RESAMPLES },
    () => median(resample(values, prng)) / median(resample(base, prng)),
  );
  return { value, low: quantile(resampled, 0.025), high: quantile(resampled, 0.975) };
}

function resample(values: readonly number[], prng: Prng): number[] {
  return Array.from({ length: values.length }, () => values[prng.below(values.length)]!);
}
