export {
  CLEANCACHE,
  CLEANCACHE_CONTRACT,
  type Cleancache,
  type CleancacheGet,
  type CleancachePlugin,
  NO_POOL,
} from "./cleancache.js";
export { CLEANCACHE_REGISTRY, type CleancacheHook, INDEX_MAX } from "./cleancache-hook.js";
export { CleancacheRegistry } from "./cleancache-registry.js";
