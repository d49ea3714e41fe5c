// The document of `policy`.

import { z } from "zod";

const number = z.number();

const policyRow = z.looseObject({
  policy: z.string(),
  capacity: number,
  misses: number,
  missRatio: number,
  requestsPerSecond: number,
  expectedError: number.optional(),
});

export const policyDocument = z.looseObject({
  requests: number,
  objects: number,
  trace: z.string().optional(),
  shards: z.looseObject({ rate: number, sampledRequests: number, sampledObjects: number }).optional(),
  results: z.array(policyRow).min(1),
  /** Belady's bound, when it was computed beside the policies. */
  bound: z.array(z.looseObject({ capacity: number, misses: number, missRatio: number })).optional(),
});

export type PolicyDocument = z.infer<typeof policyDocument>;
export type PolicyRow = z.infer<typeof policyRow>;
