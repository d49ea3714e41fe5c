export {
  type EvictionPolicy,
  isOffline,
  NO_VICTIM,
  type OfflinePolicy,
  type OfflinePolicyPlugin,
  POLICY,
  POLICY_CONTRACT,
  type PolicyParts,
  type PolicyPlugin,
} from "./policy.js";
