// The lists of the core are orders of pages like any policy, so they pass the policies' kit.

import { PageFrames } from "@pagetier/frames";
import { TwoListPolicy } from "@pagetier/policies/two-list";
import { policyConformance } from "@pagetier/policy/conformance";
import { describe, test } from "vitest";
import { PageLists } from "../src/page-lists.js";

describe("a page list around a policy", () => {
  policyConformance({ describe, test }, (parts) => {
    const lists = new PageLists({
      anon: new TwoListPolicy(parts),
      file: new TwoListPolicy(parts),
      frames: new PageFrames({ budgetBytes: 2 ** 20 }),
      swappiness: 60,
      canSwap: () => true,
    });
    return lists.anon;
  });
});
