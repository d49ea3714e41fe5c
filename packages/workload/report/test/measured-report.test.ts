import { describe, expect, test } from "vitest";
import { measuredReport } from "../src/measured-report.js";
import type { Figure, Report, Table } from "../src/report.js";
import { A_BENCH, A_POLICY, A_POOL, aRun, aRunWith, aSeries } from "./documents.js";

const spaced = (text: string): string => text.replaceAll("\u00a0", " ");

function reportOf(...documents: unknown[]): Report {
  return measuredReport(documents.map((document) => ({ document })));
}

function wordsOf(report: Report): string[] {
  return report.summary.flatMap(({ lead, points }) => [lead, ...points]).map(spaced);
}

function figureOf(report: Report, id: string): Figure {
  const figures = report.sections.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.kind === "figures" ? block.figures : [])),
  );
  const found = figures.find((figure) => figure.id === id);
  if (found === undefined) throw new Error(`no ${id} among ${figures.map((figure) => figure.id)}`);
  return found;
}

function tableOf(report: Report, section: string): Table {
  const block = report.sections.find(({ id }) => id === section)?.blocks.find(({ kind }) => kind === "table");
  if (block?.kind !== "table") throw new Error(`no table in ${section}`);
  return block.table;
}

describe("runs in words", () => {
  test("the one that is ahead in everything is said to be", () => {
    const report = reportOf({ runs: [aRunWith("none", 50, 80, 30), aRunWith("zswap", 20, 40, 10)] });
    expect(wordsOf(report)[0]).toBe(
      "`zswap` has the fewest faults from disk, the fewest pages written to disk and the least time spent waiting for memory.",
    );
    expect(wordsOf(report)).toContain("Faults from disk: `zswap` 20, `none` 50 (2.5 times as many).");
    expect(wordsOf(report)).toContain("Pages written to disk: `zswap` 40, `none` 80 (2.0 times as many).");
  });

  test("nobody is when the numbers disagree", () => {
    const report = reportOf({ runs: [aRunWith("none", 50, 80, 5), aRunWith("zswap", 20, 40, 10)] });
    expect(wordsOf(report)[0]).toBe(
      "No stack leads in everything: `zswap` has the fewest faults from disk and the fewest pages written to disk and `none` has the least time spent waiting for memory.",
    );
  });

  test("nor when they do not differ", () => {
    const report = reportOf({ runs: [aRunWith("a", 20, 0, 10), aRunWith("b", 20, 0, 10)] });
    expect(wordsOf(report)[0]).toBe("The stacks do not differ in faults from disk, in writes or in waiting.");
    expect(wordsOf(report)).toContain("As many faults from disk in each of them: 20.");
    expect(wordsOf(report)).toContain("No pages written to disk in any of them.");
  });

  test("a run alone says where its faults were served", () => {
    const words = wordsOf(reportOf(aRun()));
    expect(words[0]).toBe(
      "50 times a page had to come back from below: 60 % from compressed memory and 40 % from disk.",
    );
    expect(words).toContain("Some access waited for memory during 12.5 ms, which is 13 % of the run.");
    expect(words).toContain("Compressed memory at the end: `zswap` 360 KiB of data in 120 KiB (3 : 1).");
  });

  test("wrong pages and early ends come first", () => {
    const failed = aRun({
      recipe: "zram",
      error: { code: "MM_OUT_OF_MEMORY", message: "Memory is full." },
      audit: { pages: 300, verified: 298, mismatches: 1, unreadable: 1 },
    });
    const words = wordsOf(reportOf({ runs: [aRun(), aRun({ recipe: "bad", mismatches: 7 }), failed] }));
    expect(words[0]).toBe(
      "`zram` ended early, after 1,000 accesses: Memory is full. (MM_OUT_OF_MEMORY) 2 of 300 pages written until then could not be read back.",
    );
    expect(words[1]).toBe("Pages came back with other bytes than had been written: 7 in `bad`.");
    expect(words.some((sentence) => sentence.includes("every time it was equal"))).toBe(false);
  });

  test("real time brings its warning, virtual time does not", () => {
    const caveat = /Times are real ones/;
    expect(wordsOf(reportOf(aRun({ time: "real" }))).some((sentence) => caveat.test(sentence))).toBe(true);
    expect(wordsOf(reportOf(aRun())).some((sentence) => caveat.test(sentence))).toBe(false);
  });

  test("runs of one recipe are told apart by what differs", () => {
    const small = aRun();
    const large = aRun({ memory: { ...small.memory, budgetBytes: 2 ** 21 } });
    const report = reportOf(small, large, large);
    expect(spaced(report.title)).toBe("zswap, 1 MiB, zswap, 2 MiB and zswap, 2 MiB (2) on t.u32");
  });

  test("runs of different traces are not compared", () => {
    const report = reportOf(aRun(), aRun({ trace: "other.u32" }));
    expect(report.summary.map(({ heading }) => heading)).toEqual(["Replays of t.u32", "Replays of other.u32"]);
    const ids = report.sections.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("numbers and curves of runs", () => {
  test("the table marks the best, where one alone is", () => {
    const report = reportOf({ runs: [aRunWith("none", 50, 40, 30), aRunWith("zswap", 20, 40, 10)] });
    const { rows } = tableOf(report, "glance");
    const row = (label: string) => rows.find(({ cells }) => cells[0] === label)!;
    expect(row("Faults served from disk")).toMatchObject({ cells: ["Faults served from disk", 50, 20], best: 2 });
    expect(row("Pages written to disk").best).toBeUndefined();
    expect(row("Memory allowed").best).toBeUndefined();
    expect(rows.some(({ cells }) => cells[0] === "Faults served from another machine")).toBe(false);
  });

  test("a rate is what came per thousand accesses, and a run that ended early has a gap", () => {
    const short = aRun({ recipe: "short", series: aSeries([0, 250, 500], 5) });
    const { chart } = figureOf(reportOf({ runs: [aRun(), short] }), "faults-store");
    if (chart.kind !== "lines") throw new Error("a rate is a line");
    expect(chart.at).toEqual([250, 500, 750, 1000]);
    expect(chart.series.map(({ y }) => y)).toEqual([
      [20, 20, 20, 20],
      [10, 10, null, null],
    ]);
  });

  test("samples at other places are brought to one axis", () => {
    const coarse = aRun({ recipe: "coarse", series: aSeries([0, 500, 1000], 20) });
    const { chart } = figureOf(reportOf({ runs: [aRun(), coarse] }), "writes");
    if (chart.kind !== "lines") throw new Error("a total is a line");
    expect(chart.series.map(({ y }) => y)).toEqual([
      [0, 10, 20, 30, 40],
      [0, 0, 20, 20, 40],
    ]);
  });

  test("layers are the pages of each tier in bytes", () => {
    const { chart } = figureOf(reportOf(aRun()), "data-zswap");
    if (chart.kind !== "layers") throw new Error("tiers are layers");
    expect(chart.series.map(({ y }) => y.at(-1))).toEqual([200 * 4096, 90 * 4096, 20 * 4096]);
  });

  test("percentiles come from the buckets, and none is claimed beyond the accesses", () => {
    const { chart } = figureOf(reportOf(aRun()), "latency-percentiles");
    if (chart.kind !== "lines") throw new Error("percentiles are a line");
    const at = (percentile: number) =>
      chart.series[0]!.y[chart.at.findIndex((place) => Math.abs(place - 100 / (100 - percentile)) < 1e-6)];
    expect(at(50)).toBe(128);
    expect(at(99)).toBe(4096);
    expect(at(99.9)).toBe(90_000);
    expect(Math.max(...chart.at)).toBeCloseTo(1000, 6);
  });

  test("counters that did not move are named, not listed", () => {
    const report = reportOf(aRun());
    const blocks = report.sections.find(({ id }) => id === "counters")!.blocks;
    const mm = blocks.flatMap((block) => (block.kind === "table" ? [block.table] : []))[0]!;
    expect(mm.rows.map(({ cells }) => cells)).toEqual([
      ["device_writes", 40],
      ["device_reads", 20],
    ]);
    expect(mm.note).toBe("0 in every run: out_of_memory.");
  });

  test("a run without series has no curves, and nothing else is missing", () => {
    const { series: _, latency: __, pools: ___, ...bare } = aRun();
    const ids = reportOf(bare).sections.map(({ id }) => id);
    expect(ids).toEqual(["glance", "faults", "counters"]);
  });
});

test("pools: the densest and the fastest that saves memory", () => {
  const words = wordsOf(reportOf(A_POOL));
  expect(words[0]).toMatch(/^Densest: `zsmalloc` with `lz4` with 4\.76 : 1, tables included; it stores 400 MB\/s/);
  expect(words[1]).toBe("Fastest to load of those that save memory: `zbud` with `lz4` with 1,900 MB/s, at 1.98 : 1.");
});

test("policies: who is nearest to the bound, and who wins where", () => {
  const words = wordsOf(reportOf(A_POLICY));
  expect(words[0]).toBe("Misses beyond Belady's bound, averaged over the capacities: `sieve` 50 % and `lru` 75 %.");
  expect(words[1]).toBe("Fewest misses, ties counting for each: `sieve` at 2 and `lru` at 1 of 2 capacities.");
});

test("benchmarks: rows of a unit share a chart, with their spread", () => {
  const { chart } = figureOf(reportOf(A_BENCH), "suite-pool-path-s");
  if (chart.kind !== "bars") throw new Error("rows are bars");
  expect(chart.groups[0]!.bars.map(({ value, low, high }) => [value, low, high])).toEqual([
    [12.5, 12, 13],
    [3.25, 3, 4],
  ]);
});

test("everything together has one place for each", () => {
  const report = reportOf({ runs: [aRun()] }, A_POOL, A_POLICY, A_BENCH);
  expect(report.sections.map(({ id }) => id)).toEqual([
    "glance",
    "occupancy",
    "faults",
    "latency",
    "pools",
    "counters",
    "density",
    "miss-ratio",
    "suite-pool-path",
  ]);
});
