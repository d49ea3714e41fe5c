export { AssertionError, assert } from "./assert.js";
export type { Branded } from "./branded.js";
export { type Accountant, ChunkedBytes, ChunkedWords, UNCHARGED } from "./chunked.js";
export { CLOCK, type Clock, realClock, realScheduler, SCHEDULER, type Scheduler } from "./clock.js";
export { type Counters, snakeCase } from "./counters.js";
export { TierError, type TierErrorContext } from "./error.js";
export { PAGE_SHIFT, PAGE_SIZE, WORDS_PER_PAGE } from "./page.js";
export type {
  InjectedPluginDescriptor,
  PluginDescriptor,
  PluginNode,
  PluginOptionsSchema,
  PluginPosition,
} from "./plugin.js";
export { createPrng, PRNG, type Prng } from "./prng.js";
export { formatSize, parsePercent, parseSize } from "./size.js";
export { type CpuMeter, type VirtualProgress, VirtualScheduler } from "./virtual-scheduler.js";
