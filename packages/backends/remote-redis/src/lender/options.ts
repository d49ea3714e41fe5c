import { REDIS_SHAPE, type RedisSettings } from "@pagetier/redis";
import { z } from "zod";

/** What a machine that lends its memory says of it. */
export interface LenderOptions extends RedisSettings {
  /** The engine of this machine: one. */
  readonly url: string;
  /** Most bytes that are lent, 1 MiB or more. */
  readonly memoryBytes: number;
  /** Bytes that this machine is to have available for itself; default a tenth of its memory. */
  readonly keepFreeBytes?: number | undefined;
  /** Milliseconds between two looks; default 2000. */
  readonly intervalMs: number;
  /** Keys looked at with each look to count pages; default 5000. */
  readonly countKeysMax: number;
}

const WHOLE_MS = "write a whole number of milliseconds, 100 to 3600000";

export const LENDER_SCHEMA: z.ZodType<LenderOptions> = z
  .strictObject({
    ...REDIS_SHAPE,
    cluster: z.literal(false).default(false), // A node of a Cluster is an engine like any other here.
    memoryBytes: z.int().min(1 << 20, { error: "lend 1 MiB or more" }),
    keepFreeBytes: z.int().min(0).optional(),
    intervalMs: z
      .int({ error: WHOLE_MS })
      .min(100, { error: WHOLE_MS })
      .max(3_600_000, { error: WHOLE_MS })
      .default(2000),
    countKeysMax: z.int().min(1).max(1_000_000).default(5000),
  })
  .refine((options): options is typeof options & { url: string } => typeof options.url === "string", {
    error: "a lender looks after one engine, that of its own machine; write one URL",
    path: ["url"],
  });
