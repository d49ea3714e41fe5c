export { LruPolicy, lru } from "./lru.js";
export type { PolicySetup } from "./setup.js";
export { inactiveRatio, TwoListPolicy, twoList } from "./two-list.js";
