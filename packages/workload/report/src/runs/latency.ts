// Latency by percentile.

import type { CurveChart } from "../chart/chart.js";
import { formatNumber } from "../chart/format.js";
import type { RunDocument } from "../documents/run.js";
import type { Block, Row, Table } from "../report.js";
import { count, listed, name } from "../words.js";
import type { NamedRun } from "./workload.js";

type Latency = NonNullable<RunDocument["latency"]>;

interface Measured {
  readonly name: string;
  readonly colour: number;
  readonly latency: Latency;
}

/** Percentiles of the curve, as far as there are accesses beyond them. */
const PERCENTILES = [0, 25, 50, 75, 80, 90, 95, 98, 99, 99.5, 99.8, 99.9, 99.95, 99.98, 99.99, 99.995, 99.999];

/** What a run states by itself, which the table repeats. */
const STATED: readonly (readonly [string, (latency: Latency) => number])[] = [
  ["mean", ({ meanNs }) => meanNs],
  ["50 %", ({ p50Ns }) => p50Ns],
  ["90 %", ({ p90Ns }) => p90Ns],
  ["99 %", ({ p99Ns }) => p99Ns],
  ["99.9 %", ({ p999Ns }) => p999Ns],
  ["longest", ({ maxNs }) => maxNs],
];

export function latencyBlocks(runs: readonly NamedRun[]): Block[] {
  const measured = runs.flatMap(({ name, colour, run }): Measured[] =>
    run.latency === undefined || run.latency.count === 0 ? [] : [{ name, colour, latency: run.latency }],
  );
  if (measured.length === 0) return [];
  const table = statedTable(measured);
  const drawn = measured.filter(({ latency }) => latency.buckets !== undefined);
  const explanation: Block = { kind: "paragraph", text: whatCounts(runs) };
  if (drawn.length === 0) return [explanation, { kind: "table", table }];
  return [
    explanation,
    {
      kind: "figures",
      figures: [
        {
          id: "latency-percentiles",
          title: "Latency by percentile",
          description: tailText(measured),
          chart: percentileCurve(drawn),
        },
      ],
    },
    { kind: "table", table },
  ];
}

function whatCounts(runs: readonly NamedRun[]): string {
  const inOpenLoop = runs.some(({ run }) => run.loop === "open");
  const inReal = runs.some(({ run }) => run.time === "real" && run.loop !== "open");
  const inVirtual = runs.some(({ run }) => run.time !== "real");
  const texts = [
    ...(inOpenLoop
      ? [
          "In an open loop every operation counts, from the moment at which it arrived in the workload: what it waited for others is part of it.",
        ]
      : []),
    ...(inVirtual ? ["In virtual time every access counts."] : []),
    ...(inReal
      ? [
          "In real time only accesses that had to wait count: what memory serves at once takes less time than looking at the clock.",
        ]
      : []),
  ];
  return texts.join(" ");
}

function percentileCurve(measured: readonly Measured[]): CurveChart {
  const most = Math.max(...measured.map(({ latency }) => latency.count));
  const percentiles = PERCENTILES.filter((percentile) => reaches(most, percentile));
  const lines = measured.map(({ name, colour, latency }) => ({
    name,
    colour,
    y: percentiles.map((percentile) =>
      reaches(latency.count, percentile) ? quantile(latency, percentile / 100) : null,
    ),
  }));
  return {
    kind: "lines",
    x: { label: "percentile", format: "percentile", log: true },
    y: { label: "latency", format: "nanoseconds", log: lines.every(({ y }) => y.every((ns) => ns === null || ns > 0)) },
    at: percentiles.map((percentile) => 100 / (100 - percentile)),
    series: lines,
  };
}

/** Whether so many accesses have at least one beyond a percentile. */
function reaches(accesses: number, percentile: number): boolean {
  return accesses * (100 - percentile) >= 100 - 1e-6; // 100 - 99.9 is a little less than 0.1.
}

/** The upper end of the bucket below or in which so large a part of all accesses lies. */
function quantile({ buckets = [], count: accesses, maxNs }: Latency, part: number): number {
  const rank = Math.max(1, Math.ceil(part * accesses));
  let seen = 0;
  for (const [ns, many] of buckets) {
    seen += many;
    if (seen >= rank) return Math.min(ns, maxNs);
  }
  return maxNs;
}

function statedTable(measured: readonly Measured[]): Table {
  return {
    caption: "Latency of accesses, as each run states it",
    columns: [
      { head: "percentile" },
      ...measured.map(({ name }) => ({ head: name, format: "nanoseconds" as const, align: "right" as const })),
    ],
    rows: STATED.map(([head, of]): Row => ({ cells: [head, ...measured.map(({ latency }) => of(latency))] })),
    note: `Accesses: ${listed(measured.map(({ name, latency }) => `${count(latency.count)} in ${name}`))}.`,
  };
}

function tailText(measured: readonly Measured[]): string {
  const parts = measured.map(({ name: who, latency }) => {
    const [half, tail] = [formatNumber(latency.p50Ns, "nanoseconds"), formatNumber(latency.p999Ns, "nanoseconds")];
    return `${half} and ${tail} in ${name(who)}`;
  });
  return `Half of them, and all but one in a thousand, took no longer than ${listed(parts)}.`;
}
