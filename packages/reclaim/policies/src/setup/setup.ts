import { type Accountant, assert, createPrng, type Prng, UNCHARGED } from "@pagetier/base";
import type { PolicyParts } from "@pagetier/policy";

/** What a policy is made with. Only the capacity must be said where a policy is used with `new`. */
export type PolicySetup = Pick<PolicyParts, "capacity"> & Partial<PolicyParts>;

/** More pages than there are ids: the capacity of a policy whose caller decides when pages leave. */
const UNBOUNDED = 2 ** 31 - 1;

/** The setup with its defaults, in small integers. */
export interface Setup {
  /** Pages that fit; {@link UNBOUNDED} when the caller decides. */
  readonly capacity: number;
  /** Pages by which queues are sized: the capacity, or what is expected where there is none. */
  readonly queuePages: number;
  readonly prng: Prng;
  readonly accountant: Accountant;
}

/** Checks and completes a setup. Without an accountant nobody pays; without random numbers the seed is 1. */
export function completed(setup: PolicySetup): Setup {
  const { capacity } = setup;
  const bounded = capacity !== Infinity;
  assert(
    !bounded || (Number.isInteger(capacity) && capacity >= 1),
    "a capacity is a positive count of pages or Infinity",
  );
  const expected = setup.expectedPages ?? 0;
  assert(Number.isInteger(expected) && expected >= 0, "the expected pages are a count");
  return {
    capacity: bounded ? Math.min(capacity, UNBOUNDED) : UNBOUNDED,
    queuePages: bounded ? capacity : Math.max(1, expected),
    prng: setup.prng ?? createPrng(1),
    accountant: setup.accountant ?? UNCHARGED,
  };
}
