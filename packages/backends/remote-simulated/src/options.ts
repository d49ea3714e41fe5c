import { parseSize, TierError } from "@pagetier/base";
import { z } from "zod";

/**
 * Something that happens to a machine.
 * - `"restart"`: it comes back at once with nothing in memory.
 * - `"away"`: it cannot be reached for `forMs` milliseconds; what it holds stays.
 */
export interface SimulatedFailure {
  /** Machine, 0..machines - 1. */
  readonly machine: number;
  /** Milliseconds after the remote memory was opened. */
  readonly atMs: number;
  readonly what: "restart" | "away";
  /** How long it is away; default: for good. */
  readonly forMs?: number | undefined;
}

export interface SimulatedOptions {
  /** Machines that hold pages; default 1. */
  readonly machines: number;
  /** What each of them lends: a size, or `auto`, the default, for no limit. */
  readonly memory: string | number;
  /** Microseconds from a request to its answer, moving bytes apart; default 100. */
  readonly roundTripUs: number;
  /** What the line to each machine carries, in megabytes (10^6 bytes) a second, each way; default 1250: 10 Gbit/s. */
  readonly lineMBps: number;
  /** Milliseconds after which an answer that does not come is given up; default 2000. */
  readonly timeoutMs: number;
  readonly failures: readonly SimulatedFailure[];
}

const failure = z.strictObject({
  machine: z.int().min(0).max(15),
  atMs: z.number().min(0),
  what: z.enum(["restart", "away"]),
  forMs: z.number().positive().optional(),
});

export const SIMULATED_SCHEMA: z.ZodType<SimulatedOptions> = z
  .strictObject({
    machines: z.int().min(1).max(16).default(1),
    memory: z.union([z.string(), z.number()]).default("auto"),
    roundTripUs: z.number().min(0).max(60e6).default(100),
    lineMBps: z.number().positive().default(1250),
    timeoutMs: z.number().positive().default(2000),
    failures: z.array(failure).default([]),
  })
  .superRefine(({ machines, memory, failures }, context) => {
    try {
      if (memory !== "auto") parseSize(memory, "memory of a machine");
    } catch (error) {
      if (!TierError.is(error)) throw error;
      context.addIssue({ code: "custom", path: ["memory"], message: error.message });
    }
    for (const [index, { machine, what, forMs }] of failures.entries()) {
      const complain = (option: string, message: string): void => {
        context.addIssue({ code: "custom", path: ["failures", index, option], message });
      };
      if (machine >= machines) complain("machine", `machine is ${machine}, and there are ${machines}, from 0`);
      if (what === "restart" && forMs !== undefined) complain("forMs", "a restart takes no time; leave forMs out");
    }
  });
