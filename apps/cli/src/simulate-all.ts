// Every policy at every capacity, from requests that are held in memory or sampled, or while a long trace is read again.

import { TierError } from "@pagetier/base";
import type { TraceReader } from "@pagetier/trace";
import type { PolicyResult } from "./report/policy-table.js";
import type { Requests } from "./requests.js";
import { estimate, requestsToReplay, type Shards } from "./shards.js";
import {
  type OnlineSimulation,
  onlineSimulation,
  type PreparedPolicy,
  type Simulation,
  type SimulationControl,
  simulatePolicy,
  TURN_REQUESTS,
} from "./simulate-policy.js";
import { count } from "./terminal.js";

/** What is simulated. */
export interface Work {
  readonly policies: readonly PreparedPolicy[];
  /** Pages. */
  readonly capacities: readonly number[];
  readonly requests: Requests;
  /** Of a sample. */
  readonly shards: Shards | undefined;
  /** To be read again when the requests are not in memory. */
  readonly trace: TraceReader;
}

/** Requests that {@link simulateAll} replays, for progress. */
export function workOf({ policies, capacities, requests, shards }: Work): number {
  const each = shards === undefined ? requests.requests : requestsToReplay(shards);
  return each * policies.length * capacities.length;
}

/** Results by policy, and for each by capacity. */
export async function simulateAll(work: Work, control: SimulationControl): Promise<PolicyResult[]> {
  const { policies, capacities, requests, shards } = work;
  if (shards === undefined && requests.ids === undefined) return simulateReading(work, control);
  const results: PolicyResult[] = [];
  for (const policy of policies) {
    for (const capacity of capacities) {
      const simulation: Simulation & { readonly expectedError?: number } =
        shards === undefined
          ? await simulatePolicy(policy, requests.ids!, capacity, control)
          : await estimate(policy, shards, capacity, control);
      const replayed = shards?.ids.length ?? requests.requests;
      results.push(resultOf(policy, capacity, simulation, requests.requests, replayed));
    }
  }
  return results;
}

/** All caches at once, so that the trace is read once more only. */
async function simulateReading(work: Work, control: SimulationControl): Promise<PolicyResult[]> {
  const { policies, capacities, requests, trace } = work;
  const parts: { readonly policy: PreparedPolicy; readonly capacity: number; readonly simulation: OnlineSimulation }[] =
    [];
  for (const policy of policies) {
    for (const capacity of capacities) {
      const simulation = await onlineSimulation(policy, capacity, control.seed);
      if (simulation === undefined) throw needsAll(policy.name, requests.requests);
      parts.push({ policy, capacity, simulation });
    }
  }
  const ids = new Uint32Array(TURN_REQUESTS);
  let length = 0;
  const replay = (): void => {
    for (const { simulation } of parts) {
      simulation.replay(ids, 0, length);
      control.onProgress(length);
    }
    length = 0;
    control.signal.throwIfAborted();
  };
  for await (const batch of trace) {
    if (length + batch.length > ids.length) replay();
    ids.set(batch.pages.subarray(0, batch.length), length);
    length += batch.length;
  }
  replay();
  return parts.map(({ policy, capacity, simulation }) =>
    resultOf(policy, capacity, simulation, requests.requests, requests.requests),
  );
}

function resultOf(
  policy: PreparedPolicy,
  capacity: number,
  { misses, cpuUs, expectedError }: Simulation & { readonly expectedError?: number },
  requests: number,
  replayed: number,
): PolicyResult {
  return {
    policy: policy.name,
    capacity,
    misses,
    missRatio: misses / requests,
    requestsPerSecond: (replayed * 1e6) / Math.max(1, cpuUs),
    ...(expectedError === undefined ? {} : { expectedError }),
  };
}

function needsAll(policy: string, requests: number): TierError {
  return new TierError(
    "POLICY_NEEDS_ALL",
    `${policy} has to know all requests beforehand, and ${count(requests)} of them are not held in memory; ` +
      "take a sample of the keys (--shards 1%), or the first requests (--limit).",
    { policy, requests },
  );
}
