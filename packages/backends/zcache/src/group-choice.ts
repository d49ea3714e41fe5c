// Which group of zpages goes next.
//
// Throwing zpages away frees memory only when a whole group of them goes (a frame of zbud, a zspage of zsmalloc). Two wishes
// are at odds: few zpages for each frame, and the ones that nobody will miss. A group has a density, its zpages per
// frame, and an age: how many zpages came since the last one joined it. What is minimised:
//
//   group-lru        −age              the oldest group, as Linux' zcache since 3.9
//   emptiest-group   density           the fewest zpages per frame, as zcache before; the older of two equals
//   hybrid           density / age     zpages lost per frame, each weighed by how likely it is wanted again: in LRU terms
//                                      the chance of a reference falls with 1/age
//   random           –                 a control
//
// The hybrid is the cost-benefit choice of log-structured file systems, with zpages for live blocks.
// Source: M. Rosenblum and J. Ousterhout, The design and implementation of a log-structured file system, 1992.

/** Orders in which zpages go. `object-lru` lets the oldest single zpage go, whatever that frees. */
export const EVICTION_ORDERS = ["object-lru", "group-lru", "emptiest-group", "hybrid", "random"] as const;
export type EvictionOrderName = (typeof EVICTION_ORDERS)[number];

/** Buckets of groups of about the same density. */
export const DENSITY_BUCKETS = 112;
const EXACT_BUCKETS = 64;
const STEPS_PER_ZPAGE = 8;
const STEPS_PER_OCTAVE = 8;

/** A choice by the least cost. Among groups of one bucket the oldest is always the best. */
export interface GroupChoice {
  readonly buckets: number;
  bucketOf(density: number): number;
  /** @param age 1 or more */
  cost(density: number, age: number): number;
}

/** The bucket of a density: in eighths of a zpage per frame up to 8, by eight to an octave above. */
export function densityBucket(density: number): number {
  const steps = Math.ceil(density * STEPS_PER_ZPAGE);
  if (steps < EXACT_BUCKETS) return steps;
  const octaves = Math.log2(density / (EXACT_BUCKETS / STEPS_PER_ZPAGE));
  return Math.min(DENSITY_BUCKETS - 1, EXACT_BUCKETS + Math.floor(octaves * STEPS_PER_OCTAVE));
}

export const GROUP_CHOICES: Readonly<Record<Exclude<EvictionOrderName, "object-lru" | "random">, GroupChoice>> = {
  "group-lru": { buckets: 1, bucketOf: () => 0, cost: (_density, age) => -age },
  "emptiest-group": { buckets: DENSITY_BUCKETS, bucketOf: densityBucket, cost: (density) => density },
  hybrid: { buckets: DENSITY_BUCKETS, bucketOf: densityBucket, cost: (density, age) => density / age },
};
