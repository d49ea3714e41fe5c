import type { PluginNode } from "@pagetier/base";
import { REMOTE_CONTRACT, RemoteOwner, type RemotePlugin } from "@pagetier/tmem";
import { REMOTE_REDIS_SCHEMA, type RemoteRedisOptions } from "./options.js";
import { RedisHolders } from "./redis-holders.js";

export const plugin: RemotePlugin<RemoteRedisOptions> = {
  family: "remote",
  contract: REMOTE_CONTRACT,
  name: "redis",
  summary: "Other machines' memory in Redis or Valkey: one engine, several, or a Cluster.",
  options: REMOTE_REDIS_SCHEMA,
  create: ({ scheduler, directory, accountant }, options) =>
    new RemoteOwner(new RedisHolders(options, { scheduler, directory }), accountant),
};

/** The recipe node of remote memory in Redis. */
export function remoteRedis(options: Partial<RemoteRedisOptions> = {}): PluginNode {
  return { use: "redis", ...options };
}
