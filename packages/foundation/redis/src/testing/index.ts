export { RedisCluster, until } from "./redis-cluster.js";
export { NO_REDIS, RedisServer, redisProgram } from "./redis-server.js";
export { TcpProxy } from "./tcp-proxy.js";
