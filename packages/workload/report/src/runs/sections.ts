// The sections of a report about runs.

import { PAGE_SIZE } from "@pagetier/base";
import type { BarChart, CurveChart } from "../chart/chart.js";
import { formatNumber } from "../chart/format.js";
import type { RunDocument } from "../documents/run.js";
import type { Block, Figure, Row, Section, Table } from "../report.js";
import { count, idOf, listed, name, share, size } from "../words.js";
import { counterBlocks } from "./counters.js";
import { highest, memoryLayers, pageLayers, rates, type SampledRun, sampledRuns, tierName, totals } from "./curves.js";
import { latencyBlocks } from "./latency.js";
import { deviceWrites, MEASURES, type Measure } from "./measures.js";
import type { NamedRun, Workload } from "./workload.js";

/** @param suffix of ids and headings, where a report has several workloads */
export function runSections({ name: trace, runs }: Workload, suffix: boolean): Section[] {
  const sampled = sampledRuns(runs);
  const sections: [string, string, Block[]][] = [
    ["glance", "At a glance", [{ kind: "table", table: glance(runs) }]],
    ["occupancy", "Where the data is", occupancy(sampled)],
    ["faults", "Faults and stalls", faults(runs, sampled)],
    ["latency", "Latency", latencyBlocks(runs)],
    ["pools", "What compressed memory is made of", poolBlocks(runs)],
    ["counters", "Why: the counters", counterBlocks(runs)],
  ];
  return sections.flatMap(([id, heading, blocks]) =>
    blocks.length === 0
      ? []
      : [
          {
            id: suffix ? `${id}-${idOf(trace)}` : id,
            heading: suffix ? `${heading}: ${trace}` : heading,
            blocks: suffix ? blocks.map((block) => withSuffix(block, idOf(trace))) : blocks,
          },
        ],
  );
}

function withSuffix(block: Block, suffix: string): Block {
  if (block.kind !== "figures") return block;
  return { ...block, figures: block.figures.map((figure) => ({ ...figure, id: `${figure.id}-${suffix}` })) };
}

function glance(runs: readonly NamedRun[]): Table {
  const rows = MEASURES.flatMap((measure): Row[] => {
    const values = runs.map(({ run }) => measure.of(run));
    if (values.every((value) => value === undefined || value === 0)) return [];
    return [
      {
        cells: [measure.label, ...values.map((value) => value ?? null)],
        format: measure.format,
        best: bestOf(measure, values),
      },
    ];
  });
  return {
    caption: "What each stack did with the same accesses",
    columns: [{ head: "" }, ...runs.map(({ name }) => ({ head: name, align: "right" as const }))],
    rows,
  };
}

/** Column of the best run, where one alone is. */
function bestOf({ better }: Measure, values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  if (better === undefined || known.length < 2) return undefined;
  const best = better === "less" ? Math.min(...known) : Math.max(...known);
  const places = values.flatMap((value, index) => (value === best ? [index] : []));
  return places.length === 1 ? places[0]! + 1 : undefined;
}

function occupancy(runs: readonly SampledRun[]): Block[] {
  if (runs.length === 0) return [];
  const dataMax = Math.max(...runs.map(({ series }) => highest(series.tiers.map(({ pages }) => pages)) * PAGE_SIZE));
  const memoryMax = Math.max(...runs.map(({ run }) => run.memory.budgetBytes));
  return [
    {
      kind: "paragraph",
      text: "Every page that was touched lies somewhere: as it is in memory, compressed in memory, or on disk. A page whose copy on disk was kept counts in both places.",
    },
    {
      kind: "figures",
      figures: runs.map((each) =>
        figure(
          `data-${idOf(each.name)}`,
          `Data by tier, ${each.name}`,
          endOfTiers(each.run),
          pageLayers(each.series, dataMax),
        ),
      ),
    },
    {
      kind: "figures",
      figures: runs.map((each) =>
        figure(
          `memory-${idOf(each.name)}`,
          `Memory by tier, ${each.name}`,
          endOfMemory(each.run),
          memoryLayers(each, memoryMax),
        ),
      ),
    },
  ];
}

function endOfTiers({ tiers }: RunDocument): string {
  const parts = tiers
    .filter(({ pages }) => pages > 0)
    .map((tier) => `${size(tier.pages * PAGE_SIZE)} ${PLACES[tier.kind] ?? `in ${tier.name}`}`);
  return parts.length === 0 ? "At the end nothing was left." : `At the end: ${listed(parts)}.`;
}

const PLACES: Readonly<Record<string, string>> = {
  memory: "as it is in memory",
  pool: "compressed in memory",
  remote: "on another machine",
  store: "on disk",
};

function endOfMemory({ tiers, memory }: RunDocument): string {
  const parts = tiers
    .filter(({ frames }) => frames > 0)
    .map((tier) => `${tierName(tier)} held ${size(tier.frames * PAGE_SIZE)}`);
  if (parts.length === 0) parts.push("no tier held any");
  return `At the end ${listed(parts)} of ${size(memory.budgetBytes)}; at most ${size(memory.peakBytes)} were in use.`;
}

