export {
  type EvictionPolicy,
  NO_VICTIM,
  type OfflinePolicy,
  POLICY,
  POLICY_CONTRACT,
  type PolicyParts,
  type PolicyPlugin,
} from "./policy.js";
