export {
  completeOptions,
  type Generation,
  type LimitRule,
  type ShrinkerKind,
  ZSWAP_OPTIONS,
  ZSWAP_OPTIONS_DEFAULT,
  type ZswapOptions,
} from "./options.js";
export { plugin, ZSWAP_SCHEMA, type ZswapNodeOptions, zswap } from "./plugin.js";
export { PoolLimit } from "./pool-limit.js";
export { Zswap } from "./zswap.js";
