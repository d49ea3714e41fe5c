import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { runPolicy } from "./policy-command.js";

const folder = new URL("../../../../shared/traces/", import.meta.url);
const BUNDLED = fileURLToPath(new URL("../../../data/programs.u32.gz", import.meta.url));

interface Row {
  readonly policy: string;
  readonly capacity: number;
  readonly misses: number;
  readonly missRatio: number;
  readonly expectedError: number;
}

/** Scaled down, capacities must leave this many pages. */
const SCALED_MIN = 33;
/** The error is stated for 95 % of estimates; errors on one trace go together. */
const OUTSIDE_MOST = 0.05;

test("a sample of everything is the full run", async () => {
  const args = ["--trace", BUNDLED, "--limit", "50000", "--policy", "lru,sieve", "--capacity", "20%", "--json"];
  const full = JSON.parse((await runPolicy(...args)).stdout);
  const { shards, ...sampled } = JSON.parse((await runPolicy(...args, "--shards", "100%")).stdout);
  expect(shards).toMatchObject({ rate: 1, sampledRequests: 50000, sampledObjects: full.objects });
  expect(sampled.requests).toBe(full.requests);
  expect(sampled.results.map(({ misses }: Row) => misses)).toEqual(full.results.map(({ misses }: Row) => misses));
});

test("a cache that holds everything is known exactly", async () => {
  const args = ["--trace", BUNDLED, "--policy", "lru,belady", "--capacity", "100%", "--shards", "0.05", "--json"];
  const { objects, results } = JSON.parse((await runPolicy(...args)).stdout);
  for (const { misses, expectedError } of results)
    expect({ misses, expectedError }).toEqual({ misses: objects, expectedError: 0 });
});

describe.skipIf(!existsSync(folder))("on real traces (skipped where there are none beside the repository)", () => {
  test("estimates lie within the stated error of full runs, and near them", async () => {
    const { traces } = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8"));
    const outside: string[] = [];
    let estimates = 0;
    let errors = 0;
    for (const [trace, rate] of [
      ["cloudphysics-io-4k", 0.01],
      ["cloudphysics-io-4k", 0.1],
      ["arc-OLTP", 0.02],
      ["arc-OLTP", 0.1],
      ["cache2k-web07", 0.1],
      ["lirs-2_pools", 0.1],
    ] as const) {
      const { requests, misses, sizes } = traces[trace];
      const capacities = sizes.filter((size: number) => size * rate >= SCALED_MIN * 1.1);
      const args = ["--trace", fileURLToPath(new URL(`${trace}.u32.zst`, folder)), "--shards", String(rate), "--json"];
      const { stdout } = await runPolicy(
        ...args,
        "--policy",
        "lru,sieve,s3fifo,arc,belady",
        "--capacity",
        capacities.join(),
      );
      for (const { policy, capacity, missRatio, expectedError } of JSON.parse(stdout).results as Row[]) {
        const error = Math.abs(missRatio - misses[policy][capacity] / requests);
        estimates++;
        errors += error;
        if (error > expectedError) outside.push(`${trace} ${rate} ${policy} ${capacity}: ${error} > ${expectedError}`);
      }
    }
    expect(estimates).toBeGreaterThan(80);
    expect(errors / estimates).toBeLessThan(0.015);
    expect(outside.length, outside.join("\n")).toBeLessThanOrEqual(OUTSIDE_MOST * estimates);
  });
});
