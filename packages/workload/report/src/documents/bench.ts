// The document of `pagetier-bench run`.

import { z } from "zod";

const number = z.number();

const benchRow = z.looseObject({ name: z.string(), value: number, unit: z.string(), low: number, high: number });

export const benchDocument = z.looseObject({
  environment: z.looseObject({}),
  results: z.array(z.looseObject({ suite: z.string(), rows: z.array(benchRow).min(1) })).min(1),
});

export type BenchDocument = z.infer<typeof benchDocument>;
export type BenchRow = z.infer<typeof benchRow>;