function faults(runs: readonly NamedRun[], sampled: readonly SampledRun[]): Block[] {
  if (runs.every(({ run }) => run.faults.major === 0)) {
    return [{ kind: "paragraph", text: "No page had to come back from below." }];
  }
  const bars = figure("faults-by-kind", "Faults by where they were served", faultsByKind(runs), faultBars(runs));
  const figures: Figure[] = [];
  if (sampled.length > 0) {
    const kinds = [
      ["store", "Faults from disk"],
      ["pool", "Faults from compressed memory"],
      ["remote", "Faults from another machine"],
    ] as const;
    for (const [kind, title] of kinds) {
      if (runs.every(({ run }) => run.faults.majorFrom[kind] === 0)) continue;
      const chart = rates(sampled, "per 1,000 accesses", ({ faults }) => faults[kind]);
      figures.push(figure(`faults-${kind}`, `${title}, over time`, peakOf(chart), chart));
    }
    if (runs.some(({ run }) => run.stall.someMs > 0)) {
      const y = { label: "waited so far", format: "milliseconds" } as const;
      figures.push(
        figure(
          "stall",
          "Waiting for memory, so far",
          endsText(sampled, (run) => run.stall.someMs, "milliseconds", "Some access waited,"),
          totals(sampled, y, ({ stall }) => stall.someMs),
        ),
      );
    }
    const written = (run: RunDocument): number => deviceWrites.of(run) ?? 0;
    if (runs.some(({ run }) => written(run) > 0)) {
      const y = { label: "pages written so far", format: "count" } as const;
      figures.push(
        figure(
          "writes",
          "Pages written to disk, so far",
          endsText(sampled, written, "count", "Pages written"),
          totals(sampled, y, ({ device }) => device.writes),
        ),
      );
    }
  }
  return [
    { kind: "figures", figures: [bars] },
    ...(figures.length === 0 ? [] : [{ kind: "figures" as const, figures }]),
  ];
}

function faultBars(runs: readonly NamedRun[]): BarChart {
  const used = new Set(["disk"]);
  if (runs.some(({ run }) => run.faults.majorFrom.pool > 0)) used.add("compressed memory");
  if (runs.some(({ run }) => run.faults.majorFrom.remote > 0)) used.add("another machine");
  return {
    kind: "bars",
    stacked: true,
    x: { label: "faults", format: "count" },
    groups: runs.map(({ name, run }) => ({
      name,
      bars: [
        { name: "compressed memory", colour: 9, value: run.faults.majorFrom.pool },
        { name: "another machine", colour: 10, value: run.faults.majorFrom.remote },
        { name: "disk", colour: 11, value: run.faults.majorFrom.store },
      ].filter(({ name: kind }) => used.has(kind)),
    })),
  };
}

function faultsByKind(runs: readonly NamedRun[]): string {
  const parts = runs.map((each) => {
    const { major, majorFrom } = each.run.faults;
    const from = major === 0 ? "" : ` (${share(majorFrom.store, major)} from disk)`;
    return `${count(major)} times in ${name(each.name)}${from}`;
  });
  return `A page that was not in memory had to come back from below: ${listed(parts)}.`;
}

function peakOf({ at, series }: CurveChart): string {
  const parts = series.map((line) => {
    const most = Math.max(0, ...line.y.filter((value) => value !== null));
    const when = most === 0 ? "" : ` before access ${count(at[line.y.indexOf(most)]!)}`;
    return `${formatNumber(most, "decimal")} in ${name(line.name)}${when}`;
  });
  return `At most per 1,000 accesses: ${listed(parts)}.`;
}

function endsText(
  runs: readonly NamedRun[],
  of: (run: RunDocument) => number,
  format: "count" | "milliseconds",
  what: string,
): string {
  const parts = runs.map((each) => `${formatNumber(of(each.run), format)} in ${name(each.name)}`);
  return `${what} until the end: ${listed(parts)}.`;
}

/** Where the bytes of pools went. */
function poolBlocks(runs: readonly NamedRun[]): Block[] {
  const groups = runs.flatMap(({ name, run }) =>
    Object.entries(run.pools ?? {}).map(([place, pool]) => ({ name, place, pool })),
  );
  if (groups.every(({ pool }) => pool.frames === 0)) return [];
  const ambiguous = new Set(groups.map(({ name }) => name)).size < groups.length;
  const chart: BarChart = {
    kind: "bars",
    stacked: true,
    x: { label: "memory", format: "bytes" },
    groups: groups.map(({ name, place, pool }) => ({
      name: ambiguous ? `${name}, ${place}` : name,
      bars: [
        { name: "zpages", colour: 9, value: pool.storedBytes },
        { name: "rounded up to a class", colour: 3, value: pool.roundingBytes },
        { name: "free room in groups", colour: 4, value: pool.partialBytes },
        { name: "headers and tails", colour: 6, value: pool.overheadBytes },
        { name: "tables", colour: 12, value: pool.metadataBytes },
      ],
    })),
  };
  const parts = groups
    .filter(({ pool }) => pool.frames > 0)
    .map(
      ({ name: who, pool }) =>
        `${share(pool.storedBytes, pool.frames * PAGE_SIZE + pool.metadataBytes)} in ${name(who)}`,
    );
  const description = `Of the pool's memory at the end compressed pages themselves are ${listed(parts)}; the rest is what packing them costs.`;
  return [{ kind: "figures", figures: [figure("pool-bytes", "Where the pool's memory went", description, chart)] }];
}

function figure(id: string, title: string, description: string, chart: Figure["chart"]): Figure {
  return { id, title, description, chart };
}
