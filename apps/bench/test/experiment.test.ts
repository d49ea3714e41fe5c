import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type Cell, cellsOf, type Experiment, UNBOUNDED } from "../src/experiment/experiment.js";
import { Future, NEVER } from "../src/experiment/future.js";
import { Results } from "../src/experiment/results.js";
import { runCell } from "../src/experiment/run-cell.js";
import { loadWorkload, readerOf, type WorkloadSpec } from "../src/experiment/workload.js";
import { BOUNDS, ENVIRONMENTS, zswap } from "../src/thread/question.js";

const SMALL: WorkloadSpec = {
  name: "small",
  requests: { zipf: { pages: 900, skew: 0.8, writePercent: 30 } },
  pages: fileURLToPath(new URL("../../../data/node-heap.pages.gz", import.meta.url)),
  warmUp: 4096,
  measured: 6000,
};

const EXPERIMENT: Experiment = {
  name: "test",
  workloads: [SMALL],
  contenders: [zswap("zswap"), zswap("through", { write: "through" }), ...BOUNDS],
  environments: ENVIRONMENTS.slice(0, 2),
  seeds: [1, 2],
};

const cellOf = (contender: string): Cell =>
  cellsOf(EXPERIMENT).find((cell) => cell.contender.name === contender && cell.seed === 1)!;

describe("cells", () => {
  test("are every seed, workload, contender and environment, bounds in the first alone", () => {
    const cells = cellsOf(EXPERIMENT);
    expect(cells.length).toBe(2 * (2 * 2 + 4));
    expect(cells.filter(({ contender }) => contender.name === UNBOUNDED).length).toBe(2);
  });

  test("give the same numbers again, other ones for another seed, and verify every read", async () => {
    const first = await runCell(cellOf("zswap"));
    expect(await runCell(cellOf("zswap"))).toEqual(first);
    const other = await runCell({ ...cellOf("zswap"), seed: 2 });
    expect(other.metrics).not.toEqual(first.metrics);
    expect(first.error).toBeUndefined();
    expect(first.metrics).toMatchObject({ mismatches: 0, outOfMemory: 0 });
    expect(first.metrics.majorFaults).toBe(first.metrics.poolFaults! + first.metrics.storeFaults!);
    expect(first.metrics.codecMs).toBeGreaterThan(0);
  });

  test("with Belady's victims fault least, and with memory for everything not at all", async () => {
    const results = await Promise.all(["zswap", "Belady's victims", UNBOUNDED].map((name) => runCell(cellOf(name))));
    const [zswapped, belady, unbounded] = results.map(({ metrics }) => metrics);
    expect(belady!.majorFaults).toBeLessThan(zswapped!.majorFaults! * 0.8);
    expect(belady!.victimRank).toBeLessThan(zswapped!.victimRank! / 2);
    expect(unbounded!.majorFaults).toBe(0);
    const found = new Results(results);
    const place = found.places[0]!;
    expect(found.values(place, UNBOUNDED, "lostMs")).toEqual([0]);
    expect(found.values(place, "zswap", "lostMs")[0]).toBeGreaterThan(0);
  });

  test("account for what became of writes", async () => {
    const { metrics } = await runCell(cellOf("through"));
    const back = (await runCell(cellOf("zswap"))).metrics;
    expect(metrics.writtenBytes).toBeGreaterThan(back.writtenBytes!);
    expect(metrics.writesDirtied).toBeGreaterThan(0);
    expect(back.writesDirtied).toBe(0); // What was written back is in no pool any more.
  });

  test("replay another contender's victims", async () => {
    const shrinker = zswap("shrinker", { reclaim: { trigger: "shrinker" } });
    const scripted = { ...zswap("scripted", { reclaim: { policy: "scripted" } }), victimsOf: "shrinker" };
    const cell = { ...cellOf("zswap"), contender: scripted, scriptOf: shrinker };
    const [played, original] = await Promise.all([
      runCell(cell),
      runCell({ ...cell, contender: shrinker, scriptOf: undefined }),
    ]);
    const ratio = played.metrics.majorFaults! / original.metrics.majorFaults!;
    expect(ratio).toBeGreaterThan(0.9);
    expect(ratio).toBeLessThan(1.1);
  });

  test("whose memory is too small for a pool without a device report why they failed", async () => {
    const contender = {
      name: "no device",
      role: "contender" as const,
      recipe: { frontswap: zswap("x").recipe.frontswap! },
    };
    const result = await runCell({
      ...cellOf("zswap"),
      contender,
      environment: { memoryShare: 0.3, device: "nvme", thinkNs: 0 },
    });
    expect(result.error).toContain("MM_OUT_OF_MEMORY");
  });
});

describe("a workload", () => {
  test("whose pages are freed says so, and each free is of a page that lives", async () => {
    const workload = await loadWorkload({
      ...SMALL,
      requests: { zipf: { pages: 300, skew: 0.5, writePercent: 50, lifetime: 500 } },
    });
    const alive = new Set<number>();
    let frees = 0;
    for (let index = 0; index < workload.page.length; index++) {
      const page = workload.page[index]!;
      if (workload.op[index] === 2) {
        expect(alive.delete(page)).toBe(true);
        frees++;
      } else alive.add(page);
    }
    expect(frees).toBeGreaterThan(1000);
    let requests = 0;
    for await (const batch of readerOf(workload)) requests += batch.length;
    expect(requests).toBe(workload.page.length);
  });

  test("that belongs to a file in part runs on both kinds of pages", async () => {
    const cell = { ...cellOf("zswap"), workload: { ...SMALL, filePercent: 50 } };
    const { metrics, error } = await runCell(cell);
    expect(error).toBeUndefined();
    expect(metrics.mismatches).toBe(0);
    expect(metrics.readBytes).toBeGreaterThan(0);
  });
});

test("the future knows the next use of each page, and that a free ends it", () => {
  const future = new Future({
    page: Uint32Array.of(0, 1, 0, 2, 1, 0),
    op: Uint8Array.of(0, 0, 0, 0, 2, 0),
    objects: 3,
  });
  let now = 0;
  future.follow(() => now);
  expect([0, 1, 2].map((page) => future.nextUse(page))).toEqual([2, 1, 3]);
  now = 3;
  expect([0, 1, 2].map((page) => future.nextUse(page))).toEqual([5, NEVER, NEVER]);
});

test("a spot check runs in real time, on a real file, and counts alike", async () => {
  const cells = cellsOf({ ...EXPERIMENT, spotChecks: ["zswap"] });
  const check = cells.at(-1)!;
  expect(check).toMatchObject({ real: true, contender: { name: "zswap" } });
  const [real, simulated] = [await runCell(check), await runCell(cellOf("zswap"))];
  expect(real.metrics.mismatches).toBe(0);
  expect(real.metrics.majorFaults).toBeGreaterThan(simulated.metrics.majorFaults! * 0.8);
  expect(real.metrics.majorFaults).toBeLessThan(simulated.metrics.majorFaults! * 1.2);
  const results = new Results([real, simulated]);
  expect(results.spotChecks.length).toBe(1);
  expect(results.at(results.places[0]!, "zswap").length).toBe(1);
});
