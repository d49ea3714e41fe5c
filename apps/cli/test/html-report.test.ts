import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLED_PAGES, BUNDLED_TRACE, type Ended, Workplace } from "./command.js";

const INPUTS = ["--trace", BUNDLED_TRACE, "--pages", BUNDLED_PAGES];
const SHORT = [...INPUTS, "--memory", "16MiB", "--limit", "30000", "--time", "virtual"];

let place: Workplace;
let compared: Ended;

beforeAll(async () => {
  place = await Workplace.make();
  compared = await place.run(["compare", "none", "zswap", ...SHORT, "--json", "--report", "runs.html"]);
}, 120_000);
afterAll(() => place.remove());

/** The documents that a report keeps. */
async function keptIn(report: string): Promise<unknown[]> {
  const page = await readFile(place.path(report), "utf8");
  const json = /id="pagetier-parts">(.*)<\/script>/.exec(page)?.[1] ?? "[]";
  return (JSON.parse(json) as { document: unknown }[]).map(({ document }) => document);
}

describe("--report", () => {
  test("keeps what --json printed, and says where it is", async () => {
    expect(compared).toMatchObject({ status: 0, stderr: `Report: ${place.path("runs.html")}\n`, left: [] });
    expect(await keptIn("runs.html")).toEqual([JSON.parse(compared.stdout)]);
  });

  test("of pool and policy too", async () => {
    const pool = await place.run([
      ...["pool", "--pages", BUNDLED_PAGES, "--limit-pages", "128", "--allocator", "zbud,zsmalloc"],
      ...["--compressor", "lz4", "--json", "--report", "pool.html"],
    ]);
    expect(pool.status).toBe(0);
    expect(await keptIn("pool.html")).toEqual([JSON.parse(pool.stdout)]);
    const policy = await place.run([
      ...[
        "policy",
        "--trace",
        BUNDLED_TRACE,
        "--limit",
        "20000",
        "--policy",
        "lru,sieve",
        "--capacity",
        "100,1000,5000",
      ],
      ...["--json", "--report", "policy.html"],
    ]);
    expect(policy.status).toBe(0);
    const document = JSON.parse(policy.stdout) as { bound: { capacity: number; misses: number }[] };
    expect(document.bound.map(({ capacity }) => capacity)).toEqual([100, 1000, 5000]);
    expect(await keptIn("policy.html")).toEqual([document]);
  });

  test("of a run that failed: the report is there, and the status is still 1", async () => {
    await writeFile(place.path("tight.yaml"), "memory: 4MiB\n");
    const ended = await place.run(["run", "./tight.yaml", ...INPUTS, "--limit", "30000", "--report", "tight.html"]);
    expect(ended.status).toBe(1);
    expect(ended.stderr).toContain("MM_OUT_OF_MEMORY");
    expect(await readFile(place.path("tight.html"), "utf8")).toMatch(
      /<p class="lead"><b class="name">tight<\/b> ended early/,
    );
  });

  test.each([
    [["--report", "out.txt"], "write a file whose name ends in .html"],
    [["--report", "--json"], "write a file whose name ends in .html"],
    [["--report", "nowhere/out.html"], "there is no folder"],
  ])("%s is refused before anything is run", async (flags, message) => {
    const ended = await place.run(["run", "zswap", ...SHORT, ...flags]);
    expect(ended.status).toBe(2);
    expect(ended.stderr).toContain(message);
    expect(ended.stdout).toBe("");
  });
});

describe("pagetier report", () => {
  test("puts documents and reports together", async () => {
    await writeFile(place.path("runs.json"), compared.stdout);
    const ended = await place.run(["report", "runs.json", "pool.html", "policy.html", "-o", "all.html"]);
    expect(ended).toMatchObject({ status: 0, stdout: "", stderr: `Report: ${place.path("all.html")}\n` });
    expect(await keptIn("all.html")).toEqual([
      JSON.parse(compared.stdout),
      ...(await keptIn("pool.html")),
      ...(await keptIn("policy.html")),
    ]);
  });

  test.each([
    [["missing.json", "-o", "x.html"], "missing.json cannot be read (ENOENT)"],
    [["tight.yaml", "-o", "x.html"], "tight.yaml is no JSON"],
    [["runs.json", "-o", "x.json"], "--output is x.json; write a file whose name ends in .html"],
    [["runs.json"], "required option '-o, --output <file.html>' not specified"],
  ])("%s ends with status 2", async (args, message) => {
    const ended = await place.run(["report", ...args]);
    expect(ended.status).toBe(2);
    expect(ended.stderr).toContain(message);
  });
});

describe("the series of a run", () => {
  test("is bounded, and ends with what the run ended with", () => {
    for (const run of JSON.parse(compared.stdout).runs) {
      const { series } = run;
      const last = series.accesses.length - 1;
      expect(series.accesses.length).toBeGreaterThan(50);
      expect(series.accesses.length).toBeLessThanOrEqual(400);
      expect(series.accesses[0]).toBe(0);
      expect(series.accesses[last]).toBe(run.accesses);
      expect(series.faults.store[last]).toBe(run.faults.majorFrom.store);
      expect(series.faults.pool[last]).toBe(run.faults.majorFrom.pool);
      expect(series.faults.minor[last]).toBe(run.faults.minor);
      expect(series.device.writes[last]).toBe(run.counters.mm.device_writes);
      expect(series.stall.someMs[last]).toBeCloseTo(run.stall.someMs, 5);
      for (const tier of run.tiers) {
        const levels = series.tiers.find((each: { name: string }) => each.name === tier.name);
        expect(levels.pages[last]).toBe(tier.pages);
        expect(levels.frames[last]).toBe(tier.frames);
      }
      for (const total of [series.accesses, series.elapsedMs, ...Object.values<number[]>(series.faults)]) {
        expect(total).toEqual([...total].sort((a, b) => a - b));
      }
    }
  });
});
