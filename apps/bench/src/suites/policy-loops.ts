// The loops that drive one policy, or one cache of somebody else's.
//
// V8 inlines the calls of a loop that sees one class, so each part imports this module under a name of its own
// (`policy-loops.js?part=lru`) and has its own copy.

import type { EvictionPolicy } from "@pagetier/policy";

/** A map that forgets: what caches for applications have in common. */
export interface CacheMap {
  get(key: number): unknown;
  set(key: number, value: number): unknown;
}

/** @returns misses */
export function replayPolicy(policy: EvictionPolicy, ids: Uint32Array): number {
  let misses = 0;
  for (let index = 0; index < ids.length; index++) {
    const id = ids[index]!;
    if (policy.has(id)) policy.hit(id);
    else {
      policy.admit(id);
      misses++;
    }
  }
  return misses;
}

/** @returns misses */
export function replayCache(cache: CacheMap, ids: Uint32Array): number {
  let misses = 0;
  for (let index = 0; index < ids.length; index++) {
    const id = ids[index]!;
    if (cache.get(id) === undefined) {
      cache.set(id, id);
      misses++;
    }
  }
  return misses;
}

/** What the trace itself costs: reads the ids and does nothing with them. */
export function readOnly(ids: Uint32Array): number {
  let sum = 0;
  for (let index = 0; index < ids.length; index++) sum = (sum + ids[index]!) | 0;
  return sum;
}
