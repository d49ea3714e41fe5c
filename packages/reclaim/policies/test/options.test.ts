import { createPrng, type PluginOptionsSchema, UNCHARGED } from "@pagetier/base";
import { expect, test } from "vitest";
import { plugin as clock } from "../src/clock.js";
import * as policies from "../src/index.js";
import { plugin as lirs } from "../src/lirs.js";
import { plugin as mglru } from "../src/mglru.js";
import { plugin as s3fifo } from "../src/s3fifo.js";
import { plugin as slru } from "../src/slru.js";
import { plugin as twoq } from "../src/twoq.js";
import { plugin as wtinylfu } from "../src/wtinylfu.js";

/** What the plugin's schema makes of the input, or which options it refuses. */
async function parsed(plugin: { readonly options: PluginOptionsSchema<unknown> }, input: unknown): Promise<unknown> {
  const result = await plugin.options["~standard"].validate(input);
  if (result.issues === undefined) return result.value;
  return `refused: ${result.issues.map(({ path }) => path?.join(".")).join()}`;
}

test("options are written as a recipe does, or as a simulator's command line does", async () => {
  expect(await parsed(clock, { bits: 2 })).toEqual({ bits: 2 });
  expect(await parsed(clock, { "n-bit-counter": "2" })).toEqual({ bits: 2 });
  expect(await parsed(s3fifo, { "move-to-main-threshold": "1" })).toEqual({
    moveToMainThreshold: 1,
    smallRatio: 0.1,
    ghostRatio: 0.9,
  });
  expect(await parsed(slru, { "seg-size": "1:4" })).toEqual({ segments: [1, 4] });
  expect(await parsed(twoq, { "Ain-size-ratio": "0.5" })).toMatch("refused");
  expect(await parsed(twoq, { "ain-size-ratio": "0.5" })).toEqual({ inRatio: 0.5, outRatio: 0.5 });
});

test("left out options are the definitions of the papers", async () => {
  expect(await parsed(clock, {})).toEqual({ bits: 1 });
  expect(await parsed(lirs, {})).toEqual({ hirRatio: 0.01 });
  expect(await parsed(mglru, {})).toEqual({ uses: "mapped" });
  expect(await parsed(slru, {})).toEqual({ segments: [1, 1, 1, 1] });
  expect(await parsed(twoq, {})).toEqual({ inRatio: 0.25, outRatio: 0.5 });
  expect(await parsed(wtinylfu, {})).toEqual({ windowRatio: 0.01, protectedRatio: 0.8 });
});

test("a wrong value is refused, and the option named", async () => {
  expect(await parsed(clock, { bits: 0 })).toBe("refused: bits");
  expect(await parsed(clock, { bits: "two" })).toBe("refused: bits");
  expect(await parsed(clock, { bits: "" })).toBe("refused: bits");
  expect(await parsed(slru, { segments: "1:x" })).toBe("refused: segments.1");
  expect(await parsed(slru, { segments: [] })).toBe("refused: segments");
  expect(await parsed(mglru, { uses: "both" })).toBe("refused: uses");
  expect(await parsed(clock, [2])).toMatch("refused");
  expect(await parsed(clock, "bits")).toMatch("refused");
});

test("a policy called in TypeScript is the node that a recipe writes", () => {
  expect(policies.clock({ bits: 2 })).toEqual({ use: "clock", bits: 2 });
  expect(policies.slru()).toEqual({ use: "slru" });
  const calls = [
    policies.arc,
    policies.belady,
    policies.fifo,
    policies.lfu,
    policies.lirs,
    policies.lru,
    policies.mglru,
    policies.random,
    policies.s3fifo,
    policies.sieve,
    policies.twoList,
    policies.twoq,
    policies.wtinylfu,
  ];
  expect(calls.map((call) => call().use).join()).toBe(
    "arc,belady,fifo,lfu,lirs,lru,mglru,random,s3fifo,sieve,two-list,twoq,wtinylfu",
  );
});

test("a capacity is a positive whole number or Infinity", () => {
  const parts = { expectedPages: 10, prng: createPrng(1), accountant: UNCHARGED };
  for (const capacity of [0, -1, 1.5, Number.NaN])
    expect(() => new policies.LruPolicy({ ...parts, capacity })).toThrow();
  expect(() => new policies.LruPolicy({ capacity: 10, expectedPages: -1 })).toThrow("expected");
  expect(() => new policies.ClockPolicy({ capacity: 10 }, { bits: 9 })).toThrow("1 to 8 bits");
});
