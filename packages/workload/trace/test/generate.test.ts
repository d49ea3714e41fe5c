import { expect, test } from "vitest";
import { type GenerateOptions, generateTrace, traceInfo } from "../src/index.js";

async function keysOf(options: GenerateOptions): Promise<number[]> {
  const keys: number[] = [];
  for await (const batch of generateTrace(options)) keys.push(...batch.keys.subarray(0, batch.length));
  return keys;
}

test("sequential and loop count", async () => {
  expect(await keysOf({ kind: "sequential", pages: 1, requests: 5 })).toEqual([0, 1, 2, 3, 4]);
  expect(await keysOf({ kind: "loop", pages: 3, requests: 7 })).toEqual([0, 1, 2, 0, 1, 2, 0]);
});

test("uniform asks for every key alike, zipf for few keys much", async () => {
  const counts = async (kind: "uniform" | "zipf"): Promise<number[]> => {
    const count = new Array<number>(100).fill(0);
    for (const key of await keysOf({ kind, pages: 100, requests: 50_000 })) count[key]!++;
    return count.sort((a, b) => b - a);
  };
  const uniform = await counts("uniform");
  expect(uniform[0]! / uniform[99]!).toBeLessThan(1.5);
  const zipf = await counts("zipf");
  expect(zipf[0]! / zipf[1]!).toBeGreaterThan(1.8);
  expect(zipf[0]! / zipf[1]!).toBeLessThan(2.2);
  expect(zipf[0]! / 50_000).toBeGreaterThan(0.18); // 1 / (1 + 1/2 + … + 1/100) = 0.193
  expect(zipf[99]).toBeGreaterThan(0);
});

test("the same seed gives the same requests, reading after reading; another seed others", async () => {
  const options: GenerateOptions = { kind: "zipf", pages: 1000, requests: 9000, seed: 3 };
  const trace = generateTrace(options);
  const first = await traceInfo(trace);
  expect(await traceInfo(trace)).toEqual(first);
  expect(first.writes / 9000).toBeCloseTo(0.3, 1);
  expect(trace.total).toBe(9000);
  const keys = await keysOf(options);
  expect(await keysOf(options)).toEqual(keys);
  expect(await keysOf({ ...options, seed: 4 })).not.toEqual(keys);
});
