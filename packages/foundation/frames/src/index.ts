export {
  type AllocationContext,
  type Frame,
  type FrameOwner,
  NO_FRAME,
  PAGE_FRAMES,
  PageFrames,
  type PageFramesOptions,
} from "./page-frames.js";
export { type LimitCheck, type LimitRule, PoolLimit } from "./pool-limit.js";
export { TableBudget } from "./table-budget.js";
export { type Watermarks, watermarksFor } from "./watermarks.js";
