export type { TestRunner } from "@pagetier/base/testing";
export { policyPluginConformance } from "./plugin-conformance.js";
export {
  aloneConformance,
  drivenConformance,
  policyConformance,
  residencyConformance,
  tablesConformance,
} from "./policy-conformance.js";
