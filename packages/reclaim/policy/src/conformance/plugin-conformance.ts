import assert from "node:assert/strict";
import { createPrng, UNCHARGED } from "@pagetier/base";
import type { TestRunner } from "@pagetier/base/testing";
import { isOffline, type OfflinePolicyPlugin, POLICY_CONTRACT, type PolicyPlugin } from "../policy.js";

/** What a policy's descriptor promises to recipes: a name, defaults for every option, and no silence about misspelt ones. */
export function policyPluginConformance<Options>(
  { describe, test }: TestRunner,
  plugin: PolicyPlugin<Options> | OfflinePolicyPlugin<Options>,
): void {
  const parse = async (input: unknown) => plugin.options["~standard"].validate(input);

  describe("the plugin's description", () => {
    test("names the family, the contract and itself", () => {
      assert.equal(plugin.family, "policy");
      assert.equal(plugin.contract, POLICY_CONTRACT);
      assert.match(plugin.name, /^[a-z][a-z0-9-]*$/);
      assert.match(plugin.summary, /^\S.*\.$/, "the summary is a sentence");
    });

    test("is complete without options", async () => {
      const parsed = await parse({});
      assert.ok(parsed.issues === undefined, "every option has a default");
      const parts = { capacity: 100, expectedPages: 100, prng: createPrng(1), accountant: UNCHARGED };
      const policy = plugin.create(parts, parsed.value);
      assert.equal(policy.type, plugin.name);
      if (!isOffline(policy)) policy.verify();
    });

    test("refuses an option that it does not know", async () => {
      assert.ok((await parse({ noSuchOption: 1 })).issues !== undefined);
    });
  });
}
