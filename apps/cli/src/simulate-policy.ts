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
export const TURN_REQUESTS = 1 << 18;

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
  const part = partOf(policy, capacity, control.seed);
  if (isOffline(part)) {
    const start = process.cpuUsage();
    const misses = part.misses(ids, capacity);
    const cpuUs = cpuUsSince(start);
    control.onProgress(ids.length);
    await realScheduler.turn();
    control.signal.throwIfAborted();
    return { misses, cpuUs };
  }
  const simulation = new OnlineSimulation(part, await loopOf(policy.name));
  for (let from = 0; from < ids.length; from += TURN_REQUESTS) {
    const to = Math.min(ids.length, from + TURN_REQUESTS);
    simulation.replay(ids, from, to);
    control.onProgress(to - from);
    await realScheduler.turn();
    control.signal.throwIfAborted();
  }
  return simulation;
}

type ReplayLoop = typeof import("./policy-loop.js").replayRequests;

/** A cold cache that sees requests as they come. */
export class OnlineSimulation implements Simulation {
  readonly #part: EvictionPolicy;
  readonly #replayRequests: ReplayLoop;
  misses = 0;
  cpuUs = 0;

  constructor(part: EvictionPolicy, replayRequests: ReplayLoop) {
    this.#part = part;
    this.#replayRequests = replayRequests;
  }

  /** Replays ids[from..to). */
  replay(ids: Uint32Array, from: number, to: number): void {
    const start = process.cpuUsage();
    this.misses += this.#replayRequests(this.#part, ids, from, to);
    this.cpuUs += cpuUsSince(start);
  }
}

/** A cache for a policy; `undefined`: the policy has to know all requests beforehand. */
export async function onlineSimulation(
  policy: PreparedPolicy,
  capacity: number,
  seed: number,
): Promise<OnlineSimulation | undefined> {
  const part = partOf(policy, capacity, seed);
  return isOffline(part) ? undefined : new OnlineSimulation(part, await loopOf(policy.name));
}

function partOf(policy: PreparedPolicy, capacity: number, seed: number): EvictionPolicy | OfflinePolicy {
  return policy.create({ capacity, expectedPages: capacity, prng: createPrng(seed), accountant: UNCHARGED });
}

/** A copy of the loop that no other policy uses. */
async function loopOf(policy: string): Promise<ReplayLoop> {
  const name = `./policy-loop.js?policy=${encodeURIComponent(policy)}`;
  return ((await import(name)) as typeof import("./policy-loop.js")).replayRequests;
}

export function cpuUsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return user + system;
}
