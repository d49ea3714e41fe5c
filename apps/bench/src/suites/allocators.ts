// Density of every allocator, fresh and after objects came and went; what comes back when they go. See churn-history.ts.

import { type Row, rowOf, type Suite, type SuiteInput } from "../suite.js";
import { ALLOCATORS, type ChurnResult, measureChurn } from "./churn-history.js";
import { ofPages, type SizeDistribution, SYNTHETIC } from "./size-distributions.js";

/** Histories differ by their seed alone, and little: a few suffice. */
const SEEDS_MAX = 3;

/** What {@link measureAll} answers for one allocator under one distribution: a result per seed. */
export interface ChurnCell {
  readonly distribution: string;
  readonly allocator: string;
  readonly results: readonly ChurnResult[];
}

/** Plays the histories on every allocator under every distribution. */
export function measureAll(distributions: readonly SizeDistribution[], seeds: number): ChurnCell[] {
  return distributions.flatMap((distribution) =>
    Object.entries(ALLOCATORS).map(([allocator, create]) => ({
      distribution: distribution.name,
      allocator,
      results: Array.from({ length: seeds }, (_, seed) => measureChurn(create, distribution, seed + 1)),
    })),
  );
}

export const allocators: Suite = {
  name: "allocators",
  summary: "frame bytes per stored byte, fresh and after churn, and frames that come back, by allocator",
  async run({ pages, rounds }: SuiteInput): Promise<Row[]> {
    const cells = measureAll([...ofPages("pages", pages), ...SYNTHETIC], Math.min(rounds, SEEDS_MAX));
    return cells.flatMap(({ distribution, allocator, results }) => {
      const row = (what: string, unit: string, value: (result: ChurnResult) => number): Row =>
        rowOf(`${distribution}: ${allocator}, ${what}`, unit, results.map(value));
      return [
        row("fresh", "bytes/byte", (result) => result.fresh),
        row("random churn", "bytes/byte", (result) => result.random.asIs),
        row("random churn, compacted", "bytes/byte", (result) => result.random.compacted),
        row("half freed", "% back", (result) => 100 * result.returnedRandom[1]),
        row("half freed, compacted", "% back", (result) => 100 * result.returnedRandomCompacted[1]),
      ];
    });
  },
};
