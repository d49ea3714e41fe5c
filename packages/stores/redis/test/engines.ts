import { realClock, realScheduler } from "@pagetier/base";
import { REDIS_STORE_SCHEMA, RedisStore } from "../src/index.js";

export function storeAt(url: string | readonly string[], options: Record<string, unknown> = {}): RedisStore {
  const given = { url, timeoutMs: 500, connectTimeoutMs: 500, ...options };
  return new RedisStore(REDIS_STORE_SCHEMA.parse(given), {
    scheduler: realScheduler,
    clock: realClock,
    directory: "/",
  });
}
