import type { ExperimentSuite } from "../experiment/experiment-suite.js";
import type { Suite } from "../suite.js";
import { thread } from "../thread/suite.js";
import { allocators } from "./allocators.js";
import { compressors } from "./compressors.js";
import { evictionOrders } from "./eviction-orders.js";
import { pauses } from "./pauses.js";
import { policies } from "./policies.js";
import { poolPath } from "./pool-path.js";
import { readers } from "./readers.js";
import { smoke } from "./smoke.js";
import { stackSpeed } from "./stack-speed.js";
import { stacks } from "./stacks.js";
import { stores } from "./stores.js";
import { writeBack } from "./write-back.js";

/** Every suite, in the order of `list`. */
export const SUITES: readonly (Suite | ExperimentSuite)[] = [
  poolPath,
  allocators,
  compressors,
  evictionOrders,
  policies,
  readers,
  stackSpeed,
  pauses,
  stores,
  stacks,
  writeBack,
  thread,
  smoke,
];
