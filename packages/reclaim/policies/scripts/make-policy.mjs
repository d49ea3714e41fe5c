// Makes a policy from the way a command line writes it: `clock:n-bit-counter=2`.

import { UNCHARGED } from "@pagetier/base";
import * as exported from "@pagetier/policies";
export const policyNames = ["lru", "two-list"];
export function makePolicy(name, { capacity }) {
  const setup = { capacity, expectedPages: 0, accountant: UNCHARGED };
  return name === "lru" ? new exported.LruPolicy(setup) : new exported.TwoListPolicy(setup);
}
