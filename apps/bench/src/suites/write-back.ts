import type { Contender } from "../experiment/experiment.js";
import type { ExperimentSuite } from "../experiment/experiment-suite.js";
import { BOUNDS, ENVIRONMENTS, PROGRAMS, SEEDS, zswap } from "../thread/question.js";

const FORMS: readonly Contender[] = [
  zswap("raw"),
  zswap("compressed", { zswap: { writeback: "compressed" } }),
  zswap("compressed, no readahead", { zswap: { writeback: "compressed", readaheadPages: 0 } }),
  zswap("recompressed", { zswap: { writeback: "recompressed", writebackCompressor: "zstd" } }),
];

/** When pages are written, whatever their form. */
const TIMES: readonly Contender[] = [
  zswap("write-back"),
  zswap("write-through", { write: "through", reclaim: { poolFull: "drop-clean" } }),
  zswap("completion", { reclaim: { trigger: "completion" } }),
];

/** Plain swapping, and memory for everything. */
const EDGES = [BOUNDS[0]!, BOUNDS[3]!];

/** In which form pages leave a pool, and when they are written: bytes on the device and time, in virtual time. */
export const writeBack: ExperimentSuite = {
  name: "write-back",
  summary: "write-back raw, compressed and recompressed, and write-back against write-through: bytes and time",
  experiments: [
    {
      name: "forms",
      workloads: [PROGRAMS],
      contenders: [...FORMS, ...EDGES],
      environments: [ENVIRONMENTS[0]!, ENVIRONMENTS[3]!],
      seeds: SEEDS.slice(0, 3),
    },
    {
      name: "back or through",
      workloads: [PROGRAMS],
      contenders: [...TIMES, ...EDGES],
      environments: [ENVIRONMENTS[0]!, ENVIRONMENTS[3]!],
      seeds: SEEDS.slice(0, 3),
    },
  ],
};
