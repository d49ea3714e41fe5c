// The loop that drives one policy.
//
// V8 inlines a policy's calls into this loop as long as it sees one class there; with several it becomes several times
// slower. So whoever compares policies imports this module once per policy, under a name of its own
// (`policy-loop.js?policy=lru`): a module's functions, and what V8 learns about them, belong to its name.

import type { EvictionPolicy } from "@pagetier/policy";

/**
 * Replays requests from..to - 1.
 *
 * @returns misses among them
 */
export function replayRequests(policy: EvictionPolicy, ids: Uint32Array, from: number, to: number): number {
  let misses = 0;
  for (let index = from; index < to; index++) {
    const id = ids[index]!;
    if (policy.has(id)) policy.hit(id);
    else {
      policy.admit(id);
      misses++;
    }
  }
  return misses;
}
