import type { TestRunner } from "@pagetier/base/testing";
import { blockingCalls } from "./blocking-calls.js";
import { durability } from "./durability.js";
import { failures } from "./failures.js";
import { lifecycle } from "./lifecycle.js";
import { agreesWithModel } from "./model.js";
import { packedRecords } from "./packed-records.js";
import { readingAndWriting } from "./reading-and-writing.js";
import type { StoreFactory } from "./subject.js";

/** Everything a backing store must do. Each group is also exported alone. */
export function storeConformance(runner: TestRunner, factory: StoreFactory): void {
  runner.describe("backing store", () => {
    const groups = [lifecycle, readingAndWriting, blockingCalls, durability, packedRecords, failures, agreesWithModel];
    for (const group of groups) group(runner, factory);
  });
}
