import { type PluginNode, TierError } from "@pagetier/base";
import { REDIS_SHAPE } from "@pagetier/redis";
import { STORE_CONTRACT, type StorePlugin, slotsOfSize } from "@pagetier/store";
import { z } from "zod";
import { RedisStore, type RedisStoreOptions } from "./redis-store.js";

/** What a recipe may say of a store in Redis. */
export const REDIS_STORE_SCHEMA: z.ZodType<RedisStoreOptions> = z
  .strictObject({
    ...REDIS_SHAPE,
    size: z.union([z.string(), z.number()]).default("auto"),
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: "write 1 to 64 letters, digits, _ or -" })
      .optional(),
    durable: z.boolean().default(false),
  })
  .superRefine(({ size, url, cluster, durable, name }, context) => {
    const complain = (option: string, message: string): void => {
      context.addIssue({ code: "custom", path: [option], message });
    };
    try {
      slotsOfSize(size);
    } catch (error) {
      if (!TierError.is(error)) throw error;
      complain("size", error.message);
    }
    if (!cluster && [url].flat().length > 1) complain("url", "write one engine, or say cluster: true");
    if (durable && name === undefined)
      complain("durable", "durable is true, and nothing is kept without a name; give one");
  });

export const plugin: StorePlugin<RedisStoreOptions> = {
  family: "store",
  contract: STORE_CONTRACT,
  name: "redis",
  summary: "Keeps pages in Redis or Valkey: one engine, or a Cluster.",
  options: REDIS_STORE_SCHEMA,
  create: ({ scheduler, clock, directory }, options) => new RedisStore(options, { scheduler, clock, directory }),
};

/** The recipe node of a {@link RedisStore}. */
export function redisStore(options: Partial<RedisStoreOptions> = {}): PluginNode {
  return { use: "redis", ...options };
}
