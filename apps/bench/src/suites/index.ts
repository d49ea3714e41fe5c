import type { Suite } from "../suite.js";
import { churn } from "./churn.js";
import { policies } from "./policies.js";
import { poolPath } from "./pool-path.js";

/** Every suite, in the order of `list`. */
export const SUITES: readonly Suite[] = [poolPath, policies, churn];
