export type { Advice } from "./advice.js";
export { MemoryManager } from "./memory-manager.js";
export type { MmObserver } from "./observer.js";
export {
  CLUSTER_PAGES,
  DIRTY_BACKGROUND_PERCENT,
  DIRTY_LIMIT_PERCENT,
  FILE_POLICY,
  MM_OPTIONS,
  MM_OPTIONS_DEFAULT,
  type MmOptions,
  PAGE_CLUSTER_MAX,
  PRIORITY_GENTLE,
  RECLAIM_ROUNDS_MAX,
  SWAP_STORES,
  type SwapStore,
} from "./options.js";
export type { AnonSpace, CloseOptions, FileSpace, PageId, PageLocation } from "./space.js";
export type { MmStats, SwapStats, TierStats } from "./stats.js";
