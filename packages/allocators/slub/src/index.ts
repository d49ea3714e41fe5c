export { plugin, SLUB_OPTIONS, slub } from "./plugin.js";
export { ORDER_MAX, slabOrder } from "./slab-order.js";
export { type SlubOptions, SlubPool, slabClasses } from "./slub-pool.js";
