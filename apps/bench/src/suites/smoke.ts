import type { ExperimentSuite } from "../experiment/experiment-suite.js";
import { BOUNDS, ENVIRONMENTS, PROGRAMS, SHIFTING, zswap } from "../thread/question.js";

/** A minute that shows whether experiments work, and whether what matters most has changed. */
export const smoke: ExperimentSuite = {
  name: "smoke",
  summary: "a few stacks on short slices in virtual time: about a minute",
  experiments: [
    {
      name: "smoke",
      workloads: [{ ...PROGRAMS, measured: 60_000 }, SHIFTING],
      contenders: [zswap("zswap"), zswap("through", { write: "through" }), ...BOUNDS],
      environments: ENVIRONMENTS.slice(0, 1),
      seeds: [1, 2],
    },
  ],
};
