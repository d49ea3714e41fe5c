import type { PolicyPlugin } from "@pagetier/policy";
import { policyConformance, policyPluginConformance } from "@pagetier/policy/conformance";
import { describe, test } from "vitest";
import { plugin as lru } from "../src/lru.js";
import { plugin as twoList } from "../src/two-list.js";

function check<Options>(plugin: PolicyPlugin<Options>, options: unknown = {}): void {
  describe(`${plugin.name} ${JSON.stringify(options)}`, () => {
    policyPluginConformance({ describe, test }, plugin);
    policyConformance({ describe, test }, (parts) => {
      const parsed = plugin.options["~standard"].validate(options);
      if (parsed instanceof Promise || parsed.issues !== undefined)
        throw new Error("the options of the test are valid");
      return plugin.create(parts, parsed.value);
    });
  });
}

check(lru);
check(twoList);
