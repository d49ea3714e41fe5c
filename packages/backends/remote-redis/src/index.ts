export { clientOf, KEY_PREFIX, keyName } from "./key-name.js";
export { REMOTE_REDIS_SCHEMA, type RemoteRedisOptions } from "./options.js";
export { plugin, remoteRedis } from "./plugin.js";
export { RedisHolders, type RedisHoldersParts } from "./redis-holders.js";
