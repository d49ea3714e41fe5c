import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLED_TRACE, Workplace } from "./command.js";

let place: Workplace;

beforeAll(async () => {
  place = await Workplace.make();
});

afterAll(() => place.remove());

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr, status } = await place.run(["trace", ...args, "--json"]);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function refusal(...args: string[]): Promise<string> {
  const { stdout, stderr, status, left } = await place.run(["trace", ...args]);
  expect({ stdout, status, left }).toEqual({ stdout: "", status: 2, left: [] });
  expect(stderr).toMatch(/^pagetier: [^\n]+\n$/);
  return stderr;
}

test("info counts what is in a trace, in words and as a document", async () => {
  expect(await json("info", BUNDLED_TRACE)).toMatchObject({
    format: "u32",
    compression: "gzip",
    requests: 499_526,
    objects: 19_758,
    reads: 333_044,
    writes: 166_482,
    frees: 0,
    footprintBytes: 19_758 * 4096,
    durationMs: null,
    skipped: {},
  });
  const { stdout } = await place.run(["trace", "info", BUNDLED_TRACE]);
  expect(stdout).toMatch(/requests +499,526\n +reads +333,044 \(66\.7 %\)\n/);
  expect(stdout).toMatch(/distinct +19,758 pages: 77\.2 MiB/);
});

test("generate, sample and convert make traces that info and one another read", async () => {
  const made = await json(
    "generate",
    "burst",
    "--requests",
    "20000",
    "--objects",
    "500",
    "--lifetime",
    "2000",
    "-o",
    "b.csv.gz",
  );
  expect(made).toMatchObject({ output: "b.csv.gz", format: "csv", kind: "burst", objects: 500, lost: {} });
  const info = await json("info", "b.csv.gz");
  expect(info).toMatchObject({ format: "csv", compression: "gzip", requests: made.requests });
  expect(info.frees).toBe(Number(made.requests) - 20_000);
  expect(info.durationMs).toBeGreaterThan(200);

  const sampled = await json("sample", "b.csv.gz", "s.txt", "--rate", "20%", "--limit", "10000");
  expect(sampled).toMatchObject({ format: "text", input: "b.csv.gz", rate: 0.2 });
  expect(sampled.requests).toBeLessThan(5000);
  expect(sampled.lost).toEqual({ "arrival times": sampled.requests });

  const converted = await json("convert", "s.txt", "s.u32", "--to", "u32");
  const frees = Number((converted.lost as Record<string, number>).frees);
  expect(Number(converted.requests) + frees).toBe(sampled.requests);
  expect((await readFile(place.path("s.u32"))).length).toBe(Number(converted.requests) * 4);
});

test("a container gets contents, bundled ones if there are no others", async () => {
  const { stdout, stderr, status } = await place.run([
    "trace",
    "generate",
    "loop",
    "--requests",
    "300",
    "--objects",
    "100",
    "-o",
    "c.ptt",
  ]);
  expect(status).toBe(0);
  expect(stderr).toBe("Contents: the bundled pages (1536); others with --pages FILE.\n");
  expect(stdout).toMatch(/^c\.ptt: 300 requests, [\d.]+ KiB, container, in /);
  expect(await json("info", "c.ptt")).toMatchObject({
    format: "container",
    requests: 300,
    objects: 100,
    addresses: "memory",
  });
});

test("what a format has no room for is said", async () => {
  const { stdout, stderr } = await place.run([
    "trace",
    "generate",
    "zipf",
    "--requests",
    "5000",
    "--rate",
    "1000",
    "-o",
    "t.u32",
  ]);
  expect(stdout).toMatch(/^t\.u32: 5,000 requests, 19\.5 KiB, u32, in /);
  expect(stderr).toBe("u32 has no room for arrival times: 5,000 left out.\n");
});

describe("a wrong command", () => {
  test("says what to write instead", async () => {
    await writeFile(place.path("columns.txt"), "1,2,3,4\n");
    await writeFile(place.path("two.txt"), "1\n2\n");
    const lines = await Promise.all([
      refusal("info", "columns.csv"),
      refusal("convert", "two.txt", "two.txt"),
      refusal("convert", "two.txt", "two.bin"),
      refusal("convert", "two.txt", "x.u32", "--pages", "p.pages"),
      refusal("sample", "two.txt", "x.u32"),
      refusal("generate", "loop", "--steps", "3", "-o", "x.u32"),
      refusal("generate", "waves", "-o", "x.u32"),
    ]);
    const says = [
      /columns\.csv does not exist/,
      /two\.txt would be written over itself/,
      /two\.bin has a name that says no format to write; end it in one of \.u32/,
      /--pages belongs to containers/,
      /say which part of it: --rate, --skip, --limit/,
      /--steps belongs to steps, not to loop/,
      /Allowed choices are zipf, uniform/,
    ];
    for (const [index, words] of says.entries()) expect(lines[index]).toMatch(words);
  });

  test("leaves no file behind when the trace is bad", async () => {
    await writeFile(place.path("bad.txt"), "1\n2\nthree\n");
    const { stderr, status } = await place.run(["trace", "convert", "bad.txt", "bad.u32"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^pagetier: Line 3 of the trace bad\.txt does not begin with a key: "three"/);
    await expect(readFile(place.path("bad.u32"))).rejects.toThrow(/ENOENT/);
    await expect(readFile(place.path("bad.u32.part"))).rejects.toThrow(/ENOENT/);
  });
});
