export { ClusterKeyspace } from "./cluster.js";
export { isTemporary, type RedisArgument, RedisConnection, type RedisReply } from "./connection.js";
export { RedisEngine, type RedisPreparation, type RedisPurpose } from "./engine.js";
export { EngineList, type RedisKeyspace } from "./keyspace.js";
export { errorWord, isBroken, maybeDone, redisRefused, redisSilent } from "./redis-error.js";
export { isAtLeast, parseServerInfo, type ServerInfo } from "./server-info.js";
export {
  accessOf,
  addressText,
  REDIS_SHAPE,
  type RedisAccess,
  type RedisAddress,
  type RedisSettings,
  type RedisTls,
} from "./settings.js";
export { Watchdog, type Watched } from "./watchdog.js";
