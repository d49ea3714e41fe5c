export { EPHEMERAL_ORDER, type EphemeralOrderFactory, type EvictionOrder, VICTIMS_MAX } from "./eviction-order.js";
export {
  EPHEMERAL_ZPOOL,
  EVICTION_ORDERS,
  type EvictionOrderName,
  ZCACHE_OPTIONS,
  ZCACHE_OPTIONS_DEFAULT,
  type ZcacheOptions,
} from "./options.js";
export { plugin, ZCACHE_SCHEMA, type ZcacheNodeOptions, zcache } from "./plugin.js";
export { Zcache } from "./zcache.js";
