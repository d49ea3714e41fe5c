import type { TestRunner } from "@pagetier/base/testing";
import { failures } from "./failures.js";
import { agreesWithModel } from "./model.js";
import { ordering } from "./ordering.js";
import { putAndGet } from "./put-and-get.js";
import type { RemoteMemoryFactory } from "./subject.js";

/** Everything remote memory must do. Each group is also exported alone. */
export function remoteMemoryConformance(runner: TestRunner, factory: RemoteMemoryFactory, modelRuns?: number): void {
  runner.describe("remote memory", () => {
    for (const group of [putAndGet, ordering, failures]) group(runner, factory);
    agreesWithModel(runner, factory, modelRuns);
  });
}
