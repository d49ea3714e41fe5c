import type { TestRunner } from "@pagetier/base/testing";
import { coherency } from "./coherency.js";
import { forgetting } from "./forgetting.js";
import { agreesWithModel } from "./model.js";
import { pools } from "./pools.js";
import type { CleancacheFactory } from "./subject.js";

/** Everything a cleancache backend must do. Each group is also exported alone. */
export function cleancacheConformance(runner: TestRunner, factory: CleancacheFactory): void {
  runner.describe("cleancache backend", () => {
    for (const group of [coherency, pools, forgetting, agreesWithModel]) group(runner, factory);
  });
}
