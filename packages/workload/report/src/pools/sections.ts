// The sections of a report about pools: what each allocator and compressor made of the same pages.

import { PAGE_SIZE } from "@pagetier/base";
import { formatNumber } from "../chart/format.js";
import type { PoolRow } from "../documents/pool.js";
import type { Block, Figure, Row, Section, Summary } from "../report.js";
import { count, fileName, idOf, listed, name, plain, share, size } from "../words.js";

/** Rows about the same pages. */
export interface PoolInput {
  readonly name: string;
  readonly rows: readonly PoolRow[];
}

export function poolInputs(rows: readonly PoolRow[]): PoolInput[] {
  const inputs = [...new Set(rows.map(({ input }) => input))];
  return inputs.map((input) => ({ name: fileName(input), rows: rows.filter((row) => row.input === input) }));
}

/** Bytes of stored pages for each byte that the pool takes, tables included. */
export function densityOf({ storedPages, poolBytes }: PoolRow): number {
  return poolBytes > 0 ? (storedPages * PAGE_SIZE) / poolBytes : 0;
}

export function poolSummary({ name: input, rows }: PoolInput): Summary {
  const wrong = rows.filter(({ mismatches }) => mismatches > 0);
  const savers = rows.filter((row) => densityOf(row) > 1);
  const densest = best(savers, densityOf);
  const fastest = best(savers, ({ loadMBps }) => loadMBps);
  const [lead = "", ...points] = [
    ...(wrong.length === 0
      ? []
      : [
          `Pages did not come back equal: ${listed(wrong.map((row) => `${count(row.mismatches)} with ${pairName(row)}`))}.`,
        ]),
    densest === undefined
      ? "No pair saved memory: each pool took as much as the pages, or more."
      : `Densest: ${pairName(densest)} with ${formatNumber(densityOf(densest), "ratio")}, tables included; it stores ${speed(densest.storeMBps)} and loads ${speed(densest.loadMBps)}.`,
    ...(fastest === undefined || fastest === densest
      ? []
      : [
          `Fastest to load of those that save memory: ${pairName(fastest)} with ${speed(fastest.loadMBps)}, at ${formatNumber(densityOf(fastest), "ratio")}.`,
        ]),
    `${count(rows[0]!.pages)} pages (${size(rows[0]!.pages * PAGE_SIZE)}) were packed in ${rows.length} way${rows.length === 1 ? "" : "s"}${wrong.length === 0 ? "; every stored page was read back and was equal" : ""}.`,
  ];
  return { heading: `Pools of ${input}`, lead, points };
}

export function poolSections(inputs: readonly PoolInput[]): Section[] {
  return inputs.map(({ name: input, rows }): Section => {
    const suffix = inputs.length > 1 ? `-${idOf(input)}` : "";
    return {
      id: `density${suffix}`,
      heading: inputs.length > 1 ? `Density: ${input}` : "Density by allocator and compressor",
      blocks: [
        { kind: "figures", figures: figures(rows, suffix) },
        { kind: "table", table: tableOf(rows) },
      ],
    };
  });
}

function figures(rows: readonly PoolRow[], suffix: string): Figure[] {
  const codecs = [...new Set(rows.map(({ compressor }) => compressor))];
  const allocators = [...new Set(rows.map(({ allocator }) => allocator))];
  const densest = best(rows, densityOf)!;
  const density: Figure = {
    id: `density-bars${suffix}`,
    title: "Data per byte of memory",
    description: `Bytes of stored pages for each byte of the pool, tables included: from ${formatNumber(Math.min(...rows.map(densityOf)), "ratio")} to ${formatNumber(densityOf(densest), "ratio")} (${pairName(densest)}).`,
    chart: {
      kind: "bars",
      stacked: false,
      x: { label: "stored bytes per byte of memory", format: "ratio" },
      groups: codecs.map((codec) => ({
        name: codec,
        bars: rows
          .filter(({ compressor }) => compressor === codec)
          .map((row) => ({
            name: row.allocator,
            colour: allocators.indexOf(row.allocator),
            value: densityOf(row),
          })),
      })),
    },
  };
  const timed = rows.filter((row) => row.loadMBps > 0 && densityOf(row) > 0);
  if (timed.length < 2) return [density];
  return [
    density,
    {
      id: `density-speed${suffix}`,
      title: "Density against speed",
      description:
        "Each point is a pair; higher is denser, further right is faster to load. CPU time of the whole path.",
      chart: {
        kind: "dots",
        x: { label: "loaded, million bytes per CPU second", format: "count", log: true },
        y: { label: "stored bytes per byte of memory", format: "ratio" },
        dots: timed.map((row) => ({
          name: plain(pairName(row)),
          group: row.compressor,
          colour: codecs.indexOf(row.compressor),
          x: row.loadMBps,
          y: densityOf(row),
        })),
      },
    },
  ];
}

function tableOf(rows: readonly PoolRow[]): Extract<Block, { kind: "table" }>["table"] {
  const isUsed = (of: (row: PoolRow) => number): boolean => rows.some((row) => of(row) > 0);
  const columns: [string, "bytes" | "count" | "ratio", (row: PoolRow) => number][] = [
    ["zpages", "bytes", ({ compressedBytes, rawBytes }) => compressedBytes + rawBytes],
    ["frames", "bytes", ({ poolPages }) => poolPages * PAGE_SIZE],
    ["tables", "bytes", ({ metadataBytes }) => metadataBytes],
    ["ratio", "ratio", densityOf],
    ["stored", "count", ({ storedPages }) => storedPages],
    ["refused", "count", ({ rejectedPages }) => rejectedPages],
    ["raw", "count", ({ incompressiblePages }) => incompressiblePages],
    ["same-filled", "count", ({ sameFilledPages }) => sameFilledPages],
    ["in, MB/s", "count", ({ storeMBps }) => storeMBps],
    ["out, MB/s", "count", ({ loadMBps }) => loadMBps],
  ];
  const shown = columns.filter(([head, , of]) => !["refused", "raw", "same-filled"].includes(head) || isUsed(of));
  return {
    caption: "What every pair made of the same pages",
    columns: [
      { head: "allocator" },
      { head: "compressor" },
      ...shown.map(([head, format]) => ({ head, format, align: "right" as const })),
    ],
    rows: rows.map((row): Row => ({ cells: [row.allocator, row.compressor, ...shown.map(([, , of]) => of(row))] })),
    note: `Of ${size(rows[0]!.pages * PAGE_SIZE)}, ${share(rows[0]!.sameFilledPages, rows[0]!.pages)} is same-filled and takes no frame. Speeds are of the whole path, in CPU time.`,
  };
}

function pairName({ allocator, compressor }: PoolRow): string {
  return `${name(allocator)} with ${name(compressor)}`;
}

function speed(megabytes: number): string {
  return `${count(megabytes)} MB/s`;
}

function best(rows: readonly PoolRow[], of: (row: PoolRow) => number): PoolRow | undefined {
  return rows.reduce<PoolRow | undefined>(
    (found, row) => (found === undefined || of(row) > of(found) ? row : found),
    undefined,
  );
}
