export type { TestRunner } from "@pagetier/base/testing";
export { cleancacheConformance } from "./cleancache-conformance.js";
export { coherency } from "./coherency.js";
export { forgetting } from "./forgetting.js";
export { agreesWithModel } from "./model.js";
export { pools } from "./pools.js";
export {
  keyOf,
  ReferenceCleancache,
  type ReferenceCleancacheOptions,
  type ReferencePage,
} from "./reference-cleancache.js";
export type { CleancacheCandidate, CleancacheFactory } from "./subject.js";
