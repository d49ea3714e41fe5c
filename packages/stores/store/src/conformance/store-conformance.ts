import type { TestRunner } from "@pagetier/base/testing";
import { blockingCalls } from "./blocking-calls.js";
import { corruption } from "./corruption.js";
import { durability } from "./durability.js";
import { failures } from "./failures.js";
import { fullDevice } from "./full-device.js";
import { lifecycle } from "./lifecycle.js";
import { agreesWithModel } from "./model.js";
import { packedRecords } from "./packed-records.js";
import { powerCuts } from "./power-cuts.js";
import { readingAndWriting } from "./reading-and-writing.js";
import type { StoreFactory } from "./subject.js";

/** Everything a backing store must do. Each group is also exported alone. */
export function storeConformance(runner: TestRunner, factory: StoreFactory): void {
  runner.describe("backing store", () => {
    const basics = [lifecycle, readingAndWriting, blockingCalls, packedRecords, agreesWithModel];
    const faults = [durability, failures, fullDevice, corruption, powerCuts];
    for (const group of [...basics, ...faults]) group(runner, factory);
  });
}
