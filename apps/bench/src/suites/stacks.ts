import type { ExperimentSuite } from "../experiment/experiment-suite.js";
import { BOUNDS, ENVIRONMENTS, NOISY, PROGRAMS, SEEDS, SHIFTING, STABLE, zswap } from "../thread/question.js";

/** Whole stacks on the bundled workloads, in virtual time. */
export const stacks: ExperimentSuite = {
  name: "stacks",
  summary: "stacks by workload, memory and device: time lost, faults, bytes moved, in virtual time",
  experiments: [
    {
      name: "stacks",
      workloads: [PROGRAMS, STABLE, SHIFTING, NOISY],
      contenders: [
        zswap("zswap"),
        zswap("zswap, zstd", { zswap: { compressor: "zstd" } }),
        zswap("zswap, deflate", { zswap: { compressor: "deflate" } }),
        zswap("zswap, zbud", { zswap: { allocator: "zbud" } }),
        zswap("zswap, write-through", { write: "through" }),
        zswap("zswap, limit 60 %", { zswap: { maxPoolPercent: 60 } }),
        ...BOUNDS,
      ],
      environments: ENVIRONMENTS,
      seeds: SEEDS.slice(0, 3),
    },
  ],
};
