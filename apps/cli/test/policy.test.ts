import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runPolicy } from "./policy-command.js";

const BUNDLED = fileURLToPath(new URL("../../../data/programs.u32.gz", import.meta.url));

let folder: string;
let loop: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pagetier-policy-"));
  loop = join(folder, "loop.txt");
  await writeFile(loop, "1\n2\n3\n4\n".repeat(25)); // 100 requests round four pages.
});
afterAll(() => rm(folder, { recursive: true }));

describe("--json", () => {
  test("has the trace, requests, objects and a row for each policy and capacity, and nothing else", async () => {
    const { status, stdout } = await runPolicy(
      "--trace",
      loop,
      "--policy",
      "lru,belady",
      "--capacity",
      "3,4",
      "--json",
    );
    expect(status).toBe(0);
    const { results, reading, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({ trace: loop, requests: 100, objects: 4 });
    expect(reading).toEqual({ cpuMs: expect.any(Number), requestsPerSecond: expect.any(Number) });
    expect(results.map(({ requestsPerSecond, ...row }: { requestsPerSecond: number }) => row)).toEqual([
      { policy: "lru", capacity: 3, misses: 100, missRatio: 1 },
      { policy: "lru", capacity: 4, misses: 4, missRatio: 0.04 },
      { policy: "belady", capacity: 3, misses: 36, missRatio: 0.36 },
      { policy: "belady", capacity: 4, misses: 4, missRatio: 0.04 },
    ]);
    for (const { requestsPerSecond } of results) expect(requestsPerSecond).toBeGreaterThan(0);
  });

  test("has the same misses when the trace is read again instead of held in memory", async () => {
    const args = ["--trace", BUNDLED, "--limit", "100000", "--capacity", "100,1000", "--json"];
    const [held, streamed] = await Promise.all([runPolicy(...args), runPolicy(...args, "--stream")]);
    const missesOf = ({ stdout }: { stdout: string }): number[] =>
      JSON.parse(stdout).results.map(({ misses }: { misses: number }) => misses);
    expect(missesOf(streamed)).toEqual(missesOf(held));
    const belady = await runPolicy("--trace", loop, "--policy", "lru,belady", "--stream");
    expect(belady.status).toBe(1);
    expect(belady.stderr).toMatch(/belady has to know all requests beforehand, and 100 of them are not held/);
    const bounded = await runPolicy("--trace", loop, "--policy", "lru", "--stream");
    expect(bounded.status).toBe(0);
    expect(bounded.stderr).toMatch(/^Belady's bound is left out/);
    expect(bounded.stdout).not.toMatch(/Belady/);
  });

  test("limits the requests that are read", async () => {
    const { stdout } = await runPolicy(
      "--trace",
      loop,
      "--limit",
      "3",
      "--policy",
      "fifo",
      "--capacity",
      "1",
      "--json",
    );
    expect(JSON.parse(stdout)).toMatchObject({ requests: 3, objects: 3, results: [{ misses: 3 }] });
  });

  test("takes shares of the objects as capacities, rounded, at least a page and each once", async () => {
    const args = ["--trace", loop, "--policy", "lru", "--json", "--capacity"];
    const { stdout } = await runPolicy(...args, "0.1%,50%,2,70%");
    expect(JSON.parse(stdout).results.map(({ capacity }: { capacity: number }) => capacity)).toEqual([1, 2, 3]);
  });

  test("names a policy as it was written, with its options", async () => {
    const written = "slru:seg-size=1:4,clock:n-bit-counter=2,lru";
    const { status, stdout } = await runPolicy("--trace", loop, "--policy", written, "--capacity", "3", "--json");
    expect(status).toBe(0);
    expect(
      JSON.parse(stdout)
        .results.map(({ policy }: { policy: string }) => policy)
        .join(),
    ).toBe(written);
  });

  test("gives the same misses for the same seed where a policy draws at random", async () => {
    const args = ["--trace", BUNDLED, "--limit", "100000", "--policy", "random", "--capacity", "10%", "--json"];
    const missesOf = async (seed: string): Promise<number> =>
      JSON.parse((await runPolicy(...args, "--seed", seed)).stdout).results[0].misses;
    expect(await missesOf("7")).toBe(await missesOf("7"));
    expect(await missesOf("7")).not.toBe(await missesOf("8"));
  });

  test("runs every bundled policy, down to a capacity of one page", async () => {
    const all = "fifo,lru,clock,two-list,mglru,sieve,s3fifo,arc,twoq,slru,lfu,random,lirs,wtinylfu,belady";
    const args = ["--trace", BUNDLED, "--limit", "5000", "--policy", all, "--json"];
    const { status, stdout, stderr } = await runPolicy(...args, "--capacity", "1,2,5,100%");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const { objects, results } = JSON.parse(stdout);
    const least = new Map<number, number>();
    for (const { policy, capacity, misses } of results) if (policy === "belady") least.set(capacity, misses);
    for (const { policy, capacity, misses } of results) {
      expect(misses, `${policy} at ${capacity}`).toBeGreaterThanOrEqual(least.get(capacity)!);
      if (capacity === objects && !["slru", "lirs"].includes(policy)) expect(misses, policy).toBe(objects);
    }
  });
});

describe("the table", () => {
  test("shows what each policy misses beyond Belady's bound", async () => {
    const { stdout } = await runPolicy("--trace", loop, "--policy", "lru", "--capacity", "3");
    expect(stdout).toContain("100 requests for 4 objects");
    expect(stdout).toMatch(/│ +3 │ +75\.00 % │ lru +│ +100 │ +100\.00 % │ +\+177\.8 % │/);
  });

  test("leaves the bound out on demand", async () => {
    const { stdout } = await runPolicy("--trace", loop, "--policy", "lru", "--capacity", "3", "--no-bound");
    expect(stdout).not.toContain("Belady");
  });

  test("is followed by a curve where one policy has three capacities", async () => {
    const { stdout } = await runPolicy("--trace", loop, "--policy", "lru", "--capacity", "2,3,4");
    expect(stdout).toContain("Miss ratio of lru");
  });

  test("gives way to the curve with --curve, which fits 100 columns and has no colours", async () => {
    for (const policies of ["lru", "lru,sieve,arc"]) {
      const { status, stdout } = await runPolicy(
        "--trace",
        BUNDLED,
        "--limit",
        "100000",
        "--policy",
        policies,
        "--curve",
      );
      expect(status).toBe(0);
      expect(stdout).not.toContain("┌");
      expect(stdout).not.toContain("\u001b");
      const lines = stdout.split("\n");
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
      expect(lines.filter((line) => /^ *[\d,]+ {2}/.test(line)).length).toBeGreaterThanOrEqual(15);
    }
  });

  test("draws a curve of a trace with a single object, too", async () => {
    const { stdout } = await runPolicy("--trace", loop, "--limit", "1", "--policy", "lru,arc", "--curve");
    expect(stdout).toMatch(/^ +1 {2} +\*$/m);
  });
});

describe("what is wrong with the command ends with status 2 and one sentence:", () => {
  const check = (what: string, args: readonly string[], message: RegExp): void =>
    test(what, async () => {
      const { status, stdout, stderr } = await runPolicy("--trace", BUNDLED, ...args);
      expect(stderr.trim()).toMatch(message);
      expect({ status, stdout, lines: stderr.trim().split("\n").length }).toEqual({ status: 2, stdout: "", lines: 1 });
    });

  check("an unknown policy, with near misses", ["--policy", "siev"], /there is no policy siev; did you mean sieve/);
  check("a bad option", ["--policy", "clock:bits=99"], /clock:bits=99: .*8/);
  check("an option without a value", ["--policy", "clock:bits"], /"bits" in "clock:bits" is no option/);
  check("a capacity that is no number", ["--capacity", "10,many"], /"many" is no capacity: write pages/);
  check("a capacity of nothing", ["--capacity", "0"], /"0" is no capacity/);
  check("a share above the whole", ["--capacity", "120%"], /"120%" is no capacity/);
  check("a curve with capacities", ["--curve", "--capacity", "5"], /cannot be used with/);
  check("a sampling rate above 1", ["--shards", "2"], /at most 1/);
  check("a sample too small for the capacity", ["--shards", "0.01", "--capacity", "10"], /write at least [\d,]+, or/);
  check("a trace that is not there", ["--trace", "nowhere.u32"], /nowhere\.u32 does not exist/);
});
