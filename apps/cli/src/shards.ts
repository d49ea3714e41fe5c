// SHARDS: a small sample of the keys stands for all of them.
//
// A key is in the sample if its hash lies below a threshold, so that every request of it is, or none. The sample is
// replayed on a cache scaled by the same rate: a miniature of the whole. Two things about the whole are known exactly and
// correct the estimate:
// - the requests: those that the sample has more or fewer than its share are taken to be hits (SHARDS-adj: they come from
//   few hot keys);
// - the objects: each misses once, at its first request. Only misses beyond those are scaled up. And the rate that counts
//   is the share of objects that were sampled, not the one that was asked for.
//
// The expected error has two parts. Sampling: the sample is split by hash into ten groups, each is replayed on a cache a
// tenth as large, and the spread of their ten estimates gives the standard error of their mean (random groups; 95 % of
// Student's t with nine degrees). The miniature: a cache of c pages is itself a sample of what the large one would hold,
// and a share of c draws is uncertain by at most 1 / (2 √c). Neither sees a policy that behaves differently in a small
// cache; the tests compare with full runs.
//
// Sources: Waldspurger et al., "Efficient MRC Construction with SHARDS", FAST 2015; "Cache Modeling and Optimization using
// Miniature Simulations", ATC 2017.

import { assert } from "@pagetier/base";
import { BATCH_REQUESTS, KeyMap, keyHash } from "@pagetier/trace";
import { type PreparedPolicy, type Simulation, type SimulationControl, simulatePolicy } from "./simulate-policy.js";

const GROUPS = 10;
/** 97.5 % quantile of Student's t with GROUPS - 1 degrees of freedom. */
const STUDENT_T = 2.262;
const HASHES = 2 ** 32;

/** Pages that a capacity must have after scaling; smaller caches tell little about large ones. */
export const SCALED_CAPACITY_MIN = 32;

/** Chooses requests by the hash of their key and numbers their keys 0, 1, 2, … */
export class ShardsSampler {
  readonly rate: number;
  readonly #threshold: number;
  readonly #keys = new KeyMap();
  readonly #groups: number[] = [];
  /** Ids of the requests that the last {@link sample} chose. */
  readonly sampled = new Uint32Array(BATCH_REQUESTS);

  /** @param rate of the keys, 0 (excluded) to 1 */
  constructor(rate: number) {
    this.rate = rate;
    this.#threshold = rate * HASHES;
  }

  /** Distinct keys in the sample. */
  get objects(): number {
    return this.#keys.count;
  }

  /** The group of each sampled key, by id. */
  get groups(): readonly number[] {
    return this.#groups;
  }

  /** @returns how many of keys[0..length) are in the sample; their ids are in {@link sampled} */
  sample(keys: Float64Array, length: number): number {
    assert(length <= this.sampled.length, "a batch of a trace is never longer");
    let count = 0;
    for (let index = 0; index < length; index++) {
      const key = keys[index]!;
      const hash = keyHash(key);
      if (hash >= this.#threshold) continue;
      const id = this.#keys.numberOf(key);
      if (id === this.#groups.length) this.#groups.push(Math.floor((hash / this.#threshold) * GROUPS));
      this.sampled[count++] = id;
    }
    return count;
  }
}

/** The whole, as far as it is known, and the sample. */
export interface Shards {
  /** Requests and objects of the whole trace. */
  readonly requests: number;
  readonly objects: number;
  readonly ids: Uint32Array;
  readonly sampledObjects: number;
  /** The sample's requests by group, and the objects of each group. */
  readonly groups: readonly { readonly ids: Uint32Array; readonly objects: number }[];
}

/** What a sample tells of the whole. */
export interface Estimate extends Simulation {
  /** 95 % of estimates are expected to be as near to the truth, as a miss ratio. */
  readonly expectedError: number;
}

/** Splits what was sampled. */
export function shardsOf(
  whole: { readonly ids: Uint32Array; readonly requests: number; readonly objects: number },
  sampler: ShardsSampler,
): Shards {
  const lengths = new Array<number>(GROUPS).fill(0);
  for (const id of whole.ids) lengths[sampler.groups[id]!]!++;
  const parts = lengths.map((length) => new Uint32Array(length));
  const filled = new Array<number>(GROUPS).fill(0);
  for (const id of whole.ids) {
    const group = sampler.groups[id]!;
    parts[group]![filled[group]!++] = id;
  }
  const objects = new Array<number>(GROUPS).fill(0);
  for (const group of sampler.groups) objects[group]!++;
  return {
    ...whole,
    sampledObjects: sampler.objects,
    groups: parts.map((ids, group) => ({ ids, objects: objects[group]! })),
  };
}

/** A capacity of the whole, in the sample. */
export function scaledCapacity(capacity: number, sampledObjects: number, objects: number): number {
  return Math.max(1, Math.round((capacity * sampledObjects) / objects));
}

/** Requests that {@link estimate} replays. */
export function requestsToReplay(shards: Shards): number {
  return 2 * shards.ids.length;
}

/** Estimates how often a policy misses on the whole trace. */
export async function estimate(
  policy: PreparedPolicy,
  shards: Shards,
  capacity: number,
  control: SimulationControl,
): Promise<Estimate> {
  const simulate = async (ids: Uint32Array, sampledObjects: number) => {
    const scaled = scaledCapacity(capacity, sampledObjects, shards.objects);
    const { misses, cpuUs } = await simulatePolicy(policy, ids, scaled, control);
    const beyondFirst = ((misses - sampledObjects) * shards.objects) / sampledObjects;
    return { misses: Math.min(shards.requests, Math.round(shards.objects + beyondFirst)), cpuUs, scaled };
  };
  const { misses, cpuUs, scaled } = await simulate(shards.ids, shards.sampledObjects);
  const ofGroups: number[] = [];
  for (const { ids, objects } of shards.groups) {
    if (objects > 0) ofGroups.push((await simulate(ids, objects)).misses);
  }
  const sampling = (STUDENT_T * standardError(ofGroups)) / shards.requests;
  const expectedError = scaled >= shards.sampledObjects ? sampling : sampling + 1 / (2 * Math.sqrt(scaled));
  return { misses, expectedError: Math.min(1, expectedError), cpuUs };
}

/** Of the mean of values. */
function standardError(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return values.length < 2 ? Number.POSITIVE_INFINITY : Math.sqrt(squares / (values.length - 1) / values.length);
}
