import type { Accountant, PluginDescriptor, Prng } from "@pagetier/base";

/** Version of this contract; plugins state the one they were written for. */
export const POLICY_CONTRACT = 1;

/** No page. Never an id. */
export const NO_VICTIM = -1;

/**
 * Decides which page leaves next. Ids are dense small integers, 0..2^31 - 1, and name a page's *identity*: a page that was
 * evicted keeps its id, and a policy may remember it (a ghost is a state of the id). Resident are the pages that were
 * admitted and neither evicted nor removed.
 *
 * Two ways to drive one:
 * - *alone*, at a fixed capacity: `hit(id)` when {@link has} the page, else `admit(id)`, which evicts by itself when full;
 * - *by MM*, whose memory decides when pages leave: `admit` with unbounded capacity, `victim()` when one must go. Then
 *   the page either left (nothing more to say) or could not, and `rotate(id)` puts it back as if it had just been spared.
 *
 * No call allocates, apart from tables that grow with the largest id seen.
 */
export interface EvictionPolicy {
  /** Name as recipes write it, e.g. `"lru"`. */
  readonly type: string;
  /**
   * `true` where a {@link hit} may condemn other pages: they count as missing from then on ({@link has} is `false`, the next
   * use is an {@link admit}, which brings them back), but they are in memory and in {@link size} until `admit` or `victim`
   * names them, before all others. With unbounded capacity nobody is condemned. Left out: never.
   */
  readonly condemns?: boolean;
  /** Resident pages. */
  readonly size: number;
  /** Resident pages that are protected from leaving before the others. Left out: the policy draws no such line. */
  readonly active?: number;
  /** Whether the page is resident, so that using it is a {@link hit}. */
  has(id: number): boolean;
  /** A resident page was used. */
  hit(id: number): void;
  /**
   * A page that is not resident becomes so.
   *
   * @returns the page that had to leave because the capacity was reached, else {@link NO_VICTIM}; a policy that refuses to
   *   admit, be it only because the accountant pays for no larger tables, answers `id` itself and nothing else has left
   */
  admit(id: number): number;
  /** Takes the page that should leave next; it is not resident afterwards (its ghost may be). {@link NO_VICTIM} when none is resident. */
  victim(): number;
  /**
   * A resident page that was just admitted had left too early, as its caller knows: protects it at once. Left out where
   * the policy remembers by itself what left, or protects nothing.
   */
  activate?(id: number): void;
  /**
   * Makes a page resident again that {@link victim} gave and that could not leave, as if the policy had spared it. So a
   * caller that rotates every victim is offered each resident page within 2 × (h + 1) × {@link size} calls, h being the most
   * hits of a page since it came. The page fits: fewer than `capacity` are resident.
   */
  rotate(id: number): void;
  /** Forgets the page: resident or ghost. Unknown ids: no-op. */
  remove(id: number): void;
  /** Bytes of tables. */
  memoryBytes(): number;
  /** Walks every structure; throws AssertionError at the first broken invariant. */
  verify(): void;
}

/** A policy that must know the future: the bound for the others. `run` refuses it. */
export interface OfflinePolicy {
  readonly type: string;
  /**
   * @param keys dense ids in order of request
   * @returns misses of a cold cache of `capacity` pages
   */
  misses(keys: Uint32Array, capacity: number): number;
}

export interface PolicyParts {
  /** Pages that fit; `Infinity` when the caller decides by calling `victim`. Policies with queues sized by the capacity then use `expectedPages`. */
  readonly capacity: number;
  /** Resident pages to expect, for sizing queues where the capacity is unbounded. */
  readonly expectedPages: number;
  readonly prng: Prng;
  /** Pays for tables. */
  readonly accountant: Accountant;
}

export type PolicyPlugin<Options> = PluginDescriptor<PolicyParts, Options, EvictionPolicy>;

/** Same family, so that recipes and commands find it by name; whoever cannot use one asks {@link isOffline} and refuses. */
export type OfflinePolicyPlugin<Options> = PluginDescriptor<PolicyParts, Options, OfflinePolicy>;

/** Tells whether a policy needs the whole trace in advance. */
export function isOffline(policy: EvictionPolicy | OfflinePolicy): policy is OfflinePolicy {
  return "misses" in policy;
}

/** Where a composition root finds the policy of a node. (A tsyringe token.) */
export const POLICY: unique symbol = Symbol.for("@pagetier/policy/EvictionPolicy") as never;
