export {
  ListLru,
  LRU_REMOVED,
  LRU_REMOVED_RETRY,
  LRU_RETRY,
  LRU_ROTATE,
  LRU_SKIP,
  LRU_STOP,
  type LruCallback,
  type LruStatus,
  NO_OBJECT,
} from "./list-lru.js";
export {
  DEFAULT_BATCH,
  DEFAULT_SEEKS,
  SHRINK_EMPTY,
  SHRINK_STOP,
  SHRINKERS,
  type ShrinkControl,
  type Shrinker,
  type Shrinkers,
  type ShrinkResult,
} from "./shrinker.js";
export { type ShrinkerCounters, ShrinkerRegistry } from "./shrinker-registry.js";
