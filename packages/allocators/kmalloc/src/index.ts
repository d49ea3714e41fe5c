export { KMALLOC_SIZES, KmallocPool } from "./kmalloc-pool.js";
export { KMALLOC_OPTIONS, kmalloc, plugin } from "./plugin.js";
