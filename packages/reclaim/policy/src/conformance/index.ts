export { policyPluginConformance } from "./plugin-conformance.js";
export {
  aloneConformance,
  drivenConformance,
  policyConformance,
  residencyConformance,
  type TestRunner,
  tablesConformance,
} from "./policy-conformance.js";
