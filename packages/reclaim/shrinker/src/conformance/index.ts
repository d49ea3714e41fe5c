export type { TestRunner } from "@pagetier/base/testing";
export {
  permissionConformance,
  pressureConformance,
  type ShrinkerSubject,
  scanningConformance,
  shrinkerConformance,
} from "./shrinker-conformance.js";
