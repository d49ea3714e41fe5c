export { plugin, REDIS_STORE_SCHEMA, redisStore } from "./plugin.js";
export { RedisStore, type RedisStoreOptions, type RedisStoreParts } from "./redis-store.js";
