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
