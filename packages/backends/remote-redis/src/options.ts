import { REDIS_SHAPE, type RedisSettings } from "@pagetier/redis";
import { z } from "zod";

/** What a recipe says of remote memory in Redis. */
export interface RemoteRedisOptions extends RedisSettings {
  /** By which name the lender counts our pages: letters, digits, `_`, `-`; default `pagetier`. */
  readonly client: string;
  /** Seconds after which a page that may be dropped is; default 3600. */
  readonly ephemeralTtlSeconds: number;
  /** Milliseconds that a put waits for its replicas (`WAIT`), less than `timeoutMs`; default 500. */
  readonly waitMs: number;
}

/** Places that a page may lie at: as many engines may be listed. */
const ENGINES_MAX = 16;

export const REMOTE_REDIS_SCHEMA: z.ZodType<RemoteRedisOptions> = z
  .strictObject({
    ...REDIS_SHAPE,
    client: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,32}$/, { error: "write 1 to 32 letters, digits, _ or -" })
      .default("pagetier"),
    ephemeralTtlSeconds: z
      .int()
      .min(1)
      .max(30 * 86_400)
      .default(3600),
    waitMs: z.int().min(1).max(60_000).default(500),
  })
  .superRefine((options, context) => {
    if (!options.cluster && [options.url].flat().length > ENGINES_MAX) {
      context.addIssue({ code: "custom", path: ["url"], message: `list at most ${ENGINES_MAX} engines` });
    }
    if (options.waitMs < options.timeoutMs) return;
    context.addIssue({
      code: "custom",
      path: ["waitMs"],
      message: `waitMs is ${options.waitMs} and timeoutMs ${options.timeoutMs}; wait less than until the connection is given up`,
    });
  });
