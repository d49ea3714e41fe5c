import { createPrng, realScheduler, UNCHARGED } from "@pagetier/base";
import { type EvictionPolicy, isOffline, type OfflinePolicy, type PolicyParts } from "@pagetier/policy";
import type { PreparedPart } from "./plugin-part.js";

export type PreparedPolicy = PreparedPart<PolicyParts, EvictionPolicy | OfflinePolicy>;

/** What a policy did with the requests that it was given. */
export interface Simulation {
  readonly misses: number;
  readonly cpuUs: number;
}

export interface SimulationControl {
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Called with requests done since the last call. */
  readonly onProgress: (requests: number) => void;
}

/** Requests between two looks at Ctrl-C. */
const TURN_REQUESTS = 1 << 18;

/**
 * Replays a trace on a cold cache of `capacity` pages.
 *
 * @param ids dense ids in order of request
 */
export async function simulatePolicy(
  policy: PreparedPolicy,
  ids: Uint32Array,
  capacity: number,
  control: SimulationControl,
): Promise<Simulation> {
  const part = policy.create({
    capacity,
    expectedPages: capacity,
    prng: createPrng(control.seed),
    accountant: UNCHARGED,
  });
  if (isOffline(part)) {
    const start = process.cpuUsage();
    const misses = part.misses(ids, capacity);
    const cpuUs = cpuUsSince(start);
    control.onProgress(ids.length);
    await realScheduler.turn();
    control.signal.throwIfAborted();
    return { misses, cpuUs };
  }
  const replayRequests = await loopOf(policy.name);
  let misses = 0;
  let cpuUs = 0;
  for (let from = 0; from < ids.length; from += TURN_REQUESTS) {
    const to = Math.min(ids.length, from + TURN_REQUESTS);
    const start = process.cpuUsage();
    misses += replayRequests(part, ids, from, to);
    cpuUs += cpuUsSince(start);
    control.onProgress(to - from);
    await realScheduler.turn();
    control.signal.throwIfAborted();
  }
  return { misses, cpuUs };
}

/** A copy of the loop that no other policy uses. */
async function loopOf(policy: string): Promise<typeof import("./policy-loop.js").replayRequests> {
  const name = `./policy-loop.js?policy=${encodeURIComponent(policy)}`;
  return ((await import(name)) as typeof import("./policy-loop.js")).replayRequests;
}

function cpuUsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return user + system;
}
