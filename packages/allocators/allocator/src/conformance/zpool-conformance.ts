import { accounting } from "./accounting.js";
import { allocation } from "./allocation.js";
import { bytes } from "./bytes.js";
import { groups } from "./groups.js";
import { agreesWithModel } from "./model.js";
import { moving } from "./moving.js";
import type { ConformanceRunner } from "./runner.js";
import type { ZpoolFactory } from "./subject.js";

/**
 * What every allocator promises, as tests.
 *
 * @param create makes a pool on the page frames it is given; called for each test
 */
export function zpoolConformance(runner: ConformanceRunner, create: ZpoolFactory): void {
  allocation(runner, create);
  bytes(runner, create);
  accounting(runner, create);
  groups(runner, create);
  moving(runner, create);
  agreesWithModel(runner, create);
}
