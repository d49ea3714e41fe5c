export {
  CLEANCACHE,
  CLEANCACHE_CONTRACT,
  type Cleancache,
  type CleancacheGet,
  type CleancachePlugin,
  NO_POOL,
} from "./cleancache.js";
