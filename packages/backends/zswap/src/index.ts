export type { LimitRule } from "@pagetier/frames";
export {
  completeOptions,
  type Generation,
  type ShrinkerKind,
  ZSWAP_OPTIONS,
  ZSWAP_OPTIONS_DEFAULT,
  type ZswapOptions,
} from "./options.js";
export { plugin, ZSWAP_SCHEMA, type ZswapNodeOptions, zswap } from "./plugin.js";
export { Zswap } from "./zswap.js";
