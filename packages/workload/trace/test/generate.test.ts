import { expect, test } from "vitest";
import {
  GENERATED_KINDS,
  type GeneratedKind,
  type GenerateOptions,
  generateTrace,
  REQUEST_OPS,
  traceInfo,
} from "../src/index.js";

interface Made {
  readonly keys: number[];
  readonly ops: number[];
  readonly times: number[];
}

async function made(options: GenerateOptions): Promise<Made> {
  const all: Made = { keys: [], ops: [], times: [] };
  for await (const { length, keys, writes, ops, times } of generateTrace(options)) {
    all.keys.push(...keys.subarray(0, length));
    all.ops.push(...(ops ?? writes).subarray(0, length));
    all.times.push(...(times ?? new Float64Array()).subarray(0, length));
  }
  return all;
}

async function keysOf(options: GenerateOptions): Promise<number[]> {
  return (await made(options)).keys;
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
  const whole = Array.from({ length: 100 }, (_, rank) => 1 / (rank + 1)).reduce((sum, share) => sum + share);
  for (const rank of [0, 1, 2, 9, 49]) {
    const expected = 50_000 / (rank + 1) / whole;
    expect(Math.abs(zipf[rank]! - expected)).toBeLessThan(4 * Math.sqrt(expected) + 8); // Neighbours in rank change places.
  }
  expect(zipf[99]).toBeGreaterThan(0);
});

test("the same seed gives the same requests, reading after reading; another seed others", async () => {
  for (const kind of Object.keys(GENERATED_KINDS) as GeneratedKind[]) {
    const options: GenerateOptions = { kind, pages: 1000, requests: 9000, seed: 3 };
    const trace = generateTrace(options);
    const first = await traceInfo(trace);
    expect(await traceInfo(trace)).toEqual(first);
    expect(first.writes / 9000).toBeCloseTo(0.3, 1);
    expect(trace.total).toBe(9000);
    const one = await made(options);
    expect(await made(options)).toEqual(one);
    expect(await made({ ...options, seed: 4 })).not.toEqual(one);
  }
});

test("a scan mix goes through what lies behind the wanted pages, in order and in the share that was asked for", async () => {
  const keys = await keysOf({ kind: "scan-mix", pages: 100, requests: 20_000, scanPercent: 40, scanPages: 1000 });
  const scanned = keys.filter((key) => key >= 100);
  expect(scanned.length / keys.length).toBeCloseTo(0.4, 1);
  expect(scanned).toEqual(scanned.map((_, index) => 100 + (index % 1000)));
});

test("phases exchange their pages but for some", async () => {
  const keys = await keysOf({ kind: "phases", pages: 1000, requests: 40_000, phases: 2, keepPercent: 30, skew: 0 });
  const first = new Set(keys.slice(0, 20_000));
  const second = new Set(keys.slice(20_000));
  const both = [...second].filter((key) => first.has(key));
  expect(first.size).toBe(1000);
  expect(second.size).toBe(1000);
  expect(both.length).toBe(300);
});

test("steps grow to all pages and shrink again", async () => {
  const keys = await keysOf({ kind: "steps", pages: 300, requests: 15_000, steps: 3 });
  const sizes = [0, 1, 2, 3, 4].map((step) => new Set(keys.slice(step * 3000, (step + 1) * 3000)).size);
  expect(sizes).toEqual([100, 200, 300, 200, 100]);
});

test("bursts come fast, with silence between them", async () => {
  const { times } = await made({ kind: "burst", pages: 10, requests: 3000, burstRequests: 1000, idleMs: 50 });
  const gaps = times.slice(1).map((time, index) => time - times[index]!);
  expect(times[0]).toBe(0);
  expect(gaps.filter((gap) => gap >= 50e6)).toHaveLength(2);
  expect(gaps.every((gap) => gap >= 0 && Number.isInteger(gap))).toBe(true);
  expect(times[999]! / 999).toBeGreaterThan(8000); // 100 000 a second: 10 µs each.
  expect(times[999]! / 999).toBeLessThan(12_000);
});

test("pages live as long as asked for on average, and are freed once each time", async () => {
  const { keys, ops } = await made({ kind: "uniform", pages: 200, requests: 100_000, lifetime: 1000 });
  const born = new Map<number, number>();
  let request = 0;
  let lives = 0;
  let lived = 0;
  for (const [index, key] of keys.entries()) {
    if (ops[index] === REQUEST_OPS.free) {
      expect(born.has(key)).toBe(true);
      lived += request - born.get(key)!;
      lives++;
      born.delete(key);
      continue;
    }
    if (!born.has(key)) born.set(key, request);
    request++;
  }
  expect(request).toBe(100_000);
  expect(lived / lives).toBeGreaterThan(900);
  expect(lived / lives).toBeLessThan(1100);
  const without = await keysOf({ kind: "uniform", pages: 200, requests: 100_000 });
  expect(keys.filter((_, index) => ops[index] !== REQUEST_OPS.free)).toEqual(without);
});
