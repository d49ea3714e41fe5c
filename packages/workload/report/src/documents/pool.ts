// The document of `pool`.

import { z } from "zod";

const number = z.number();

const poolRow = z.looseObject({
  input: z.string(),
  allocator: z.string(),
  compressor: z.string(),
  pages: number,
  storedPages: number,
  rejectedPages: number,
  sameFilledPages: number,
  incompressiblePages: number,
  compressedBytes: number,
  rawBytes: number,
  poolPages: number,
  metadataBytes: number,
  poolBytes: number,
  storeMBps: number,
  loadMBps: number,
  mismatches: number,
});

export const poolDocument = z.looseObject({ results: z.array(poolRow).min(1) });

export type PoolDocument = z.infer<typeof poolDocument>;
export type PoolRow = z.infer<typeof poolRow>;
