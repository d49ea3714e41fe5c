// The sections of a report about policies: miss-ratio curves.

import type { CurveChart, Series } from "../chart/chart.js";
import { formatNumber } from "../chart/format.js";
import type { PolicyDocument } from "../documents/policy.js";
import type { Figure, Row, Section, Summary } from "../report.js";
import { count, fileName, idOf, listed, name } from "../words.js";

const BOUND_NAME = "Belady's bound";
const BOUND_COLOUR = 12;
/** Largest through smallest value from which on a scale is logarithmic. */
const WIDE = 8;

export function policyName({ trace, requests }: PolicyDocument): string {
  return trace === undefined ? `${count(requests)} requests` : fileName(trace);
}

export function policySummary(document: PolicyDocument): Summary {
  const { requests, objects, shards } = document;
  const [policies, capacities] = [policiesOf(document), capacitiesOf(document)];
  const [lead = "", ...points] = [
    ...nearestSentence(document),
    ...winsSentence(document),
    `${count(requests)} requests for ${count(objects)} objects went through ${policies.length} polic${policies.length === 1 ? "y" : "ies"} at ${capacities.length} capacit${capacities.length === 1 ? "y" : "ies"}.`,
    ...(shards === undefined
      ? []
      : [
          `Estimated from ${count(shards.sampledRequests)} of the requests; 95\u00a0% of such estimates lie within the stated error.`,
        ]),
  ];
  return { heading: `Policies on ${policyName(document)}`, lead, points };
}

/** Who is nearest to the bound, by misses beyond it, averaged over the capacities. */
function nearestSentence(document: PolicyDocument): string[] {
  const gaps = policiesOf(document)
    .filter((policy) => policy !== "belady")
    .flatMap((policy) => {
      const above = document.results
        .filter((row) => row.policy === policy)
        .flatMap(({ capacity, misses }) => {
          const least = leastAt(document, capacity);
          return least === undefined || least === 0 ? [] : [misses / least - 1];
        });
      return above.length === 0 ? [] : [{ policy, gap: above.reduce((sum, each) => sum + each, 0) / above.length }];
    })
    .sort((a, b) => a.gap - b.gap);
  const [nearest, ...others] = gaps;
  if (nearest === undefined) return [];
  const rest = others.map(({ policy, gap }) => `${name(policy)} ${formatNumber(gap, "percent")}`);
  return [
    `Misses beyond Belady's bound, averaged over the capacities: ${listed([`${name(nearest.policy)} ${formatNumber(nearest.gap, "percent")}`, ...rest])}.`,
  ];
}

function winsSentence(document: PolicyDocument): string[] {
  const wins = winsOf(document);
  if (wins.length === 0) return [];
  const parts = wins.map(([policy, capacities]) => `${name(policy)} at ${count(capacities)}`);
  return [`Fewest misses, ties counting for each: ${listed(parts)} of ${capacitiesOf(document).length} capacities.`];
}

export function policySections(documents: readonly PolicyDocument[]): Section[] {
  return documents.map((document, index): Section => {
    const suffix = documents.length > 1 ? `-${idOf(policyName(document))}-${index + 1}` : "";
    return {
      id: `miss-ratio${suffix}`,
      heading: documents.length > 1 ? `Miss ratios: ${policyName(document)}` : "Miss ratios",
      blocks: [
        { kind: "figures", figures: [curve(document, suffix)] },
        { kind: "table", folded: true, table: tableOf(document) },
      ],
    };
  });
}

function curve(document: PolicyDocument, suffix: string): Figure {
  const at = capacitiesOf(document);
  const lines: Series[] = policiesOf(document).map((policy, colour) => ({
    name: policy,
    colour,
    y: at.map(
      (capacity) =>
        document.results.find((row) => row.policy === policy && row.capacity === capacity)?.missRatio ?? null,
    ),
  }));
  const { bound } = document;
  const least: Series[] =
    bound === undefined || bound.length === 0
      ? []
      : [
          {
            name: BOUND_NAME,
            colour: BOUND_COLOUR,
            y: at.map((capacity) => bound.find((each) => each.capacity === capacity)?.missRatio ?? null),
          },
        ];
  const chart: CurveChart = {
    kind: "lines",
    x: { label: "capacity, pages", format: "count", log: true },
    y: { label: "miss ratio", format: "percent", log: isWide([...lines, ...least].flatMap(({ y }) => y)) },
    at,
    series: [...lines, ...least],
  };
  const ends = lines.map((line) => {
    const [first, last] = [line.y[0] ?? Number.NaN, line.y.at(-1) ?? Number.NaN];
    return `${name(line.name)} from ${formatNumber(first, "percent")} to ${formatNumber(last, "percent")}`;
  });
  return {
    id: `miss-ratio-curve${suffix}`,
    title: "Miss ratio by capacity",
    description: `From ${count(at[0]!)} to ${count(at.at(-1)!)} pages: ${listed(ends)}.`,
    chart,
  };
}

function tableOf(document: PolicyDocument): Extract<Section["blocks"][number], { kind: "table" }>["table"] {
  const { results, bound } = document;
  const sampled = results.some(({ expectedError }) => expectedError !== undefined);
  return {
    caption: "Misses of every policy at every capacity",
    columns: [
      { head: "policy" },
      { head: "capacity" },
      { head: "misses" },
      { head: "miss ratio", format: "percent" },
      ...(sampled ? [{ head: "±", format: "percent" as const }] : []),
      ...(bound === undefined ? [] : [{ head: "above Belady", format: "percent" as const }]),
      { head: "requests per CPU second", format: "perSecond" },
    ],
    rows: results.map((row): Row => {
      const least = leastAt(document, row.capacity);
      return {
        cells: [
          row.policy,
          row.capacity,
          row.misses,
          row.missRatio,
          ...(sampled ? [row.expectedError ?? null] : []),
          ...(bound === undefined ? [] : [least === undefined || least === 0 ? null : row.misses / least - 1]),
          row.requestsPerSecond,
        ],
      };
    }),
  };
}

function leastAt({ bound, results }: PolicyDocument, capacity: number): number | undefined {
  const rows = bound ?? results.filter(({ policy }) => policy === "belady");
  return rows.find((each) => each.capacity === capacity)?.misses;
}

/** Whether values are so far apart that the small ones would lie on the axis. */
function isWide(values: readonly (number | null)[]): boolean {
  const known = values.filter((value) => value !== null);
  return Math.min(...known) > 0 && Math.max(...known) / Math.min(...known) > WIDE;
}

function policiesOf({ results }: PolicyDocument): string[] {
  return [...new Set(results.map(({ policy }) => policy))];
}

function capacitiesOf({ results }: PolicyDocument): number[] {
  return [...new Set(results.map(({ capacity }) => capacity))].sort((a, b) => a - b);
}

/** At how many capacities each policy has the fewest misses, most often first. Needs something to choose from. */
function winsOf(document: PolicyDocument): [string, number][] {
  const rivals = document.results.filter(({ policy }) => policy !== "belady");
  if (new Set(rivals.map(({ policy }) => policy)).size < 2) return [];
  const wins = new Map<string, number>();
  for (const capacity of capacitiesOf(document)) {
    const there = rivals.filter((row) => row.capacity === capacity);
    const least = Math.min(...there.map(({ misses }) => misses));
    for (const { policy, misses } of there) if (misses === least) wins.set(policy, (wins.get(policy) ?? 0) + 1);
  }
  return [...wins].sort(([, a], [, b]) => b - a);
}
