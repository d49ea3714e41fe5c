export {
  permissionConformance,
  pressureConformance,
  type ShrinkerSubject,
  scanningConformance,
  shrinkerConformance,
  type TestRunner,
} from "./shrinker-conformance.js";
