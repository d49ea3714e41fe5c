// Curves of what was sampled while a stack ran.

import { PAGE_SIZE } from "@pagetier/base";
import type { Axis, CurveChart, Series } from "../chart/chart.js";
import type { RunSeries } from "../documents/run.js";
import type { NamedRun } from "./workload.js";

export const ACCESSES: Axis = { label: "accesses", format: "count" };
/** Intervals of a rate; finer ones are noise. */
const RATE_INTERVALS_MAX = 96;

/** Colours of tiers, from hot to cold. Runs have the colours 0 to 7. */
const TIER_COLOURS: Readonly<Record<string, number>> = { memory: 8, pool: 9, remote: 10, store: 11 };
const OTHER_COLOUR = 12;

/** A run that was sampled. */
export interface SampledRun extends NamedRun {
  readonly series: RunSeries;
}

export function sampledRuns(runs: readonly NamedRun[]): SampledRun[] {
  return runs.flatMap((each) => {
    const { series } = each.run;
    return series === undefined || series.accesses.length < 2 ? [] : [{ ...each, series }];
  });
}

/** Where the content of pages lay: a layer per tier. A page that lies in two tiers is in both layers. */
export function pageLayers(series: RunSeries, max: number): CurveChart {
  return {
    kind: "layers",
    x: ACCESSES,
    y: { label: "data", format: "bytes", max },
    at: series.accesses,
    series: series.tiers
      .filter(({ pages }) => pages.some((held) => held > 0))
      .map((tier) => ({
        name: tierName(tier),
        colour: TIER_COLOURS[tier.kind] ?? OTHER_COLOUR,
        y: tier.pages.map((pages) => pages * PAGE_SIZE),
      })),
  };
}

/** Who held the memory: a layer per tier that holds frames, and the budget. */
export function memoryLayers({ run, series }: SampledRun, max: number): CurveChart {
  const tiers = series.tiers.filter(({ frames }) => frames.some((held) => held > 0));
  return {
    kind: "layers",
    x: ACCESSES,
    y: { label: "memory", format: "bytes", max },
    at: series.accesses,
    series: tiers.map((tier) => ({
      name: tierName(tier),
      colour: TIER_COLOURS[tier.kind] ?? OTHER_COLOUR,
      y: tier.frames.map((frames) => frames * PAGE_SIZE),
    })),
    limit: { name: "allowed", value: run.memory.budgetBytes },
  };
}

/** Largest sum of a list of layers over time. */
export function highest(layers: readonly (readonly number[])[]): number {
  const length = layers[0]?.length ?? 0;
  let most = 0;
  for (let index = 0; index < length; index++) {
    most = Math.max(
      most,
      layers.reduce((sum, layer) => sum + layer[index]!, 0),
    );
  }
  return most;
}

/** One line per run of something that only grows. */
export function totals(runs: readonly SampledRun[], y: Axis, of: (series: RunSeries) => readonly number[]): CurveChart {
  const at = longestAxis(runs);
  return {
    kind: "lines",
    x: ACCESSES,
    y,
    at,
    series: runs.map(
      ({ name, colour, series }): Series => ({ name, colour, y: onto(at, series.accesses, of(series)) }),
    ),
  };
}

/** One line per run of how fast something grew: per thousand accesses, over intervals of equal length. */
export function rates(
  runs: readonly SampledRun[],
  label: string,
  of: (series: RunSeries) => readonly number[],
): CurveChart {
  const all = longestAxis(runs);
  const step = Math.ceil((all.length - 1) / RATE_INTERVALS_MAX);
  const at = all.filter((_, index) => index % step === 0 || index === all.length - 1);
  return {
    kind: "lines",
    x: ACCESSES,
    y: { label, format: "decimal" },
    at: at.slice(1),
    series: runs.map(({ name, colour, series }): Series => {
      const total = onto(at, series.accesses, of(series));
      const y = at.slice(1).map((end, index) => {
        const [before, after] = [total[index]!, total[index + 1]!];
        return before === null || after === null ? null : (1000 * (after - before)) / (end - at[index]!);
      });
      return { name, colour, y };
    }),
  };
}

/** Name of a tier on the page. */
export function tierName({ name, kind }: { readonly name: string; readonly kind: string }): string {
  const kinds: Readonly<Record<string, string>> = { pool: "compressed", store: "disk", remote: "another machine" };
  return kinds[kind] === undefined ? name : `${kinds[kind]} (${name})`;
}

/** The samples of the run that got furthest. */
function longestAxis(runs: readonly SampledRun[]): readonly number[] {
  return runs.reduce<readonly number[]>(
    (longest, { series }) => (series.accesses.at(-1)! > (longest.at(-1) ?? -1) ? series.accesses : longest),
    [],
  );
}

/** Brings samples to other places: each takes the last value that was known there; behind the last sample there is none. */
function onto(at: readonly number[], from: readonly number[], values: readonly number[]): (number | null)[] {
  let index = 0;
  return at.map((place) => {
    while (index + 1 < from.length && from[index + 1]! <= place) index++;
    return place > from.at(-1)! || place < from[0]! ? null : values[index]!;
  });
}
